//! Fields of newer programs, kept while older ones read and write the same session.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A value with the fields beside its own that were found in the saved JSON object. They are written again as they
/// were, so that a session that passes through an older program loses nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept<T> {
    #[serde(flatten)]
    value: T,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl<T> From<T> for Kept<T> {
    fn from(value: T) -> Self {
        let unknown = Map::new();
        Self { value, unknown }
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PanelSize;

    #[test]
    fn unknown_fields_are_written_as_they_were_read() {
        let saved = r#"{"width":800,"height":600,"page":"Roll","zoom":{"x":1.5}}"#;
        let mut size: Kept<PanelSize> = serde_json::from_str(saved).unwrap();
        assert_eq!(size.width, 800);
        size.width = 900;
        let written = serde_json::to_string(&size).unwrap();
        assert_eq!(written, saved.replace("800", "900"));
    }

    #[test]
    fn missing_and_malformed_fields_are_errors_as_without_it() {
        for bad in [
            r#"{"width":800}"#,
            r#"{"width":"wide","height":1}"#,
            "7",
            "null",
        ] {
            assert!(
                serde_json::from_str::<Kept<PanelSize>>(bad).is_err(),
                "{bad}"
            );
        }
    }
}
