//! One stream of packets and its decoder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::{Track, TrackType};
use symphonia::core::packet::Packet;

use crate::contained::contain;
use crate::mix::Mixer;
use crate::mpeg::{self, Rejected};
use crate::ogg::Missing;
use crate::open::{self, Opened, make_decoder};
use crate::opus::{self, Head};
use crate::placement::Placement;
use crate::recording_time::RecordingTime;
use crate::sniff::Kind;
use crate::warning::Warning;
use crate::{DecodeError, aac, movie};

/// Consecutive read errors after which the rest of the file is given up. Readers search for the next valid packet
/// themselves; this bounds one that makes no progress.
const MAX_FAILED_READS: u32 = 256;

/// A reader and a decoder.
pub(crate) struct Stream {
    path: PathBuf,
    opened: Opened,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// The number of frames of the media by the header.
    expected: Option<u64>,
    /// Whether `expected` is exact and not an estimate from the bit rate.
    exact_length: bool,
    /// Frames of the media that were decoded, or are missing.
    decoded: u64,
    /// The end of the last packet that was read, in frames if `expected` is known.
    read_to: u64,
    rejected: Rejected,
    /// In files with padding, the packet that is decoded next: only the last one has padding.
    held: Option<Packet>,
    /// In Ogg, what is missing between packets.
    missing: Option<Missing>,
    at_end: bool,
    /// Packets that could not be decoded.
    pub(crate) damaged: u64,
    /// Whether the data ended before the length in the header.
    pub(crate) ended_early: bool,
    /// Whether a part with headers of its own has begun.
    pub(crate) new_part: bool,
}

impl Stream {
    /// Opens the stream at an offset of the file.
    pub(crate) fn open(path: &Path, offset: u64) -> Result<Self, DecodeError> {
        let opened = open::open(path, offset)?;
        let selected = opened.select(path)?;
        let promised = if opened.header.replaced {
            opened.header.frames
        } else {
            selected.frames
        };
        let codec = selected.parameters.codec;
        let missing = (opened.kind == Kind::Ogg).then(|| missing(&selected.parameters));
        Ok(Self {
            path: path.to_owned(),
            decoder: make_decoder(path, &selected.parameters)?,
            track: selected.id,
            expected: promised,
            // ffmpeg counts the last packet of ALAC or Opus in CAF as a full one.
            exact_length: !mpeg::is_mpeg(codec)
                && codec != CODEC_ID_AAC
                && (opened.header.replaced || opened.kind != Kind::Caf),
            decoded: 0,
            read_to: 0,
            rejected: Rejected::default(),
            held: None,
            missing,
            at_end: false,
            damaged: 0,
            ended_early: false,
            new_part: true,
            opened,
        })
    }

    /// Warnings from the headers. `rate` is that of the decoded frames, in Hz.
    pub(crate) fn warnings(&self, rate: u32) -> Vec<Warning> {
        let mut warnings = self.opened.header.warnings.clone();
        warnings.extend(aac::warning(self.decoder.codec_params(), rate));
        let is_audio = |track: &&Track| track.track_type() == Some(TrackType::Audio);
        let tracks = self.opened.format.tracks().iter().filter(is_audio).count();
        if tracks > 1 && matches!(self.opened.kind, Kind::Mp4 | Kind::Matroska) {
            warnings.push(Warning::OtherTracks { count: tracks - 1 });
        }
        warnings
    }

    /// The placement of its frames.
    pub(crate) fn placement(&self, rate: u32) -> Placement {
        let format = self.opened.format.as_ref();
        let track = format.tracks().iter().find(|track| track.id == self.track);
        let delay = track.and_then(|track| track.delay).unwrap_or(0);
        let parameters = self.decoder.codec_params();
        let opus = (parameters.codec == CODEC_ID_OPUS)
            .then(|| Head::of(parameters))
            .flatten();
        let pre_skip = opus.map(|head| u64::from(head.pre_skip));
        match self.opened.kind {
            Kind::Mp4 => self.movie_placement(rate),
            Kind::Matroska => Placement::by_packets(rate, pre_skip),
            Kind::Ogg => {
                pre_skip.map_or_else(Placement::default, |skip| Placement::range(skip, None))
            }
            Kind::Caf if delay > 0 => Placement::range(delay.into(), self.expected),
            Kind::Caf => Placement::range(pre_skip.unwrap_or(0), None),
            Kind::Wave if self.opened.header.cut_at_frames => Placement::range(0, self.expected),
            _ => Placement::default(),
        }
    }

    fn movie_placement(&self, rate: u32) -> Placement {
        let track = self
            .opened
            .tracks
            .iter()
            .find(|track| track.id == self.track);
        let frames = |seconds: f64| (seconds * f64::from(rate)).round() as u64;
        match track {
            Some(track) if !track.edits.is_empty() => Placement::edited(&track.edits, rate),
            Some(movie::Track {
                gapless: Some((delay_s, length_s)),
                ..
            }) => Placement::range(frames(*delay_s), Some(frames(*length_s))),
            _ => Placement::default(),
        }
    }

    /// The number of frames of the media by the header.
    pub(crate) fn expected_frames(&self) -> Option<u64> {
        self.expected
    }

    /// When the recording began.
    pub(crate) fn recorded_at(&self) -> Option<&RecordingTime> {
        self.opened.header.recorded_at.as_ref()
    }

    /// The offset of the next stream, if one was found.
    pub(crate) fn next_offset(&self) -> Option<u64> {
        self.opened.next.as_ref()?.offset()
    }

    /// Appends the next packet with audio to `mono`; returns the position of its first frame in the media, or `None` at
    /// the end.
    pub(crate) fn decode_next(
        &mut self,
        mixer: &mut Mixer,
        at_s: f64,
        mono: &mut Vec<f32>,
    ) -> Result<Option<i64>, DecodeError> {
        while let Some(packet) = self.next_packet()? {
            match self.decode(&packet, mixer, at_s, mono)? {
                None => self.rejected.clear(),
                Some(Error::ResetRequired) => self.next_part()?,
                Some(_) => {
                    self.damaged += 1;
                    self.follow_format(packet.clone(), mixer, at_s, mono)?;
                }
            }
            if !mono.is_empty() {
                let position = self.position(&packet, mixer.rate);
                self.decoded += mono.len() as u64;
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Frames that are missing before those that were decoded last, and were not asked for before.
    pub(crate) fn take_missing(&mut self) -> u64 {
        self.missing.as_mut().map_or(0, Missing::take)
    }

    /// The position of a packet in frames: by its timestamp in containers with reliable ones, else by counting.
    fn position(&self, packet: &Packet, rate: u32) -> i64 {
        let timed = matches!(self.opened.kind, Kind::Mp4 | Kind::Matroska);
        let tracks = self.opened.format.tracks();
        let track = tracks.iter().find(|track| track.id == packet.track_id);
        let Some(base) = track.and_then(|track| track.time_base).filter(|_| timed) else {
            return i64::try_from(self.decoded).unwrap_or(i64::MAX);
        };
        let ticks = i128::from(packet.pts.get());
        let frames = ticks * i128::from(base.numer.get()) * i128::from(rate);
        let position = frames / i128::from(base.denom.get());
        i64::try_from(position).unwrap_or(0)
    }

    /// Appends a packet to `mono`; returns the error of the decoder, if any.
    fn decode(
        &mut self,
        packet: &Packet,
        mixer: &mut Mixer,
        at_s: f64,
        mono: &mut Vec<f32>,
    ) -> Result<Option<Error>, DecodeError> {
        let Ok(decoded) = contain(|| self.decoder.decode(packet)) else {
            return self.give_up();
        };
        match decoded {
            Ok(buffer) if buffer.frames() == 0 => Ok(None),
            Ok(buffer) => {
                let interleaved = self.opened.header.interleaved;
                mixer.mix(&self.path, &buffer, interleaved, at_s, mono)?;
                Ok(None)
            }
            Err(error) => Ok(Some(error)),
        }
    }

    /// A decoder of MPEG audio rejects packets with another rate or channel count than the first. If these changed for
    /// good, creates a new decoder.
    fn follow_format(
        &mut self,
        packet: Packet,
        mixer: &mut Mixer,
        at_s: f64,
        mono: &mut Vec<f32>,
    ) -> Result<(), DecodeError> {
        let parameters = self.decoder.codec_params();
        if !mpeg::is_mpeg(parameters.codec) {
            return Ok(());
        }
        let Some(packets) = self.rejected.push(packet) else {
            return Ok(());
        };
        self.decoder = make_decoder(&self.path, parameters)?;
        for packet in packets {
            if self.decode(&packet, mixer, at_s, mono)?.is_none() {
                self.damaged -= 1; // it was counted when it was rejected
            }
        }
        Ok(())
    }

    /// The next packet of the track, the last one without its padding; `None` at the end.
    fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        if self.opened.padding.is_none() {
            return self.read_packet();
        }
        if self.held.is_none() {
            self.held = self.read_packet()?;
        }
        let next = self.read_packet()?;
        let mut packet = std::mem::replace(&mut self.held, next);
        if let (None, Some(last), Some(padding)) = (&self.held, &mut packet, &self.opened.padding) {
            let parameters = self.decoder.codec_params();
            let rate = match parameters.codec {
                CODEC_ID_OPUS => Some(opus::RATE),
                _ => parameters.sample_rate,
            };
            padding.take_from(last, rate.unwrap_or(0));
        }
        Ok(packet)
    }

    /// The next packet of the track as it is; `None` at the end.
    fn read_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        let mut failed = 0;
        while !self.at_end {
            let Ok(read) = contain(|| self.opened.format.next_packet()) else {
                return self.give_up();
            };
            match read {
                Ok(Some(mut packet)) if packet.track_id == self.track => {
                    mpeg::keep_frames_after_count(self.opened.format.as_ref(), &mut packet);
                    if let Some(missing) = &mut self.missing {
                        self.decoded += missing.follow(&packet);
                    }
                    let end = packet.pts.saturating_add(packet.dur).get();
                    self.read_to = end.try_into().unwrap_or(0);
                    return Ok(Some(packet));
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.at_end = true;
                    self.check_length();
                }
                Err(Error::ResetRequired) => self.next_part()?,
                Err(Error::IoError(source)) if source.kind() == ErrorKind::UnexpectedEof => {
                    self.at_end = true;
                    self.ended_early = self.is_too_short();
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

    /// Decides whether missing frames are an early end or damage.
    fn check_length(&mut self) {
        let Some(expected) = self.expected.filter(|_| self.exact_length) else {
            return;
        };
        let interleaved = u64::from(self.opened.header.interleaved.unwrap_or(1));
        let counted = vorbis_block(self.decoder.codec_params()) / 2;
        let missing = self.decoded + counted < expected;
        self.ended_early = missing && self.read_to / interleaved < expected;
        // The readers of FLAC and Ogg drop packets and pages with a wrong checksum silently.
        if missing && !self.ended_early {
            self.damaged = self.damaged.max(1);
        }
    }

    /// Whether an unexpected end of the data is an early one. With a header of ours, it is if the header of the file states
    /// more frames; other containers state their end.
    fn is_too_short(&self) -> bool {
        let complete = |expected: u64| self.decoded >= expected;
        !self.opened.header.replaced || !self.expected.is_none_or(complete)
    }

    /// Begins the next part of a chained stream, which has headers of its own.
    fn next_part(&mut self) -> Result<(), DecodeError> {
        let selected = self.opened.select(&self.path)?;
        self.decoder = make_decoder(&self.path, &selected.parameters)?;
        self.track = selected.id;
        self.expected = None; // it was for the part before
        self.decoded = 0;
        self.missing = self.missing.as_ref().map(|_| missing(&selected.parameters));
        self.new_part = true;
        Ok(())
    }

    /// Ends the stream after a panic in the decoder, which leaves it in an unknown state.
    fn give_up<T>(&mut self) -> Result<T, DecodeError> {
        (self.at_end, self.ended_early) = (true, true);
        Err(DecodeError::DecoderFailed(self.path.clone()))
    }
}

/// For the packets of a track in Ogg.
fn missing(parameters: &AudioCodecParameters) -> Missing {
    let rate = match parameters.codec {
        CODEC_ID_OPUS => opus::RATE,
        _ => parameters.sample_rate.unwrap_or(0),
    };
    Missing::new(vorbis_block(parameters) / 2, rate)
}

/// Frames of the long blocks of Vorbis by the first header (Vorbis I specification, section 4.2.2); 0 for other codecs. Positions in
/// Ogg may count half of the first block, which gives no frames: ffmpeg 2.8 wrote them so.
fn vorbis_block(parameters: &AudioCodecParameters) -> u64 {
    const EXPONENTS: usize = 28;
    let header = parameters.extra_data.as_deref().unwrap_or_default();
    match header.get(EXPONENTS) {
        Some(exponents) if parameters.codec == CODEC_ID_VORBIS => 1 << (exponents >> 4),
        _ => 0,
    }
}
