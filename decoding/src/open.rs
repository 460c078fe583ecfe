//! From a path to a reader and a decoder of what is there, with every header claim checked.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hamiltone_engine::audio::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::DecodeError;
use crate::source::Source;

/// More samples in a packet than this (64 MB as `f32`) are a damaged or hostile header: real
/// packets hold a few thousand frames.
const MAX_SAMPLES_PER_PACKET: u64 = 16 << 20;

/// What a file turned out to be.
pub(crate) struct Probed {
    pub(crate) format: Box<dyn FormatReader>,
    /// How many frames its header promises in a way that Symphonia does not know.
    pub(crate) frames: Option<u64>,
}

/// Finds out what kind of file it is, by its content: names lie.
pub(crate) fn probe(path: &Path) -> Result<Probed, DecodeError> {
    let io_error = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => DecodeError::NotFound(path.to_owned()),
        _ => DecodeError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let metadata = std::fs::metadata(path).map_err(io_error)?;
    if metadata.is_dir() {
        return Err(DecodeError::Folder(path.to_owned()));
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(DecodeError::Empty(path.to_owned()));
    }
    let source = Source::open(path).map_err(io_error)?;
    let frames = source.frames();
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let (formats, hint) = (symphonia::default::get_probe(), Hint::new());
    let format = contain(|| {
        formats.probe(
            &hint,
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
    })
    .map_err(|_| DecodeError::DecoderFailed(path.to_owned()))?
    .map_err(|error| match error {
        Error::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => io_error(source),
        Error::IoError(_) => not_audio(path, "the file ends within its header"),
        Error::DecodeError(reason) | Error::Unsupported(reason) => not_audio(path, reason),
        other => not_audio(path, &other.to_string()),
    })?;
    Ok(Probed { format, frames })
}

/// Runs a call into Symphonia. Some of its arithmetic on header fields panics where overflow is
/// checked (a CAF with 2³² / 8 bytes a packet, say), and a file from a stranger must not take a
/// program with it. What the call worked on is thrown away after that.
pub(crate) fn contain<T>(call: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(call))
}

fn not_audio(path: &Path, reason: &str) -> DecodeError {
    DecodeError::NotAudio {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

pub(crate) fn audio_track<'a>(
    path: &Path,
    format: &'a dyn FormatReader,
) -> Result<&'a Track, DecodeError> {
    format
        .default_track(TrackType::Audio)
        .ok_or_else(|| DecodeError::NoAudioTrack(path.to_owned()))
}

pub(crate) fn audio_parameters<'a>(
    path: &Path,
    track: &'a Track,
) -> Result<&'a AudioCodecParameters, DecodeError> {
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Ok(parameters),
        _ => Err(DecodeError::NoAudioTrack(path.to_owned())),
    }
}

/// Checks what the header claims before a decoder allocates for it.
pub(crate) fn make_decoder(
    path: &Path,
    parameters: &AudioCodecParameters,
) -> Result<Box<dyn AudioDecoder>, DecodeError> {
    if let Some(channels) = parameters
        .channels
        .as_ref()
        .map(|channels| channels.count())
    {
        if channels == 0 {
            return Err(DecodeError::ZeroChannels(path.to_owned()));
        }
        let frames = parameters.max_frames_per_packet.unwrap_or(1);
        if frames.saturating_mul(channels as u64) > MAX_SAMPLES_PER_PACKET {
            return Err(DecodeError::Oversized {
                path: path.to_owned(),
                channels,
                frames,
            });
        }
    }
    if let Some(rate) = parameters.sample_rate {
        check_rate(path, rate)?;
    }
    let (codecs, options) = (
        symphonia::default::get_codecs(),
        AudioDecoderOptions::default().gapless(true),
    );
    contain(|| codecs.make_audio_decoder(parameters, &options))
        .map_err(|_| DecodeError::DecoderFailed(path.to_owned()))?
        .map_err(|error| DecodeError::UnsupportedCodec {
            path: path.to_owned(),
            reason: match error {
                Error::DecodeError(reason) | Error::Unsupported(reason) => reason.to_owned(),
                other => other.to_string(),
            },
        })
}

pub(crate) fn check_rate(path: &Path, rate: u32) -> Result<(), DecodeError> {
    if (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate) {
        return Ok(());
    }
    Err(DecodeError::UnsupportedRate {
        path: path.to_owned(),
        rate,
    })
}
