//! Audio files to mono samples, packet by packet.
//!
//! [`AudioFile`] streams a file. Symphonia reads WAV (also RF64, BW64 and Wave64), AIFF, AU, CAF, FLAC, Ogg Vorbis, MP3,
//! MP4 and MOV with AAC or ALAC, Matroska and WebM; libopus decodes Opus. The format is detected from the first bytes of a
//! file, not from its name. Channels are mixed down by the engine, so that a model gets the same samples as from a track of
//! a host. Samples keep the rate of the file; the engine resamples them.
//!
//! ```no_run
//! use hamiltone_decoding::AudioFile;
//!
//! let mut file = AudioFile::open("song.flac".as_ref())?;
//! let rate = file.sample_rate();
//! while let Some(samples) = file.next_mono()? {
//!     println!("{} samples at {rate} Hz", samples.len());
//! }
//! # Ok::<(), hamiltone_decoding::DecodeError>(())
//! ```
//!
//! Files are untrusted. Damaged packets are skipped and counted, truncated files are read to their end, and memory is
//! never allocated by the sizes in a header. A file that cannot be read gives a [`DecodeError`]; problems of a file that
//! can be read are [`Warning`]s.
#![forbid(unsafe_code)]

mod aac;
mod apple;
mod beginning;
mod codecs;
mod contained;
mod error;
mod file;
mod matroska;
mod mix;
mod movie;
mod mpeg;
mod names;
mod ogg;
mod open;
mod opus;
mod pcm;
mod placement;
mod recording_time;
mod sniff;
mod source;
mod special;
mod stream;
mod warning;
mod wave;

use std::path::Path;

pub use contained::hide_contained_panics;
pub use error::{DecodeError, FORMATS};
pub use file::AudioFile;
pub use names::{AUDIO_EXTENSIONS, VIDEO_EXTENSIONS, is_audio_name, is_video_name};
pub use recording_time::RecordingTime;
pub use warning::Warning;

/// A whole file in memory: one channel, at the file's own rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// One sample per frame, nominally -1 to 1, always finite.
    pub samples: Vec<f32>,
    /// In Hz, 8 000 to 768 000.
    pub sample_rate: u32,
}

impl Audio {
    /// The length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }
}

/// Decodes a whole file into memory: four bytes per frame (11 MB per minute at 48 kHz). For long files use
/// [`AudioFile`].
///
/// # Errors
/// Those of [`AudioFile::open`] and [`AudioFile::next_mono`].
pub fn read_mono(path: &Path) -> Result<Audio, DecodeError> {
    let mut file = AudioFile::open(path)?;
    let mut samples = Vec::new(); // grows with the data, not by the length in the header
    while let Some(packet) = file.next_mono()? {
        samples.extend_from_slice(packet);
    }
    Ok(Audio {
        samples,
        sample_rate: file.sample_rate(),
    })
}
