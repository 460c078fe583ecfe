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

/// As [`each`], where `then` takes the files that went well.
pub(crate) fn run<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    fail_fast: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, T) -> Result<()>,
) -> Result<Outcome> {
    each(inputs, progress, fail_fast, work, |index, result| {
        result.map_or(Ok(()), |value| then(index, value))
    })
}

/// Runs `work` on each file in parallel and hands what it gave to `then`, in order, on this
/// thread. `work` gets the file's index. Problems and failures are told and the rest goes on, unless
/// `fail_fast`: then nothing new is begun after the first.
///
/// # Errors
/// Only what `then` gives: that nothing can be written any more. No further batch of files is begun then.
pub(crate) fn each<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    fail_fast: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, Result<T>) -> Result<()>,
) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for problem in &inputs.problems {
        progress.error(problem);
        outcome = Outcome::SomeFailed;
    }
    let stopped = AtomicBool::new(fail_fast && outcome == Outcome::SomeFailed);
    let one = |index: usize| {
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
    let (files, step) = (
        inputs.files.len(),
        rayon::current_num_threads() * FILES_A_THREAD,
    );
    for first in (0..files).step_by(step) {
        let batch = first..files.min(first + step);
        let results: Vec<Option<Result<T>>> = batch.into_par_iter().map(&one).collect();
        for (index, result) in (first..).zip(results) {
            let Some(result) = result else { continue };
            let error = result.as_ref().err().map(|error| format!("{error:#}"));
            then(index, result)?;
            if let Some(error) = error {
                progress.error(&error);
                outcome = Outcome::SomeFailed;
            }
        }
    }
    Ok(outcome)
}
