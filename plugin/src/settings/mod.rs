//! What the user chose that is not a parameter, and the size of the panel.

mod edit;
mod kept;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use hamiltone_engine::model::ModelChoice;
use hamiltone_exports::Format;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use edit::{Edit, Purpose};
pub use kept::Kept;

/// The newest layout of [`Settings`] that this program knows.
pub const SETTINGS_VERSION: u32 = 1;

/// What the session remembers beside the parameters. Missing fields take their defaults, and unknown ones are kept
/// and written again, so that sessions of newer and older programs open and lose nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Layout of these fields: [`SETTINGS_VERSION`].
    pub version: u32,
    /// The model to run; all `None` is the built-in default.
    pub model: Kept<ModelChoice>,
    /// A second model on the same audio, for comparison.
    pub compare: Option<Kept<ModelChoice>>,
    /// While set, tags and timelines of all analysed audio are written here.
    pub report_folder: Option<PathBuf>,
    /// Folder for the timelines of renders and captures; without one they wait in memory.
    pub bounce_folder: Option<PathBuf>,
    /// Names of the formats in which they are written ([`hamiltone_exports::Format::name`]); empty for
    /// all.
    pub bounce_formats: Vec<String>,
    /// Labels that always show.
    pub pinned: Vec<String>,
    /// Labels that never show.
    pub hidden: Vec<String>,
    /// Groups of labels that do not show.
    pub groups_hidden: Vec<String>,
    /// The labels that compete: names of labels or of sets of them
    /// ([`hamiltone_engine::model::Card::labels_meant`]); empty for all labels.
    pub among: Vec<String>,
    /// How labels map to MIDI notes.
    pub notes: Kept<NoteSettings>,
    /// Where OSC messages go.
    pub osc: Kept<OscSettings>,
    /// Fields of newer programs.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            model: Kept::default(),
            compare: None,
            report_folder: None,
            bounce_folder: None,
            bounce_formats: Vec::new(),
            pinned: Vec::new(),
            hidden: Vec::new(),
            groups_hidden: Vec::new(),
            among: Vec::new(),
            notes: Kept::default(),
            osc: Kept::default(),
            unknown: Map::new(),
        }
    }
}

impl Settings {
    /// The formats in which timelines are written. Unknown names are skipped; if none is known, all formats are
    /// meant.
    pub fn bounce_formats(&self) -> Vec<Format> {
        let known = self
            .bounce_formats
            .iter()
            .filter_map(|name| name.parse().ok());
        let formats: Vec<Format> = known.collect();
        if formats.is_empty() {
            Format::ALL.to_vec()
        } else {
            formats
        }
    }
}

/// How labels map to MIDI notes: label 0 is `first_note` on `channel`, the next label the next note, and after
/// note 127 follows note 0 of the next channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoteSettings {
    /// 0 to 127. 36 is C1 (60 is C3), usually the first pad of a drum machine.
    pub first_note: u8,
    /// 1 to 16.
    pub channel: u8,
}

impl Default for NoteSettings {
    fn default() -> Self {
        Self {
            first_note: 36,
            channel: 1,
        }
    }
}

impl NoteSettings {
    /// Channel (0 to 15) and note (0 to 127) of a label index; `None` beyond the last channel.
    pub fn note_of(&self, label: usize) -> Option<(u8, u8)> {
        let offset = usize::from(self.first_note.min(127)) + label;
        let channel = usize::from(self.channel.clamp(1, 16)) - 1 + offset / 128;
        (channel < 16).then_some((channel as u8, (offset % 128) as u8))
    }
}

/// Where OSC messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OscSettings {
    /// A numeric address; by default this machine.
    pub host: String,
    /// UDP port.
    pub port: u16,
    /// Maximum updates per second for each label, 1 to 100.
    pub updates_per_second: u16,
}

impl OscSettings {
    /// Address and port, `127.0.0.1:9000`; an invalid address is written as it is.
    pub fn destination(&self) -> String {
        match self.host.parse() {
            Ok(address) => SocketAddr::new(address, self.port).to_string(),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// Address and port from what a person types: `192.168.1.20:57120`, `[::1]:57120`, an address alone, a port
    /// alone, `localhost` for this machine. What is missing stays as it is; `None` for anything else.
    pub fn parse_destination(&self, text: &str) -> Option<(String, u16)> {
        let text = text.trim().replace("localhost", "127.0.0.1");
        let (host, port) = if let Ok(both) = text.parse::<SocketAddr>() {
            (both.ip().to_string(), both.port())
        } else if let Ok(host) = text.parse::<IpAddr>() {
            (host.to_string(), self.port)
        } else {
            let port = text.trim_start_matches(':').parse().ok()?;
            (self.host.clone(), port)
        };
        (port > 0).then_some((host, port))
    }
}

impl Default for OscSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 9000,
            updates_per_second: 10,
        }
    }
}

/// Size of the panel in logical points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelSize {
    /// Width in logical points.
    pub width: u32,
    /// Height in logical points.
    pub height: u32,
}

impl PanelSize {
    /// Size in a new instance.
    pub const DEFAULT: Self = Self {
        width: 760,
        height: 560,
    };
    /// The smallest size at which nothing overlaps.
    pub const MIN: Self = Self {
        width: 640,
        height: 400,
    };
    /// Larger than any screen: more than this is a damaged session.
    pub const MAX: Self = Self {
        width: 4096,
        height: 4096,
    };

    /// The nearest valid size.
    pub fn clamped(self) -> Self {
        Self {
            width: self.width.clamp(Self::MIN.width, Self::MAX.width),
            height: self.height.clamp(Self::MIN.height, Self::MAX.height),
        }
    }
}

impl Default for PanelSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_saved_form_is_the_documented_one() {
        let settings = serde_json::to_string(&Settings::default()).unwrap();
        assert_eq!(
            settings,
            concat!(
                r#"{"version":1,"model":{"name":null,"hash":null,"path":null},"compare":null,"#,
                r#""report_folder":null,"bounce_folder":null,"bounce_formats":[],"pinned":[],"#,
                r#""hidden":[],"groups_hidden":[],"among":[],"#,
                r#""notes":{"first_note":36,"channel":1},"#,
                r#""osc":{"host":"127.0.0.1","port":9000,"updates_per_second":10}}"#
            )
        );
        let size = serde_json::to_string(&PanelSize::default()).unwrap();
        assert_eq!(size, r#"{"width":760,"height":560}"#);
    }

    #[test]
    fn every_label_has_a_note_of_its_own_until_the_channels_are_full() {
        let notes = NoteSettings::default();
        assert_eq!(notes.note_of(0), Some((0, 36)));
        assert_eq!(notes.note_of(91), Some((0, 127)));
        assert_eq!(notes.note_of(92), Some((1, 0)));
        let distinct: std::collections::HashSet<_> = (0..527).map(|i| notes.note_of(i)).collect();
        assert_eq!(distinct.len(), 527);
        assert_eq!(notes.note_of(16 * 128), None);
        let odd = NoteSettings {
            first_note: 255,
            channel: 0,
        };
        assert_eq!(odd.note_of(0), Some((0, 127)));
    }

    #[test]
    fn a_panel_of_any_size_fits() {
        let tiny = PanelSize {
            width: 0,
            height: 1,
        };
        assert_eq!(tiny.clamped(), PanelSize::MIN);
        let huge = PanelSize {
            width: u32::MAX,
            height: 500,
        };
        let fitting = PanelSize {
            width: PanelSize::MAX.width,
            height: 500,
        };
        assert_eq!(huge.clamped(), fitting);
    }

    #[test]
    fn a_destination_can_be_written_in_many_ways() {
        let settings = OscSettings::default();
        for (text, meant) in [
            ("192.168.1.20:57120", Some("192.168.1.20:57120")),
            (" [::1]:57120 ", Some("[::1]:57120")),
            ("10.0.0.7", Some("10.0.0.7:9000")),
            ("57120", Some("127.0.0.1:57120")),
            (":57120", Some("127.0.0.1:57120")),
            ("localhost:8000", Some("127.0.0.1:8000")),
            ("studio.local:8000", None),
            ("127.0.0.1:0", None),
            ("127.0.0.1:70000", None),
            ("", None),
        ] {
            let parsed = settings.parse_destination(text).map(|(host, port)| {
                OscSettings {
                    host,
                    port,
                    ..settings.clone()
                }
                .destination()
            });
            assert_eq!(parsed.as_deref(), meant, "{text}");
        }
    }
}
