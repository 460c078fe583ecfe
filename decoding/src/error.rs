//! Errors.

use std::io;
use std::path::{Path, PathBuf};

/// The formats that can be read, for help and messages. docs/AUDIO_FILES.md says more.
pub const FORMATS: &str = "WAV, AIFF, AU, CAF, FLAC, Ogg Vorbis, Opus, MP3, AAC, ALAC, and the audio of M4A, \
                           MP4, MOV, Matroska and WebM";

/// Why a file cannot be read. Messages name the file, the problem and, if there is one, a remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The path does not exist.
    #[error("{path}: no such file", path = .0.display())]
    NotFound(PathBuf),
    /// The path is a folder.
    #[error("{path}: is a folder, not an audio file", path = .0.display())]
    Folder(PathBuf),
    /// The system could not read the file.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file has 0 bytes.
    #[error("{path}: the file is empty (0 bytes)", path = .0.display())]
    Empty(PathBuf),
    /// The format was not recognised, or the header is invalid.
    #[error(
        "{path}: not an audio file, or a damaged one ({reason}). Supported: {FORMATS}",
        path = .path.display()
    )]
    NotAudio {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// A container without an audio track.
    #[error("{path}: the file has no audio track", path = .0.display())]
    NoAudioTrack(PathBuf),
    /// The format or codec is not supported.
    #[error(
        "{path}: {codec} is not supported; convert the file first: {command}",
        path = .path.display()
    )]
    UnsupportedCodec {
        /// The file.
        path: PathBuf,
        /// The format or the codec.
        codec: String,
        /// A shell command that converts the file.
        command: String,
    },
    /// The header states more than 256 channels.
    #[error("{path}: {channels} channels; at most 256 are supported", path = .path.display())]
    TooManyChannels {
        /// The file.
        path: PathBuf,
        /// Channels in the header.
        channels: u32,
    },
    /// The channel to read does not exist.
    #[error("{path}: no channel {channel}; the file has {channels}", path = .path.display())]
    NoSuchChannel {
        /// The file.
        path: PathBuf,
        /// The channel, from 1.
        channel: usize,
        /// The number of channels.
        channels: usize,
    },
    /// The header states 0 channels.
    #[error("{path}: the header states 0 channels; the file is damaged", path = .0.display())]
    ZeroChannels(PathBuf),
    /// The header asks for more memory than any recording needs.
    #[error(
        "{path}: the header states {channels} channels with {frames} frames per packet; the file is \
         damaged",
        path = .path.display()
    )]
    Oversized {
        /// The file.
        path: PathBuf,
        /// Channels in the header.
        channels: usize,
        /// Frames per packet in the header.
        frames: u64,
    },
    /// The decoding library panicked, which is a defect in it. Audio decoded before that is valid.
    #[error(
        "{path}: the decoder failed; the file is probably damaged",
        path = .0.display()
    )]
    DecoderFailed(PathBuf),
    /// The sample rate is outside 8 to 768 kHz.
    #[error("{path}: a sample rate of {rate} Hz; 8000 to 768000 Hz are supported", path = .path.display())]
    UnsupportedRate {
        /// The file.
        path: PathBuf,
        /// In Hz.
        rate: u32,
    },
    /// The header is valid, but no audio follows it.
    #[error("{path}: the file has no samples{hint}", path = .path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
        /// The reason, or empty.
        hint: String,
    },
    /// Parts of the file (a chained Ogg stream, joined MP3s) differ in sample rate.
    #[error(
        "{path}: the sample rate changes from {from} to {to} Hz at {at_s:.1} s; split the file at this time",
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
