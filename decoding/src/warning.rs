//! Warnings about files that could be read.

use std::fmt;

/// A problem of a file that could be read, which may affect its labels or times. [`Display`](fmt::Display) gives a sentence
/// without the name of the file, [`code`](Self::code) a fixed name for programs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Packets could not be decoded and were skipped, so later times are too early.
    Damaged {
        /// The number of them.
        packets: u64,
    },
    /// The data ended before the length in the header.
    EndsEarly {
        /// The length of what was read, in seconds.
        at_s: f64,
    },
    /// Audio after the length in the header of a WAV was read: the recorder lost power, or the file is over 4 GB.
    BehindStatedEnd {
        /// The stated length, in seconds.
        stated_s: f64,
        /// The length that was read, in seconds.
        read_s: f64,
    },
    /// HE-AAC: the upper half of the spectrum (SBR) is not decoded.
    HalfBandwidth {
        /// Rate of the decoded frames, in Hz; frequencies above half of it are missing.
        rate: u32,
        /// Parametric stereo, which is decoded to mono.
        parametric_stereo: bool,
        /// Whether the header signals HE-AAC. Otherwise it is suspected because of the low rate.
        certain: bool,
    },
    /// A gap in the container was read as silence, to keep the times of the file.
    Gap {
        /// Its start in seconds.
        at_s: f64,
        /// Its length in seconds.
        length_s: f64,
    },
    /// Pages of an Ogg file are missing or damaged. They were read as silence, to keep the times of the file.
    Missing {
        /// The total time, in seconds.
        seconds: f64,
        /// Its first time, in seconds; up to one page (usually a second) late.
        at_s: f64,
    },
    /// The edit list uses an unsupported feature and was ignored: the media was read from beginning to end.
    EditList {
        /// The feature.
        reason: &'static str,
    },
    /// The file has more audio tracks; the first was read.
    OtherTracks {
        /// The number of others.
        count: usize,
    },
    /// Several streams in sequence were read as one.
    Streams {
        /// The number of them.
        count: u32,
    },
    /// The channels cancel in the mix, so one channel was read.
    OppositePhase {
        /// The total time, in seconds.
        seconds: f64,
        /// The start of the first time, in seconds.
        at_s: f64,
    },
    /// One of two channels is silent, so the other was read at its full level.
    OneSided {
        /// The total time, in seconds.
        seconds: f64,
        /// The start of the first time, in seconds.
        at_s: f64,
    },
}

impl Warning {
    /// A name for programs that does not change between versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "damaged",
            Self::EndsEarly { .. } => "ends-early",
            Self::BehindStatedEnd { .. } => "behind-stated-end",
            Self::HalfBandwidth { .. } => "half-bandwidth",
            Self::Gap { .. } => "gap",
            Self::Missing { .. } => "missing",
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
                "the header states {stated_s:.2} s, but the file has {read_s:.2} s of audio, which were read"
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
                    "the audio {is} {kind}, of which only frequencies below {} Hz are decoded, so labels may \
                     be wrong; convert the file with `ffmpeg -i IN OUT.flac` for the full bandwidth",
                    rate / 2
                )
            }
            Self::Gap { at_s, length_s } if *at_s == 0.0 => write!(
                f,
                "the audio starts {length_s:.2} s after the start of the file; times are those of the file"
            ),
            Self::Gap { at_s, length_s } => {
                write!(
                    f,
                    "{length_s:.2} s without audio at {at_s:.2} s, read as silence"
                )
            }
            Self::Missing { seconds, at_s } => write!(
                f,
                "{seconds:.2} s of audio are missing in the file, first near {at_s:.2} s, and were read as silence"
            ),
            Self::EditList { reason } => {
                write!(
                    f,
                    "the edit list {reason}, which is not supported; it was ignored, and times are those of the media"
                )
            }
            Self::OtherTracks { count: 1 } => f.write_str("read the first of 2 audio tracks"),
            Self::OtherTracks { count } => {
                write!(f, "read the first of {} audio tracks", count + 1)
            }
            Self::Streams { count } => {
                write!(
                    f,
                    "the file has {count} audio streams in sequence, which were read as one"
                )
            }
            Self::OppositePhase { seconds, at_s } => write!(
                f,
                "left and right cancel for {seconds:.1} s, first at {at_s:.1} s; only the left channel was \
                 read there"
            ),
            Self::OneSided { seconds, at_s } => write!(
                f,
                "one channel is silent for {seconds:.1} s, first at {at_s:.1} s; the other was read there at \
                 its full level"
            ),
        }
    }
}
