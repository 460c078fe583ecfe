//! What the user chose that is not a parameter, and the size of the panel.

mod edit;
mod kept;
mod note_set;
mod notes;
pub mod presets;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use hamiltone_engine::model::ModelChoice;
use hamiltone_exports::{Format, Thresholds};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use edit::{Edit, Purpose};
pub use kept::Kept;
pub use note_set::NoteSet;
pub use notes::{LabelNote, Note, NoteMap, NoteOrder, NoteSettings, Velocity};

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
    /// all. JSON and PNG in a new session.
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
    /// Labels with a threshold of their own, which replaces the model's.
    #[serde(skip_serializing_if = "Thresholds::is_empty")]
    pub thresholds: Thresholds,
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
            bounce_formats: ["json", "png"].map(str::to_owned).to_vec(),
            pinned: Vec::new(),
            hidden: Vec::new(),
            groups_hidden: Vec::new(),
            among: Vec::new(),
            thresholds: Thresholds::default(),
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
                r#""report_folder":null,"bounce_folder":null,"bounce_formats":["json","png"],"pinned":[],"#,
                r#""hidden":[],"groups_hidden":[],"among":[],"#,
                r#""notes":{"first_note":36,"channel":1,"order":"likely"},"#,
                r#""osc":{"host":"127.0.0.1","port":9000,"updates_per_second":10}}"#
            )
        );
        let size = serde_json::to_string(&PanelSize::default()).unwrap();
        assert_eq!(size, r#"{"width":760,"height":560}"#);
    }

    #[test]
    fn new_sessions_write_json_and_png_and_old_ones_what_they_wrote() {
        let names = |settings: Settings| settings.bounce_formats().into_iter().map(Format::name);
        assert!(names(Settings::default()).eq(["json", "png"]));
        // Version 0.1.0 wrote an empty list for all formats.
        let old: Settings = serde_json::from_str(r#"{"version":1,"bounce_formats":[]}"#).unwrap();
        assert_eq!(old.bounce_formats(), Format::ALL);
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
