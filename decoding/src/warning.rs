//! What is worth knowing about a file that could be read.

use std::fmt;

/// Something about a file that whoever reads its results should know. [`Display`](fmt::Display) gives a
/// sentence without the file's name; [`code`](Self::code) a word for programs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Packets could not be decoded and were skipped, so that later times are early.
    Damaged {
        /// How many.
        packets: u64,
    },
    /// The data stopped before the end that the container promised.
    EndsEarly {
        /// The length of what was read, in seconds.
        at_s: f64,
    },
    /// Audio lies behind the end that a WAV's header states, and was read: the recorder was switched
    /// off, or the file is over 4 GB.
    BehindStatedEnd {
        /// The stated length, in seconds.
        stated_s: f64,
        /// The length of what is there, in seconds.
        read_s: f64,
    },
    /// HE-AAC, whose upper half of the spectrum (SBR) is not decoded.
    HalfBandwidth {
        /// Rate of what is decoded, in Hz: nothing over half of it is there.
        rate: u32,
        /// Parametric stereo, which is mono without its parameters.
        parametric_stereo: bool,
        /// The header says so. In other files it shows in no header, and the rate is all there is to
        /// go by.
        certain: bool,
    },
    /// The container leaves out a time, which is read as silence so that times stay those of the file.
    Gap {
        /// Where, in seconds.
        at_s: f64,
        /// How long, in seconds.
        length_s: f64,
    },
    /// The container's edit list asks for something that is not done; its media is read from beginning
    /// to end.
    EditList {
        /// What it asks for.
        reason: &'static str,
    },
    /// The file has more audio tracks; the first was read.
    OtherTracks {
        /// How many others.
        count: usize,
    },
    /// Several streams follow each other in the file and were read as one.
    Streams {
        /// How many.
        count: u32,
    },
    /// The channels cancel each other in the mix, so one channel was read.
    OppositePhase {
        /// For how many seconds.
        seconds: f64,
        /// From where on, in seconds.
        at_s: f64,
    },
    /// One of two channels is silent, so the other was read at its full level.
    OneSided {
        /// For how many seconds.
        seconds: f64,
        /// From where on, in seconds.
        at_s: f64,
    },
}

impl Warning {
    /// A word for programs, which stays as it is between versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "damaged",
            Self::EndsEarly { .. } => "ends-early",
            Self::BehindStatedEnd { .. } => "behind-stated-end",
            Self::HalfBandwidth { .. } => "half-bandwidth",
            Self::Gap { .. } => "gap",
            Self::EditList { .. } => "edit-list",
            Self::OtherTracks { .. } => "other-tracks",
            Self::Streams { .. } => "streams",
            Self::OppositePhase { .. } => "opposite-phase",
            Self::OneSided { .. } => "one-sided",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { packets: 1 } => {
                f.write_str("skipped 1 damaged packet; times may be early")
            }
            Self::Damaged { packets } => {
                write!(f, "skipped {packets} damaged packets; times may be early")
            }
            Self::EndsEarly { at_s } => write!(f, "the file ends early, after {at_s:.2} s"),
            Self::BehindStatedEnd { stated_s, read_s } => write!(
                f,
                "the header states {stated_s:.2} s, but {read_s:.2} s of audio are there and were read"
            ),
            Self::HalfBandwidth {
                rate,
                parametric_stereo,
                certain,
            } => {
                let kind = if *parametric_stereo {
                    "HE-AAC v2"
                } else {
                    "HE-AAC"
                };
                let is = if *certain { "is" } else { "may be" };
                write!(
                    f,
                    "the audio {is} {kind}, of which only the part below {} Hz is decoded; labels may \
                     differ (`ffmpeg -i IN OUT.flac` decodes it with all of its bandwidth)",
                    rate / 2
                )
            }
            Self::Gap { at_s, length_s } if *at_s == 0.0 => write!(
                f,
                "the audio starts {length_s:.2} s into the file; times are those of the file"
            ),
            Self::Gap { at_s, length_s } => {
                write!(
                    f,
                    "{length_s:.2} s without audio at {at_s:.2} s, read as silence"
                )
            }
            Self::EditList { reason } => {
                write!(
                    f,
                    "its edit list {reason}, which is not followed; times are those of the media"
                )
            }
            Self::OtherTracks { count: 1 } => f.write_str("read the first of 2 audio tracks"),
            Self::OtherTracks { count } => {
                write!(f, "read the first of {} audio tracks", count + 1)
            }
            Self::Streams { count } => {
                write!(
                    f,
                    "{count} audio streams follow each other in the file; read as one"
                )
            }
            Self::OppositePhase { seconds, at_s } => write!(
                f,
                "left and right cancel each other for {seconds:.1} s from {at_s:.1} s on; the left \
                 channel was read there"
            ),
            Self::OneSided { seconds, at_s } => write!(
                f,
                "one channel is silent for {seconds:.1} s from {at_s:.1} s on; the other was read there \
                 at its full level"
            ),
        }
    }
}
