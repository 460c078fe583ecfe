//! One audio file, streamed.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::DecodeError;
use crate::mix::Mixer;
use crate::placement::{Placed, Placement};
use crate::stream::Stream;
use crate::warning::Warning;

/// Silence is handed out in pieces of so many frames.
const SILENCE_FRAMES: usize = 16_384;

/// A streaming decoder of one file: mono, at the file's own rate, one packet at a time.
///
/// Memory is bounded by one packet (and by the container's index, where it has one), whatever the
/// length of the file. Reading blocks on the disk. What the encoder added at the beginning and the end is
/// cut where the format tells it, edit lists are followed, and a time that the container leaves out is
/// read as silence, so times are those of the file.
pub struct AudioFile {
    path: PathBuf,
    stream: Stream,
    mixer: Mixer,
    placement: Placement,
    mono: Vec<f32>,
    /// What of `mono` is to be handed out, and the silence around it. `open` decodes the first packet
    /// to learn the true rate; it waits here.
    waiting: VecDeque<Placed>,
    silence: Vec<f32>,
    frames: u64,
    /// Streams so far: a file may hold several, one behind the other.
    streams: u32,
    expected_frames: Option<u64>,
    /// Those of streams that are over, and of the present one's beginning.
    warnings: Vec<Warning>,
    damaged: u64,
    ended_early: bool,
    at_end: bool,
}

impl AudioFile {
    /// Opens a file, checks its header and decodes its first packet.
    ///
    /// # Errors
    /// Nothing there, a folder, empty, not audio, no audio track, an unsupported codec, zero
    /// channels or more than 256, a rate outside 8 to 192 kHz, or no samples.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let mut file = Self {
            path: path.to_owned(),
            stream: Stream::open(path, 0)?,
            mixer: Mixer::default(),
            placement: Placement::default(),
            mono: Vec::new(),
            waiting: VecDeque::new(),
            silence: Vec::new(),
            frames: 0,
            streams: 1,
            expected_frames: None,
            warnings: Vec::new(),
            damaged: 0,
            ended_early: false,
            at_end: false,
        };
        file.decode_next()?;
        if file.waiting.is_empty() {
            return Err(DecodeError::NoSamples {
                path: path.to_owned(),
                hint: file.why_nothing(),
            });
        }
        Ok(file)
    }

    /// In Hz, 8 000 to 192 000.
    pub fn sample_rate(&self) -> u32 {
        self.mixer.rate
    }

    /// Channels before the mixdown, at least 1.
    pub fn channels(&self) -> usize {
        self.mixer.channels
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
        if self.waiting.is_empty() {
            self.decode_next()?;
        }
        let samples = match self.waiting.pop_front() {
            None => return Ok(None),
            Some(Placed::Frames(range)) => &self.mono[range],
            Some(Placed::Silence(length)) => {
                let count = usize::try_from(length)
                    .unwrap_or(usize::MAX)
                    .min(SILENCE_FRAMES);
                if length > count as u64 {
                    self.waiting
                        .push_front(Placed::Silence(length - count as u64));
                }
                self.silence.resize(SILENCE_FRAMES, 0.0);
                &self.silence[..count]
            }
        };
        self.frames += samples.len() as u64;
        Ok(Some(samples))
    }

    /// Frames handed out so far.
    pub fn frames_so_far(&self) -> u64 {
        self.frames
    }

    /// Packets that could not be decoded and were skipped; at least one, once the end is known, where
    /// frames are missing in the middle.
    pub fn damaged_packets(&self) -> u64 {
        self.damaged + self.stream.damaged
    }

    /// Known once [`next_mono`](Self::next_mono) has given `None`: the data stopped before the end
    /// that the container promised. What is missing in the middle is
    /// [damaged](Self::damaged_packets).
    pub fn ended_early(&self) -> bool {
        self.ended_early || self.stream.ended_early
    }

    /// What whoever reads the results should know, in no order that means anything. Complete once
    /// [`next_mono`](Self::next_mono) has given `None`. Allocates.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        warnings.extend(self.placement.warnings.iter().cloned());
        warnings.extend(self.mixer.warnings());
        if self.streams > 1 {
            warnings.push(Warning::Streams {
                count: self.streams,
            });
        }
        if self.damaged_packets() > 0 {
            warnings.push(Warning::Damaged {
                packets: self.damaged_packets(),
            });
        }
        if self.ended_early() {
            warnings.push(Warning::EndsEarly {
                at_s: self.time_s(),
            });
        }
        warnings
    }

    fn time_s(&self) -> f64 {
        self.frames as f64 / f64::from(self.mixer.rate.max(1))
    }

    /// Decodes until something waits to be handed out; nothing does at the end.
    fn decode_next(&mut self) -> Result<(), DecodeError> {
        while self.waiting.is_empty() && !self.at_end {
            self.mono.clear();
            let at_s = self.time_s();
            let decoded = self
                .stream
                .decode_next(&mut self.mixer, at_s, &mut self.mono)?;
            let Some(position) = decoded else {
                self.at_end = !self.open_next_stream()?;
                continue;
            };
            if std::mem::take(&mut self.stream.new_part) {
                self.begin_part();
            }
            let rate = self.mixer.rate;
            let placed = self.placement.place(position, self.mono.len(), rate);
            self.waiting
                .extend(placed.into_iter().filter(|placed| !placed.is_empty()));
            self.at_end = self.placement.is_over();
        }
        Ok(())
    }

    /// Learns from its headers where the frames of a part belong.
    fn begin_part(&mut self) {
        let rate = self.mixer.rate;
        let before = std::mem::replace(&mut self.placement, self.stream.placement(rate));
        self.warnings.extend(before.warnings);
        self.warnings.extend(self.stream.warnings(rate));
        // The promise of a stream that others follow says nothing about the file.
        let expected = self.stream.expected_frames().filter(|_| self.frames == 0);
        self.expected_frames = expected.map(|frames| self.placement.length(frames));
    }

    /// Goes on with the stream that lies behind the one that is over; false where there is none.
    fn open_next_stream(&mut self) -> Result<bool, DecodeError> {
        let Some(offset) = self.stream.next_offset() else {
            return Ok(false);
        };
        match Stream::open(&self.path, offset) {
            Ok(next) => {
                let before = std::mem::replace(&mut self.stream, next);
                self.damaged += before.damaged;
                self.ended_early |= before.ended_early;
                self.streams += 1;
                Ok(true)
            }
            Err(error @ DecodeError::Io { .. }) => Err(error),
            // It looked like one, and is none.
            Err(_) => {
                self.damaged += 1;
                Ok(false)
            }
        }
    }

    fn why_nothing(&self) -> String {
        match self.damaged_packets() {
            0 if self.ended_early() => "; it ends early".to_owned(),
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
            .field("sample_rate", &self.mixer.rate)
            .field("channels", &self.mixer.channels)
            .field("frames", &self.frames)
            .field("damaged", &self.damaged_packets())
            .finish_non_exhaustive()
    }
}
