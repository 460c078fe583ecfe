//! Audio files to mono samples, packet by packet.
//!
//! [`AudioFile`] streams a file: WAV (RF64, BW64 and Wave64 too), AIFF, AU, CAF, FLAC, Ogg Vorbis, MP3, AAC
//! and ALAC in MP4 and MOV, Matroska and WebM by Symphonia, Opus by libopus. Only the first bytes of a
//! file decide what it is. The channels go through the engine's own mixdown, so a file sounds to a model
//! exactly as the same audio on a host's track does, and the rate stays the file's own: the engine
//! resamples.
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
//! Files come from strangers. A damaged packet is skipped and counted, a file that ends early
//! gives what it has, a header's claims are never allocated, and everything else is a
//! [`DecodeError`] that names the file, what is wrong and what to do. What a reader of the results
//! should know about a file that could be read is a [`Warning`].
#![forbid(unsafe_code)]

mod aac;
mod apple;
mod beginning;
mod codecs;
mod error;
mod file;
mod mix;
mod movie;
mod mpeg;
mod names;
mod open;
mod opus;
mod pcm;
mod placement;
mod sniff;
mod source;
mod stream;
mod warning;
mod wave;

use std::path::Path;

pub use error::DecodeError;
pub use file::AudioFile;
pub use names::{AUDIO_EXTENSIONS, VIDEO_EXTENSIONS, is_audio_name};
pub use warning::Warning;

/// A whole file in memory: one channel, at the file's own rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// One sample a frame, nominally within -1..=1, always finite.
    pub samples: Vec<f32>,
    /// In Hz, 8 000 to 192 000.
    pub sample_rate: u32,
}

impl Audio {
    /// The length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }
}

/// Decodes a whole file: four bytes of memory a frame (11 MB a minute at 48 kHz). For files of any
/// length, stream them with [`AudioFile`].
///
/// # Errors
/// Those of [`AudioFile::open`] and [`AudioFile::next_mono`].
pub fn read_mono(path: &Path) -> Result<Audio, DecodeError> {
    let mut file = AudioFile::open(path)?;
    let mut samples = Vec::new(); // grows with what is there, not with what the header claims
    while let Some(packet) = file.next_mono()? {
        samples.extend_from_slice(packet);
    }
    Ok(Audio {
        samples,
        sample_rate: file.sample_rate(),
    })
}
