//! What can be wrong with an audio file.

use std::io;
use std::path::{Path, PathBuf};

/// The formats that are read, for messages.
pub(crate) const FORMATS: &str = "WAV, AIFF, AU, CAF, FLAC, Ogg Vorbis, Opus, MP3, AAC, M4A, MOV, \
                                  Matroska and WebM";

/// Why a file gives no audio. Each message names the file, what is wrong, and what to do where
/// there is something to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is nothing at that path.
    #[error("{path}: there is no such file", path = .0.display())]
    NotFound(PathBuf),
    /// The path names a folder.
    #[error("{path}: this is a folder, not an audio file", path = .0.display())]
    Folder(PathBuf),
    /// The system could not read the file.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("{path}: the file is empty (0 bytes)", path = .0.display())]
    Empty(PathBuf),
    /// Nothing in the file looks like a format we know, or its header makes no sense.
    #[error(
        "{path}: not an audio file that can be read ({reason}); {FORMATS} can",
        path = .path.display()
    )]
    NotAudio {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A container without a track of sound.
    #[error("{path}: the file holds no audio track", path = .0.display())]
    NoAudioTrack(PathBuf),
    /// The file is audio, but of a format or a codec that is not decoded.
    #[error(
        "{path}: {codec} is not decoded; convert it first: {command}",
        path = .path.display()
    )]
    UnsupportedCodec {
        /// The file.
        path: PathBuf,
        /// The format or the codec.
        codec: String,
        /// A command for a shell that converts the file.
        command: String,
    },
    /// The header says that there are more channels than any recording has.
    #[error("{path}: {channels} channels; up to 256 can be read", path = .path.display())]
    TooManyChannels {
        /// The file.
        path: PathBuf,
        /// Channels in the header.
        channels: u32,
    },
    /// The header says that the audio has no channels.
    #[error("{path}: the header says 0 channels; the file is damaged", path = .0.display())]
    ZeroChannels(PathBuf),
    /// The header asks for more memory than any real recording.
    #[error(
        "{path}: the header says {channels} channels of {frames} frames a packet; \
         no real recording needs that, the file is damaged or hostile",
        path = .path.display()
    )]
    Oversized {
        /// The file.
        path: PathBuf,
        /// Channels in the header.
        channels: usize,
        /// Frames a packet in the header.
        frames: u64,
    },
    /// The decoder itself gave up in the middle of something: a defect of the decoding library that
    /// the file has found. What was decoded before stands.
    #[error(
        "{path}: the decoder failed on this file; it is damaged, or made to do that",
        path = .0.display()
    )]
    DecoderFailed(PathBuf),
    /// The sample rate is outside 8 to 192 kHz.
    #[error("{path}: sample rate of {rate} Hz; 8000 to 192000 Hz can be used", path = .path.display())]
    UnsupportedRate {
        /// The file.
        path: PathBuf,
        /// In Hz.
        rate: u32,
    },
    /// The header is fine, but there is no sound behind it.
    #[error("{path}: the file has a header but no samples{hint}", path = .path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
        /// More about why, or nothing.
        hint: String,
    },
    /// A file of several parts (a chained Ogg stream, joined MP3s) whose parts differ in rate.
    #[error(
        "{path}: the sample rate changes from {from} to {to} Hz at {at_s:.1} s; split the file there",
        path = .path.display()
    )]
    RateChanged {
        /// The file.
        path: PathBuf,
        /// Rate of the first part, in Hz.
        from: u32,
        /// Rate of the next part, in Hz.
        to: u32,
        /// Where, in seconds from the start.
        at_s: f64,
    },
}

impl DecodeError {
    /// An [`UnsupportedCodec`](Self::UnsupportedCodec) with the command that converts the file.
    pub(crate) fn unsupported(path: &Path, codec: String) -> Self {
        let ending = if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("flac"))
        {
            "wav"
        } else {
            "flac"
        };
        let quoted =
            |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
        Self::UnsupportedCodec {
            command: format!(
                "ffmpeg -i {} {}",
                quoted(path),
                quoted(&path.with_extension(ending))
            ),
            path: path.to_owned(),
            codec,
        }
    }
}
