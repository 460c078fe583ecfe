//! The table of formats.

mod audacity;
mod csv;
mod jams;
mod json;
mod jsonl;
mod midi;
mod png;
mod raven;
mod reaper;
mod svl;
mod text;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use hamiltone_engine::timeline::Timeline;

use crate::series::Series;

/// Writes a timeline as a file.
type WriteFile = fn(&Timeline, &mut dyn Write) -> io::Result<()>;
/// Writes a timeline to an output that other timelines may share.
type WriteShared = fn(&Timeline, Series, &mut dyn Write) -> io::Result<()>;

/// A file format for timelines: a row of [`Format::ALL`].
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    ending: &'static str,
    about: &'static str,
    write: WriteFile,
    /// `None` if the format needs a file of its own.
    print: Option<WriteShared>,
}

impl Format {
    /// The whole timeline as a JSON object.
    pub const JSON: Self = Self {
        name: "json",
        ending: "json",
        about: "The whole timeline: columns and events; on stdout one line per file",
        write: json::write,
        print: Some(json::print),
    };
    /// The events, one row each.
    pub const CSV: Self = Self {
        name: "csv",
        ending: "csv",
        about: "The events; on stdout with a last column `file` if there are several files",
        write: csv::write,
        print: Some(csv::print),
    };
    /// The events as aligned text.
    pub const TEXT: Self = Self {
        name: "text",
        ending: "txt",
        about: "A list for reading",
        write: text::write,
        print: Some(text::print),
    };

    /// The events as a selection table. [`SelectionTable`](crate::SelectionTable) writes one for many files.
    pub const RAVEN: Self = Self {
        name: "raven",
        ending: "raven.txt",
        about: "A selection table for Raven, and one table of all files",
        write: raven::write,
        print: None,
    };

    /// All formats, in the order of docs/FORMATS.md. Names and endings are unique.
    pub const ALL: [Self; 11] = [
        Self::JSON,
        Self::CSV,
        Self {
            name: "jsonl",
            ending: "jsonl",
            about: "One line of JSON per column of tags",
            write: jsonl::write,
            print: Some(jsonl::print),
        },
        Self {
            name: "audacity",
            ending: "audacity.txt",
            about: "A label track for Audacity",
            write: audacity::write,
            print: None,
        },
        Self {
            name: "reaper",
            ending: "reaper.csv",
            about: "Regions for Reaper's Region/Marker Manager",
            write: reaper::write,
            print: None,
        },
        Self::RAVEN,
        Self {
            name: "svl",
            ending: "svl",
            about: "A layer of regions for Sonic Visualiser",
            write: svl::write,
            print: None,
        },
        Self {
            name: "jams",
            ending: "jams",
            about: "JSON Annotated Music Specification",
            write: jams::write,
            print: None,
        },
        Self {
            name: "midi",
            ending: "mid",
            about: "A MIDI file of markers and notes",
            write: midi::write,
            print: None,
        },
        Self {
            name: "png",
            ending: "png",
            about: "A picture of the tag roll",
            write: png::write,
            print: None,
        },
        Self::TEXT,
    ];

    /// The name on the command line and in settings.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The file name ending, without the first dot.
    pub fn ending(self) -> &'static str {
        self.ending
    }

    /// One line of help.
    pub fn about(self) -> &'static str {
        self.about
    }

    /// Whether [`print`](Self::print) supports this format.
    pub fn can_be_printed(self) -> bool {
        self.print.is_some()
    }

    /// Writes a timeline as a file. Streams: needs little memory beyond the timeline, except for `png` (some megabytes)
    /// and `midi` and `jams` (in proportion to the events).
    ///
    /// # Errors
    /// If `target` cannot be written to.
    pub fn write(self, timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
        (self.write)(timeline, target)
    }

    /// Writes a timeline to an output that other timelines may share.
    ///
    /// # Errors
    /// If `target` cannot be written to, or with [`Unsupported`](io::ErrorKind::Unsupported) for formats that need a
    /// file of their own ([`can_be_printed`](Self::can_be_printed)).
    pub fn print(
        self,
        timeline: &Timeline,
        series: Series,
        target: &mut dyn Write,
    ) -> io::Result<()> {
        match self.print {
            Some(print) => print(timeline, series, target),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Format({})", self.name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The name of no known format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Format::ALL.map(Format::name).join(", ");
        write!(
            formatter,
            "unknown format {:?}; choose one of {names}",
            self.0
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
