//! Many files on all cores, results in the order of the inputs.

use anyhow::Result;
use rayon::prelude::*;

use crate::Outcome;
use crate::inputs::Inputs;
use crate::progress::Progress;

/// Files in flight for each thread: enough that a long file among short ones does not leave the
/// other threads idle for long, few enough that waiting results stay small.
const FILES_A_THREAD: usize = 8;

/// Runs `work` on each file in parallel and hands what it gave to `then`, in order, on this
/// thread. `work` gets the file's index. Problems and failures are told and the rest goes on.
///
/// # Errors
/// Only what `then` gives: that nothing can be written any more.
pub(crate) fn run<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, T) -> Result<()>,
) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for problem in &inputs.problems {
        progress.error(problem);
        outcome = Outcome::SomeFailed;
    }
    let indices: Vec<usize> = (0..inputs.files.len()).collect();
    for batch in indices.chunks(rayon::current_num_threads() * FILES_A_THREAD) {
        let one = |&index: &usize| {
            let result = work(index);
            progress.file_done();
            result
        };
        let results: Vec<Result<T>> = batch.par_iter().map(one).collect();
        for (&index, result) in batch.iter().zip(results) {
            match result {
                Ok(value) => then(index, value)?,
                Err(error) => {
                    progress.error(&format!("{error:#}"));
                    outcome = Outcome::SomeFailed;
                }
            }
        }
    }
    Ok(outcome)
}
