//! One audio file, streamed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hamiltone_engine::audio::mix_down;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::errors::Error;
use symphonia::core::formats::well_known::FORMAT_ID_WAVE;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;

use crate::DecodeError;
use crate::mpeg::{self, Strangers};
use crate::open::{
    Probed, audio_parameters, audio_track, check_rate, contain, make_decoder, probe,
};

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
    strangers: Strangers,
    /// Nothing more can be read.
    at_end: bool,
    ended_early: bool,
}

impl AudioFile {
    /// Opens a file, checks its header and decodes its first packet.
    ///
    /// # Errors
    /// Nothing there, a folder, empty, not audio, no audio track, an unsupported codec, zero
    /// channels, a rate outside 8 to 192 kHz, or no samples.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let Probed { format, frames } = probe(path)?;
        let track = audio_track(path, format.as_ref())?;
        let (id, expected_frames) = (
            track.id,
            frames.or_else(|| promised(format.as_ref(), track)),
        );
        let parameters = audio_parameters(path, track)?;
        let decoder = make_decoder(path, parameters)?;
        let mut file = Self {
            path: path.to_owned(),
            exact_length: !mpeg::is_mpeg(parameters.codec) && parameters.codec != CODEC_ID_AAC,
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
            strangers: Strangers::default(),
            at_end: false,
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
        self.mono.clear();
        while let Some(packet) = self.next_packet()? {
            match self.decode(&packet)? {
                None => self.strangers.clear(),
                Some(Error::ResetRequired) => self.next_part()?,
                Some(_) => {
                    self.damaged += 1;
                    self.follow_the_kind(packet)?;
                }
            }
            if !self.mono.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Decodes a packet to the end of `mono`; gives what the decoder has against it.
    fn decode(&mut self, packet: &Packet) -> Result<Option<Error>, DecodeError> {
        let Ok(decoded) = contain(|| self.decoder.decode(packet)) else {
            return self.give_up();
        };
        match decoded {
            Ok(buffer) if buffer.frames() == 0 => {}
            Ok(buffer) => {
                buffer.copy_to_vecs_planar(&mut self.planes);
                let (rate, channels) = (buffer.spec().rate(), buffer.num_planes());
                self.check_format(rate, channels)?;
                let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
                mix_down(&planes, &mut self.mono);
            }
            Err(error) => return Ok(Some(error)),
        }
        Ok(None)
    }

    /// A decoder of MPEG sound keeps to the rate and the channels of its first packet. Where these
    /// change, a new one takes over.
    fn follow_the_kind(&mut self, packet: Packet) -> Result<(), DecodeError> {
        let parameters = self.decoder.codec_params();
        if !mpeg::is_mpeg(parameters.codec) {
            return Ok(());
        }
        let Some(packets) = self.strangers.push(packet) else {
            return Ok(());
        };
        self.decoder = make_decoder(&self.path, parameters)?;
        for packet in packets {
            if self.decode(&packet)?.is_none() {
                self.damaged -= 1; // it was counted when it came
            }
        }
        Ok(())
    }

    /// The next packet of our track; `None` at the end of what can be read.
    fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        let mut failed = 0;
        while !self.at_end {
            let Ok(read) = contain(|| self.format.next_packet()) else {
                return self.give_up();
            };
            match read {
                Ok(Some(mut packet)) if packet.track_id == self.track => {
                    mpeg::keep_behind_the_count(self.format.as_ref(), &mut packet);
                    let end = packet.pts.saturating_add(packet.dur).get();
                    self.read_to = end.try_into().unwrap_or(0);
                    return Ok(Some(packet));
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.at_end = true;
                    self.look_what_is_missing();
                }
                Err(Error::ResetRequired) => self.next_part()?,
                Err(Error::IoError(source)) if source.kind() == ErrorKind::UnexpectedEof => {
                    self.at_end = true;
                    self.ended_early = self.breaks_a_promise();
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
                    self.at_end = self.ended_early;
                }
            }
        }
        Ok(None)
    }

    /// Why frames are missing, where fewer came than the container promised.
    fn look_what_is_missing(&mut self) {
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

    /// Whether the end of the data is an early one. A WAV may be written before its length is known
    /// (`ffmpeg -f wav -` into a pipe), and then ends where the data ends; other containers say where
    /// they end.
    fn breaks_a_promise(&self) -> bool {
        self.format.format_info().format != FORMAT_ID_WAVE
            || self
                .expected_frames
                .is_some_and(|expected| self.frames < expected)
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
        (self.at_end, self.ended_early) = (true, true);
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

/// How many frames the container promises. A WAV's `fact` that was written before the length was
/// known says nothing, or the most that fits.
fn promised(format: &dyn FormatReader, track: &Track) -> Option<u64> {
    let unknown = |frames: u64| {
        format.format_info().format == FORMAT_ID_WAVE && frames >= u64::from(u32::MAX)
    };
    track.num_frames.filter(|frames| !unknown(*frames))
}
