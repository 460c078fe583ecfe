//! States that streams begin in: what a long stretch of one frame leaves behind.

use std::sync::{Arc, Mutex, PoisonError};

/// The state of a stream whose input was the same frame for so long that nothing changes any more.
pub(super) struct Settled {
    /// Columns that its stream takes at a time: other chunk sizes run on other kernels, which round differently.
    most_columns: usize,
    frame: Vec<f32>,
    state: SettledState,
}

/// What a stream is then.
pub(super) struct SettledState {
    /// The rows before the next ones, of each map.
    pub(super) histories: Vec<Vec<f32>>,
    /// The column that every chunk gives.
    pub(super) column: Vec<f32>,
}

/// Those that were asked for, one for each chunk size and frame. In practice two: live and for files.
#[derive(Default)]
pub(super) struct SettledStates(Mutex<Vec<Arc<Settled>>>);

impl Settled {
    pub(super) fn state(&self) -> &SettledState {
        &self.state
    }

    fn size_bytes(&self) -> usize {
        let SettledState { histories, column } = &self.state;
        let parts = histories.iter().chain([column, &self.frame]);
        parts.map(|part| size_of_val(&part[..])).sum()
    }
}

impl SettledStates {
    /// The state for chunks of so many columns and a frame; `make` makes one that is not there yet.
    /// Blocks while another thread makes one.
    pub(super) fn get_or_make(
        &self,
        (most_columns, frame): (usize, &[f32]),
        make: impl FnOnce() -> SettledState,
    ) -> Arc<Settled> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |state: &&Arc<Settled>| state.most_columns == most_columns && state.frame == frame;
        if let Some(state) = states.iter().find(same) {
            return state.clone();
        }
        let state = Arc::new(Settled {
            most_columns,
            frame: frame.to_vec(),
            state: make(),
        });
        states.push(state.clone());
        state
    }

    pub(super) fn size_bytes(&self) -> usize {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.iter().map(|state| state.size_bytes()).sum()
    }
}
