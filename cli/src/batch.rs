//! Processes many files on all cores, with results in the order of the inputs.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use rayon::prelude::*;

use crate::Outcome;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::usage::text_of;

/// Files per thread in one batch: enough that a long file does not leave the other threads idle for long, few enough
/// that waiting results need little memory.
const FILES_PER_THREAD: usize = 8;

/// As [`each`], but `then` gets only the files without errors.
pub(crate) fn run<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    fail_fast: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, T) -> Result<()>,
) -> Result<(Outcome, Count)> {
    each(inputs, progress, fail_fast, work, |index, result| {
        result.map_or(Ok(()), |value| then(index, value))
    })
}

/// Runs `work` on each file in parallel and passes the results to `then`, in order, on this thread. Both get the index
/// of the file. Problems and errors are printed and do not stop the other files, unless `fail_fast` is set: then no file
/// is started after the first error. Also returns how many files there were.
///
/// # Errors
/// Those of `then`, which mean that nothing more can be written. No further batch is started then.
pub(crate) fn each<T: Send>(
    inputs: &Inputs,
    progress: &Progress,
    fail_fast: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut then: impl FnMut(usize, Result<T>) -> Result<()>,
) -> Result<(Outcome, Count)> {
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
    let files = inputs.files.len();
    let mut count = Count::default();
    let step = rayon::current_num_threads() * FILES_PER_THREAD;
    for first in (0..files).step_by(step) {
        let batch = first..files.min(first + step);
        let results: Vec<Option<Result<T>>> = batch.into_par_iter().map(&one).collect();
        for (index, result) in (first..).zip(results) {
            let Some(result) = result else {
                count.skipped += 1;
                continue;
            };
            let error = result.as_ref().err().map(text_of);
            then(index, result)?;
            // Channels of one file are adjacent and count once.
            let same = index > 0 && inputs.files[index - 1].path == inputs.files[index].path;
            let new = usize::from(!same);
            match error {
                None => count.read += new,
                Some(error) => {
                    progress.error(&error);
                    outcome = Outcome::SomeFailed;
                    count.refused += new;
                }
            }
        }
    }
    Ok((outcome, count))
}

/// How many files were processed.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) read: usize,
    pub(crate) refused: usize,
    /// Not started, because of `fail_fast`.
    pub(crate) skipped: usize,
}
