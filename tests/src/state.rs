//! The plugin's saved state as nice-plug writes it for CLAP: eight bytes of length (little
//! endian), then JSON with `version`, `params` and `fields`; each field is JSON inside a string.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The plugin's class in the VST3.
const VST3_CLASS_ID: [u8; 16] = *b"HamiltoneTagger1";

/// A parsed state, to inspect or to change.
#[derive(Clone, Debug, PartialEq)]
pub struct State(pub Value);

impl State {
    /// Reads a saved state.
    ///
    /// # Errors
    /// The length or the JSON is not what nice-plug writes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (length, json) = bytes.split_first_chunk::<8>().context("no length")?;
        ensure!(
            u64::from_le_bytes(*length) == json.len() as u64,
            "the length is wrong"
        );
        Ok(Self(
            serde_json::from_slice(json).context("the state is not JSON")?,
        ))
    }

    /// Writes it as the plugin would.
    pub fn to_bytes(&self) -> Vec<u8> {
        with_length(self.0.to_string().as_bytes())
    }

    /// Writes it as a VST3 preset file: a header, the state, and a list of chunks.
    pub fn to_vst3_preset(&self) -> Vec<u8> {
        const HEADER: i64 = 48;
        let json = self.0.to_string();
        let length = json.len() as i64;
        let mut preset = b"VST3".to_vec();
        preset.extend(1_i32.to_le_bytes());
        preset.extend(
            VST3_CLASS_ID
                .map(|byte| format!("{byte:02X}"))
                .concat()
                .bytes(),
        );
        preset.extend((HEADER + length).to_le_bytes());
        preset.extend(json.bytes());
        preset.extend(b"List");
        preset.extend(1_i32.to_le_bytes());
        preset.extend(b"Comp");
        preset.extend(HEADER.to_le_bytes());
        preset.extend(length.to_le_bytes());
        preset
    }

    /// A parameter's stored value: `window` in seconds, `bypass` as a bool.
    pub fn parameter(&self, id: &str) -> &Value {
        // nice-plug tags each value with its type: {"f32": 2.0}
        let value = &self.0["params"][id];
        value
            .as_object()
            .and_then(|tagged| tagged.values().next())
            .unwrap_or(value)
    }

    /// A persisted field.
    ///
    /// # Errors
    /// There is no such field, or its text is not JSON.
    pub fn field(&self, name: &str) -> Result<Value> {
        let text = self.0["fields"][name]
            .as_str()
            .with_context(|| format!("no field {name}"))?;
        serde_json::from_str(text).with_context(|| format!("field {name} is not JSON: {text}"))
    }

    /// Replaces a persisted field.
    pub fn set_field(&mut self, name: &str, value: &Value) {
        self.0["fields"][name] = Value::String(value.to_string());
    }

    /// Changes one setting (a member of the field `settings`).
    ///
    /// # Errors
    /// The state has no settings.
    pub fn set_setting(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        let mut settings = self.field("settings")?;
        settings[name] = value.into();
        self.set_field("settings", &settings);
        Ok(())
    }
}

/// Any bytes behind the length that nice-plug expects.
pub fn with_length(bytes: &[u8]) -> Vec<u8> {
    let mut state = (bytes.len() as u64).to_le_bytes().to_vec();
    state.extend_from_slice(bytes);
    state
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_parsed_and_written() {
        let json = json!({
            "version": "0.1.0",
            "params": { "window": { "f32": 2.0 }, "bypass": false },
            "fields": { "settings": "{\"report_folder\":null}" },
        });
        let bytes = with_length(json.to_string().as_bytes());
        let mut state = State::parse(&bytes).unwrap();
        assert_eq!(state.parameter("window").as_f64(), Some(2.0));
        assert_eq!(state.parameter("bypass").as_bool(), Some(false));
        state.set_setting("report_folder", "/here").unwrap();
        let again = State::parse(&state.to_bytes()).unwrap();
        assert_eq!(again.field("settings").unwrap()["report_folder"], "/here");
        assert!(State::parse(&bytes[..bytes.len() - 1]).is_err());
        let preset = state.to_vst3_preset();
        let text = state.0.to_string();
        assert_eq!(preset[48..48 + text.len()], *text.as_bytes());
        assert_eq!(preset.len(), 48 + text.len() + 28);
    }
}
