//! The state in which a long constant input leaves a stream. Streams, files and jumps begin in the one of silence.

use std::sync::{Arc, Mutex, PoisonError};

/// The state of a stream whose input has been the same frame for so long that nothing changes any more.
pub(super) struct SteadyState {
    /// The rows before the next ones, of each map.
    pub(super) histories: Vec<Vec<f32>>,
    /// The column that every chunk gives.
    pub(super) column: Vec<f32>,
}

/// The states that were asked for, one for each chunk size and frame. In practice two: live and for files.
#[derive(Default)]
pub(super) struct SteadyStates(Mutex<Vec<Entry>>);

struct Entry {
    /// Columns of a chunk: other chunk sizes run on other kernels, which round differently.
    most_columns: usize,
    frame: Vec<f32>,
    state: Arc<SteadyState>,
}

impl SteadyStates {
    /// The state for chunks of `most_columns` columns of `frame`; `make` computes one that is missing.
    /// Blocks while another thread computes one. Allocates.
    pub(super) fn get_or_make(
        &self,
        most_columns: usize,
        frame: &[f32],
        make: impl FnOnce() -> SteadyState,
    ) -> Arc<SteadyState> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |entry: &&Entry| entry.most_columns == most_columns && entry.frame == frame;
        if let Some(entry) = entries.iter().find(same) {
            return entry.state.clone();
        }
        let state = Arc::new(make());
        entries.push(Entry {
            most_columns,
            frame: frame.to_vec(),
            state: state.clone(),
        });
        state
    }

    pub(super) fn size_bytes(&self) -> usize {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(Entry::size_bytes).sum()
    }
}

impl Entry {
    fn size_bytes(&self) -> usize {
        let SteadyState { histories, column } = &*self.state;
        let parts = histories.iter().chain([column, &self.frame]);
        parts.map(|part| size_of_val(&part[..])).sum()
    }
}
