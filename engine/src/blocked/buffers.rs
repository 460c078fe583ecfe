//! A pool of large buffers: the system clears fresh memory page by page, which takes as long as a layer's batch norm.

use std::sync::{Mutex, PoisonError};

use crate::kernels::Buffer;

/// Buffers that are not in use.
static SPARE: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());
/// The most buffers that are kept.
const MOST_SPARE: usize = 64;

/// `len` floats of unspecified values.
pub(super) fn take(len: usize) -> Buffer {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    // The smallest that is large enough, but none much too large.
    let fitting = spare.iter().enumerate().filter(|(_, buffer)| {
        let capacity = buffer.capacity();
        capacity >= len && capacity / 2 <= len
    });
    let best = fitting.min_by_key(|(_, buffer)| buffer.capacity());
    let index = best.map(|(index, _)| index);
    let found = index.map(|index| spare.swap_remove(index));
    drop(spare);
    let Some(mut buffer) = found else {
        return Buffer::new(len);
    };
    buffer.set_len(len);
    buffer
}

/// Returns a buffer to the pool.
pub(super) fn give(buffer: Buffer) {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < MOST_SPARE && buffer.capacity() > 0 {
        spare.push(buffer);
    }
}
