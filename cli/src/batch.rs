//! Many files on all cores, results in the order of the inputs.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use rayon::prelude::*;

use crate::Outcome;
use crate::inputs::Inputs;
use crate::progress::Progress;

/// Files in flight for each thread: enough that a long file among short ones does not leave the
/// other threads idle for long, few enough that waiting results stay small.
const FILES_A_THREAD: usize = 8;

/// Runs `work` on each file in parallel and hands what it gave to `then`, in order, on this
/// thread. `work` gets the file's index. Problems and failures are told and the rest goes on, unless
/// `fail_fast`: then nothing new is begun after the first.
///
/// # Errors
/// Only what `then` gives: that nothing can be written any more.
pub(crate) fn run<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    fail_fast: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, T) -> Result<()>,
) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for problem in &inputs.problems {
        progress.error(problem);
        outcome = Outcome::SomeFailed;
    }
    let stopped = AtomicBool::new(fail_fast && outcome == Outcome::SomeFailed);
    let indices: Vec<usize> = (0..inputs.files.len()).collect();
    for batch in indices.chunks(rayon::current_num_threads() * FILES_A_THREAD) {
        let one = |&index: &usize| {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            let result = work(index);
            if result.is_err() && fail_fast {
                stopped.store(true, Ordering::Relaxed);
            }
            progress.file_done();
            Some(result)
        };
        let results: Vec<Option<Result<T>>> = batch.par_iter().map(one).collect();
        for (&index, result) in batch.iter().zip(results) {
            match result {
                None => {}
                Some(Ok(value)) => then(index, value)?,
                Some(Err(error)) => {
                    progress.error(&format!("{error:#}"));
                    outcome = Outcome::SomeFailed;
                }
            }
        }
    }
    Ok(outcome)
}
