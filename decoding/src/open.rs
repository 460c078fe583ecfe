//! Opens a file: detects its format, creates a reader and a decoder, and checks the header.

use std::io::{self, ErrorKind};
use std::path::Path;

use hamiltone_engine::audio::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as SymphoniaResult};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, ReadBytes};
use symphonia::default::formats::{
    AdtsReader, AiffReader, CafReader, FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader,
    WavReader,
};

use crate::apple::{self, Reading};
use crate::beginning::Beginning;
use crate::contained::contain;
use crate::matroska::Padding;
use crate::movie;
use crate::recording_time::{self, RecordingTime};
use crate::sniff::{Kind, sniff};
use crate::source::{NextStream, Source};
use crate::warning::Warning;
use crate::wave::{self, Audio};
use crate::{DecodeError, codecs};

/// The most samples in a packet (64 MB as `f32`). Packets of recordings have a few thousand frames.
const MAX_SAMPLES_PER_PACKET: u64 = 16 << 20;

/// An opened file.
pub(crate) struct Opened {
    pub(crate) format: Box<dyn FormatReader>,
    pub(crate) kind: Kind,
    pub(crate) header: Header,
    /// The audio tracks of an MP4.
    pub(crate) tracks: Vec<movie::Track>,
    /// The padding behind the last packet of a Matroska file.
    pub(crate) padding: Option<Padding>,
    /// The start of a further FLAC stream, once it was found.
    pub(crate) next: Option<NextStream>,
}

/// Facts from the header of the file that Symphonia is not given.
#[derive(Default)]
pub(crate) struct Header {
    /// Whether the reader gets a header of ours, which states the length that exists.
    pub(crate) replaced: bool,
    /// The number of frames in the replaced header.
    pub(crate) frames: Option<u64>,
    /// Whether the last block of the codec has to be cut at `frames`.
    pub(crate) cut_at_frames: bool,
    /// The number of channels that are presented to the reader as one.
    pub(crate) interleaved: Option<u32>,
    /// When the recording began.
    pub(crate) recorded_at: Option<RecordingTime>,
    pub(crate) warnings: Vec<Warning>,
}

/// Opens a file at `offset`. Detects the format from the content, since names can be wrong.
pub(crate) fn open(path: &Path, offset: u64) -> Result<Opened, DecodeError> {
    let io_error = |source: io::Error| match source.kind() {
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
    let mut file = Beginning::open(path, offset).map_err(io_error)?;
    let Some(kind) = sniff(&mut file).map_err(io_error)? else {
        return Err(not_audio(path, "unknown format"));
    };
    let tracks = match kind {
        Kind::Mp4 => movie::read(&mut file).map_err(io_error)?,
        _ => Vec::new(),
    };
    let padding = match kind {
        Kind::Matroska => Padding::find(&mut file).map_err(io_error)?,
        _ => None,
    };
    let (mut source, header, kind) = source(path, file, kind, &io_error)?;
    let next = (kind == Kind::Flac).then(|| source.end_at_next_flac());
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let format = contain(|| reader(kind, stream))
        .map_err(|_| DecodeError::DecoderFailed(path.to_owned()))?
        .map_err(|error| match error {
            Error::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => io_error(source),
            Error::IoError(_) => not_audio(path, "the file ends within its header"),
            Error::DecodeError(reason) | Error::Unsupported(reason) => not_audio(path, reason),
            other => not_audio(path, &other.to_string()),
        })?;
    Ok(Opened {
        format,
        kind,
        header,
        tracks,
        padding,
        next,
    })
}

/// The file as its reader gets it, facts from its own header, and the kind of reader.
fn source(
    path: &Path,
    mut file: Beginning,
    kind: Kind,
    io_error: &dyn Fn(io::Error) -> DecodeError,
) -> Result<(Source, Header, Kind), DecodeError> {
    let foreign = |codec: String| DecodeError::unsupported(path, codec);
    let reading = match kind {
        Kind::Foreign(name) => return Err(foreign(name.to_owned())),
        Kind::Wave => return wave_source(path, file, io_error),
        Kind::Au => apple::au(&mut file),
        Kind::Aiff => apple::aiff(&mut file),
        Kind::Caf => apple::caf(&mut file),
        _ => Ok(Reading::AsItIs),
    };
    match reading.map_err(io_error)? {
        Reading::Foreign(codec) => Err(foreign(codec)),
        Reading::AsItIs => {
            let source = file.into_source(Vec::new(), 0, None).map_err(io_error)?;
            Ok((source, Header::default(), kind))
        }
        Reading::Patched(head) => {
            let from = head.len() as u64;
            let source = file.into_source(head, from, None).map_err(io_error)?;
            Ok((source, Header::default(), kind))
        }
        Reading::Behind(behind) => {
            let length = file.len();
            let end = match (behind.to, length) {
                (Some(to), Some(length)) => Some(to.min(length)),
                (to, length) => to.or(length),
            };
            let bytes = end.map(|end| end.saturating_sub(behind.from));
            let (pcm, interleaved) = behind.pcm.for_reader();
            check_channels(path, behind.pcm.channels)?;
            let stated = behind
                .to
                .or(length)
                .map(|to| to.saturating_sub(behind.from));
            let header = Header {
                replaced: true,
                frames: stated.map(|bytes| bytes / behind.pcm.frame_bytes().max(1)),
                interleaved,
                ..Header::default()
            };
            let head = pcm.header(bytes);
            let kind = kind_of_header(&head);
            let source = file.into_source(head, behind.from, end).map_err(io_error)?;
            Ok((source, header, kind))
        }
    }
}

fn wave_source(
    path: &Path,
    mut file: Beginning,
    io_error: &dyn Fn(io::Error) -> DecodeError,
) -> Result<(Source, Header, Kind), DecodeError> {
    let wave = wave::read(&mut file).map_err(io_error)?;
    let mut header = Header {
        recorded_at: recording_time::read(&mut file).map_err(io_error)?,
        frames: wave.frames,
        warnings: wave.warnings,
        ..Header::default()
    };
    match wave.audio {
        Audio::Damaged(reason) => Err(not_audio(path, reason)),
        Audio::Foreign(codec) => Err(DecodeError::unsupported(path, codec)),
        Audio::Pcm(pcm, bytes) => {
            check_channels(path, pcm.channels)?;
            let (pcm, interleaved) = pcm.for_reader();
            (header.replaced, header.interleaved) = (true, interleaved);
            let head = pcm.header(bytes);
            let source = file
                .into_source(head, wave.from, wave.to)
                .map_err(io_error)?;
            Ok((source, header, Kind::Wave))
        }
        Audio::Blocks(head) => {
            (header.replaced, header.cut_at_frames) = (true, true);
            let source = file
                .into_source(head, wave.from, wave.to)
                .map_err(io_error)?;
            Ok((source, header, Kind::Wave))
        }
        Audio::Bare => {
            file.skip(wave.from);
            let to = wave.to.map(|to| to - wave.from);
            let kind = sniff(&mut file).map_err(io_error)?;
            let Some(kind @ (Kind::Mpeg | Kind::Adts)) = kind else {
                return Err(not_audio(path, "its MPEG audio has no frames"));
            };
            let source = file.into_source(Vec::new(), 0, to).map_err(io_error)?;
            Ok((source, header, kind))
        }
    }
}

/// Which reader reads a header of ours.
fn kind_of_header(header: &[u8]) -> Kind {
    if header.starts_with(b"caff") {
        Kind::Caf
    } else {
        Kind::Wave
    }
}

fn reader(
    kind: Kind,
    mut stream: MediaSourceStream<'static>,
) -> SymphoniaResult<Box<dyn FormatReader>> {
    let options = FormatOptions::default();
    Ok(match kind {
        Kind::Wave => Box::new(WavReader::try_new(stream, options)?),
        Kind::Aiff => Box::new(AiffReader::try_new(stream, options)?),
        Kind::Caf | Kind::Au => Box::new(CafReader::try_new(stream, options)?),
        Kind::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Kind::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Kind::Matroska => Box::new(MkvReader::try_new(stream, options)?),
        Kind::Mpeg => Box::new(MpaReader::try_new(stream, options)?),
        Kind::Adts => Box::new(AdtsReader::try_new(stream, options)?),
        Kind::Mp4 => {
            stream.read_quad_bytes()?; // the reader expects to be at the fifth byte, before `ftyp`
            Box::new(IsoMp4Reader::try_new(stream, options)?)
        }
        Kind::Foreign(_) => return Err(Error::Unsupported("a foreign format")),
    })
}

fn not_audio(path: &Path, reason: &str) -> DecodeError {
    DecodeError::NotAudio {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The track that is read.
pub(crate) struct Selected {
    pub(crate) id: u32,
    pub(crate) parameters: AudioCodecParameters,
    /// The number of frames by the container.
    pub(crate) frames: Option<u64>,
}

impl Opened {
    /// The first audio track.
    pub(crate) fn select(&self, path: &Path) -> Result<Selected, DecodeError> {
        let track = self.format.default_track(TrackType::Audio);
        let parameters = track.and_then(|track| track.codec_params.as_ref());
        let (Some(track), Some(CodecParameters::Audio(parameters))) = (track, parameters) else {
            // The header may name a codec that Symphonia does not know.
            return match self.tracks.first() {
                Some(track) => Ok(Selected {
                    id: track.id,
                    parameters: codecs::of_movie(path, &track.codec)?,
                    frames: None,
                }),
                None => Err(DecodeError::NoAudioTrack(path.to_owned())),
            };
        };
        Ok(Selected {
            id: track.id,
            parameters: parameters.clone(),
            frames: track.num_frames,
        })
    }
}

/// Creates a decoder, after checking the sizes in the header for which it allocates memory.
pub(crate) fn make_decoder(
    path: &Path,
    parameters: &AudioCodecParameters,
) -> Result<Box<dyn AudioDecoder>, DecodeError> {
    if let Some(channels) = parameters
        .channels
        .as_ref()
        .map(|channels| channels.count())
    {
        check_channels(path, channels as u32)?;
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
    let options = AudioDecoderOptions::default().gapless(true);
    contain(|| codecs::registry().make_audio_decoder(parameters, &options))
        .map_err(|_| DecodeError::DecoderFailed(path.to_owned()))?
        .map_err(|_| DecodeError::unsupported(path, codecs::name(parameters.codec)))
}

fn check_channels(path: &Path, channels: u32) -> Result<(), DecodeError> {
    match channels {
        0 => Err(DecodeError::ZeroChannels(path.to_owned())),
        1..=MAX_CHANNELS => Ok(()),
        channels => Err(DecodeError::TooManyChannels {
            path: path.to_owned(),
            channels,
        }),
    }
}

/// No recording has more; a header that states more is damaged.
const MAX_CHANNELS: u32 = 256;

pub(crate) fn check_rate(path: &Path, rate: u32) -> Result<(), DecodeError> {
    if (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate) {
        return Ok(());
    }
    Err(DecodeError::UnsupportedRate {
        path: path.to_owned(),
        rate,
    })
}
