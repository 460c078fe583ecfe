//! The checks of a saved state before it is loaded.

use nice_plug::plugin::{ParamValue, PluginState};

use super::table::{Continuous, LISTEN_ID};
use crate::listen::Listen;
use crate::settings::{Kept, PanelSize, Settings};

/// The largest state that is read, in bytes. What this program writes has some kilobytes.
pub const LARGEST_STATE: u64 = 4 << 20;

/// The largest persisted field that is read, in bytes: some sixty times settings that name all of AudioSet's
/// labels twice.
const LARGEST_FIELD: usize = 1 << 20;

/// Makes a state that is about to be loaded safe. nice-plug stores the values that it reads without checking
/// them: a host would show a window of a million seconds, and a list index out of range panics when the
/// state is saved next. Values out of range become the nearest valid one. A field that is too large or cannot be
/// parsed is removed, so that the current one stays.
pub fn sanitize(state: &mut PluginState) {
    for row in Continuous::ALL.map(Continuous::row) {
        if let Some(ParamValue::F32(value)) = state.params.get_mut(row.id) {
            *value = row.clamp(*value);
        }
    }
    if let Some(ParamValue::I32(index)) = state.params.get_mut(LISTEN_ID) {
        *index = (*index).clamp(0, Listen::ALL.len() as i32 - 1);
    }
    state.fields.retain(|field, value| {
        value.len() <= LARGEST_FIELD
            && match field.as_str() {
                "settings" => serde_json::from_str::<Settings>(value).is_ok(),
                "panel" => serde_json::from_str::<Kept<PanelSize>>(value).is_ok(),
                _ => true, // nice-plug ignores unknown fields
            }
    });
}

#[cfg(test)]
mod tests;
