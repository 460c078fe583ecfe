use std::fmt;
use std::str::FromStr;

/// A way to write a timeline down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Everything, as one JSON object.
    Json,
    /// The events, a row each, for spreadsheets.
    Csv,
    /// A JSON object a column of tags.
    Jsonl,
    /// A label track of Audacity.
    Audacity,
    /// A list of regions for Reaper's Region/Marker Manager.
    Reaper,
    /// JSON Annotated Music Specification, for research.
    Jams,
    /// A MIDI file with a marker at each event's start and end.
    Midi,
    /// A picture of the tag roll.
    Png,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Csv,
        Self::Jsonl,
        Self::Audacity,
        Self::Reaper,
        Self::Jams,
        Self::Midi,
        Self::Png,
    ];

    /// What a person types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Audacity => "audacity",
            Self::Reaper => "reaper",
            Self::Jams => "jams",
            Self::Midi => "midi",
            Self::Png => "png",
        }
    }

    /// The ending of its files, without the first dot. No two formats share one.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Audacity => "audacity.txt",
            Self::Reaper => "reaper.csv",
            Self::Midi => "mid",
            other => other.name(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no format; there is json, csv, jsonl, audacity, reaper, jams, midi, png")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
