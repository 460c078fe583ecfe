//! A pool of large buffers: the system clears fresh memory page by page, which takes as long as a layer's batch norm.

use std::sync::{Mutex, PoisonError};

/// Buffers that are not in use.
static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// The most buffers that are kept.
const MOST_SPARE: usize = 64;

/// `len` floats of unspecified values.
pub(super) fn take(len: usize) -> Vec<f32> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    // The smallest that is large enough, but none much too large.
    let fitting = spare.iter().enumerate().filter(|(_, buffer)| {
        let capacity = buffer.capacity();
        capacity >= len && capacity / 2 <= len
    });
    let best = fitting.min_by_key(|(_, buffer)| buffer.capacity());
    let index = best.map(|(index, _)| index);
    let mut buffer = index.map_or_else(Vec::new, |index| spare.swap_remove(index));
    drop(spare);
    buffer.resize(len, 0.0);
    buffer
}

/// Returns a buffer to the pool.
pub(super) fn give(buffer: Vec<f32>) {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < MOST_SPARE && buffer.capacity() > 0 {
        spare.push(buffer);
    }
}
