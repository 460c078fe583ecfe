//! One audio file, streamed.

use std::any::Any;
use std::fs::File;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use hamiltone_engine::audio::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, mix_down};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use crate::DecodeError;

/// More samples in a packet than this (64 MB as `f32`) are a damaged or hostile header: real
/// packets hold a few thousand frames.
const MAX_SAMPLES_PER_PACKET: u64 = 16 << 20;
/// So many unreadable packets in a row, and the rest of the file is given up. Readers look for the
/// next good packet by themselves; this only bounds one that cannot get on.
const MAX_FAILED_READS: u32 = 256;

/// A streaming decoder of one file: mono, at the file's own rate, one packet at a time.
///
/// Memory is bounded by one packet (and by the container's index, where it has one), whatever the
/// length of the file. Reading blocks on the disk. Encoder delay and padding are trimmed where the
/// format tells them (Ogg Vorbis, MP3), so times match the original.
pub struct AudioFile {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    sample_rate: u32,
    channels: usize,
    expected_frames: Option<u64>,
    /// Whether `expected_frames` is the encoder's count and not a guess from the bit rate.
    exact_length: bool,
    planes: Vec<Vec<f32>>,
    mono: Vec<f32>,
    /// `open` decodes the first packet to learn the true rate; it waits in `mono`.
    first_waits: bool,
    frames: u64,
    /// Where the last packet that was read ends; in frames wherever frames are promised.
    read_to: u64,
    damaged: u64,
    ended_early: bool,
}

impl AudioFile {
    /// Opens a file, checks its header and decodes its first packet.
    ///
    /// # Errors
    /// Nothing there, a folder, empty, not audio, no audio track, an unsupported codec, zero
    /// channels, a rate outside 8 to 192 kHz, or no samples.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let format = probe(path)?;
        let track = audio_track(path, format.as_ref())?;
        let (id, expected_frames) = (track.id, track.num_frames);
        let parameters = audio_parameters(path, track)?;
        let decoder = make_decoder(path, parameters)?;
        let mut file = Self {
            path: path.to_owned(),
            exact_length: ![CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_AAC]
                .contains(&parameters.codec),
            format,
            decoder,
            track: id,
            sample_rate: 0,
            channels: 0,
            expected_frames,
            planes: Vec::new(),
            mono: Vec::new(),
            first_waits: false,
            frames: 0,
            read_to: 0,
            damaged: 0,
            ended_early: false,
        };
        if !file.decode_next()? {
            return Err(DecodeError::NoSamples {
                path: path.to_owned(),
                hint: file.why_nothing(),
            });
        }
        file.first_waits = true;
        Ok(file)
    }

    /// In Hz, 8 000 to 192 000.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Channels before the mixdown, at least 1.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// How many frames the header promises, where it says so. For a progress bar: it may be a
    /// guess (MP3) or a lie, and nothing here relies on it.
    pub fn expected_frames(&self) -> Option<u64> {
        self.expected_frames
    }

    /// The next packet as mono, never empty; `None` at the end and ever after.
    ///
    /// Damaged packets are skipped and [counted](Self::damaged_packets). A file that was cut off
    /// ends where its data ends; [`ended_early`](Self::ended_early) tells.
    ///
    /// # Errors
    /// The system cannot read on, or the sample rate changes within the file.
    pub fn next_mono(&mut self) -> Result<Option<&[f32]>, DecodeError> {
        if !std::mem::take(&mut self.first_waits) && !self.decode_next()? {
            return Ok(None);
        }
        self.frames += self.mono.len() as u64;
        Ok(Some(&self.mono))
    }

    /// Frames handed out so far.
    pub fn frames_so_far(&self) -> u64 {
        self.frames
    }

    /// Packets that could not be decoded and were skipped; at least one, once the end is known, where
    /// frames are missing in the middle.
    pub fn damaged_packets(&self) -> u64 {
        self.damaged
    }

    /// Known once [`next_mono`](Self::next_mono) has given `None`: the data stopped before the end
    /// that the container promised. What is missing in the middle is
    /// [damaged](Self::damaged_packets).
    pub fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Decodes the next packet with sound in it into `mono`; false at the end.
    fn decode_next(&mut self) -> Result<bool, DecodeError> {
        while let Some(packet) = self.next_packet()? {
            let Ok(decoded) = contain(|| self.decoder.decode(&packet)) else {
                return self.give_up();
            };
            match decoded {
                Ok(buffer) if buffer.frames() == 0 => {}
                Ok(buffer) => {
                    buffer.copy_to_vecs_planar(&mut self.planes);
                    let (rate, channels) = (buffer.spec().rate(), buffer.num_planes());
                    self.check_format(rate, channels)?;
                    let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
                    self.mono.clear();
                    mix_down(&planes, &mut self.mono);
                    return Ok(true);
                }
                Err(Error::ResetRequired) => self.next_part()?,
                Err(_) => self.damaged += 1,
            }
        }
        Ok(false)
    }

    /// The next packet of our track; `None` at the end of what can be read.
    fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        let mut failed = 0;
        while !self.ended_early {
            let Ok(read) = contain(|| self.format.next_packet()) else {
                return self.give_up();
            };
            match read {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    let end = packet.pts.saturating_add(packet.dur).get();
                    self.read_to = end.try_into().unwrap_or(0);
                    return Ok(Some(packet));
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.at_the_end();
                    return Ok(None);
                }
                Err(Error::ResetRequired) => self.next_part()?,
                Err(Error::IoError(source)) if source.kind() == ErrorKind::UnexpectedEof => {
                    self.ended_early = true;
                }
                Err(Error::IoError(source)) => {
                    return Err(DecodeError::Io {
                        path: self.path.clone(),
                        source,
                    });
                }
                Err(_) => {
                    self.damaged += 1;
                    failed += 1;
                    self.ended_early = failed >= MAX_FAILED_READS;
                }
            }
        }
        Ok(None)
    }

    /// Why frames are missing, where fewer came than the container promised.
    fn at_the_end(&mut self) {
        let Some(expected) = self.expected_frames.filter(|_| self.exact_length) else {
            return;
        };
        let missing = self.frames < expected;
        self.ended_early = missing && self.read_to < expected;
        // FLAC's reader drops what fails its check sum without a word.
        if missing && !self.ended_early {
            self.damaged = self.damaged.max(1);
        }
    }

    /// A chained stream begins its next part, with headers of its own.
    fn next_part(&mut self) -> Result<(), DecodeError> {
        let track = audio_track(&self.path, self.format.as_ref())?;
        let parameters = audio_parameters(&self.path, track)?;
        self.decoder = make_decoder(&self.path, parameters)?;
        self.track = track.id;
        self.expected_frames = None; // the promise was for the part before
        Ok(())
    }

    /// Takes rate and channels from the first decoded packet (headers can be wrong about both);
    /// after that the rate has to stay, because times and the resampler depend on it.
    fn check_format(&mut self, rate: u32, channels: usize) -> Result<(), DecodeError> {
        if self.sample_rate == 0 {
            check_rate(&self.path, rate)?;
            (self.sample_rate, self.channels) = (rate, channels);
        } else if rate != self.sample_rate {
            return Err(DecodeError::RateChanged {
                path: self.path.clone(),
                from: self.sample_rate,
                to: rate,
                at_s: self.frames as f64 / f64::from(self.sample_rate),
            });
        }
        Ok(())
    }

    /// After a panic inside the decoder nothing in it can be relied on.
    fn give_up<T>(&mut self) -> Result<T, DecodeError> {
        self.ended_early = true;
        Err(DecodeError::DecoderFailed(self.path.clone()))
    }

    fn why_nothing(&self) -> String {
        match self.damaged {
            0 if self.ended_early => "; it ends early".to_owned(),
            0 => String::new(),
            1 => "; its only packet is damaged".to_owned(),
            many => format!("; all of its {many} packets are damaged"),
        }
    }
}

impl std::fmt::Debug for AudioFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioFile")
            .field("path", &self.path)
            .field("sample_rate", &self.sample_rate)
            .field("channels", &self.channels)
            .field("frames", &self.frames)
            .field("damaged", &self.damaged)
            .finish_non_exhaustive()
    }
}

/// Finds out what kind of file it is, by its content: names lie.
fn probe(path: &Path) -> Result<Box<dyn FormatReader>, DecodeError> {
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
    let source = Box::new(File::open(path).map_err(io_error)?);
    let stream = MediaSourceStream::new(source, Default::default());
    let (formats, hint) = (symphonia::default::get_probe(), Hint::new());
    contain(|| {
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
    })
}

/// Runs a call into Symphonia. Some of its arithmetic on header fields panics where overflow is
/// checked (a CAF with 2³² / 8 bytes a packet, say), and a file from a stranger must not take a
/// program with it. What the call worked on is thrown away after that.
fn contain<T>(call: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(call))
}

fn not_audio(path: &Path, reason: &str) -> DecodeError {
    DecodeError::NotAudio {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn audio_track<'a>(path: &Path, format: &'a dyn FormatReader) -> Result<&'a Track, DecodeError> {
    format
        .default_track(TrackType::Audio)
        .ok_or_else(|| DecodeError::NoAudioTrack(path.to_owned()))
}

fn audio_parameters<'a>(
    path: &Path,
    track: &'a Track,
) -> Result<&'a AudioCodecParameters, DecodeError> {
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Ok(parameters),
        _ => Err(DecodeError::NoAudioTrack(path.to_owned())),
    }
}

/// Checks what the header claims before a decoder allocates for it.
fn make_decoder(
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

fn check_rate(path: &Path, rate: u32) -> Result<(), DecodeError> {
    if (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate) {
        return Ok(());
    }
    Err(DecodeError::UnsupportedRate {
        path: path.to_owned(),
        rate,
    })
}
