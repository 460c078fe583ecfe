//! Streaming one audio file.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::DecodeError;
use crate::mix::Mixer;
use crate::placement::{Placed, Placement};
use crate::recording_time::RecordingTime;
use crate::stream::Stream;
use crate::warning::Warning;

/// Frames per block of silence.
const SILENCE_FRAMES: usize = 16_384;

/// A streaming decoder of one file: mono, at the file's own rate, one packet at a time.
///
/// Memory is bounded by one packet and the container's index, independent of the length of the file. Reading blocks on
/// the disk. Encoder delay and padding are removed if the format states them, edit lists are applied, and gaps in the
/// container are read as silence, so that times are those of the file.
pub struct AudioFile {
    path: PathBuf,
    stream: Stream,
    mixer: Mixer,
    placement: Placement,
    mono: Vec<f32>,
    /// The ranges of `mono` to return next, and silence between them. `open` decodes the first packet to learn the true
    /// rate, so it is never empty at first.
    waiting: VecDeque<Placed>,
    silence: Vec<f32>,
    frames: u64,
    /// Streams so far: a file may have several in sequence.
    streams: u32,
    expected_frames: Option<u64>,
    /// Of earlier streams, and of the header of the current one.
    warnings: Vec<Warning>,
    damaged: u64,
    /// What was missing in the middle: seconds in all, and the time of the first.
    missing: Option<(f64, f64)>,
    ended_early: bool,
    at_end: bool,
}

impl AudioFile {
    /// Opens a file, checks its header and decodes its first packet.
    ///
    /// # Errors
    /// No such file, a folder, empty, not audio, no audio track, an unsupported codec, 0 or more than 256 channels, an
    /// unsupported rate, or no samples.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        Self::open_with(path, Mixer::new(None))
    }

    /// As [`open`](Self::open), but reads one channel instead of mixing all. `channel` counts from 0.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), and if the file has no such channel.
    pub fn open_channel(path: &Path, channel: usize) -> Result<Self, DecodeError> {
        Self::open_with(path, Mixer::new(Some(channel)))
    }

    fn open_with(path: &Path, mixer: Mixer) -> Result<Self, DecodeError> {
        let mut file = Self {
            path: path.to_owned(),
            stream: Stream::open(path, 0)?,
            mixer,
            placement: Placement::default(),
            mono: Vec::new(),
            waiting: VecDeque::new(),
            silence: Vec::new(),
            frames: 0,
            streams: 1,
            expected_frames: None,
            warnings: Vec::new(),
            damaged: 0,
            missing: None,
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

    /// In Hz, 8 000 to 768 000.
    pub fn sample_rate(&self) -> u32 {
        self.mixer.rate
    }

    /// When the recording began, if a WAV has it in its metadata (GUANO, AudioMoth, `bext` or iXML).
    pub fn recorded_at(&self) -> Option<&RecordingTime> {
        self.stream.recorded_at()
    }

    /// Channels before the mixdown, at least 1.
    pub fn channels(&self) -> usize {
        self.mixer.channels
    }

    /// The number of frames by the header, if known. For a progress bar only: it may be an estimate (MP3) or wrong.
    pub fn expected_frames(&self) -> Option<u64> {
        self.expected_frames
    }

    /// The next packet as one channel, never empty; `None` at the end and after it.
    ///
    /// Damaged packets are skipped and [counted](Self::damaged_packets). A truncated file ends where its data ends
    /// ([`ended_early`](Self::ended_early)).
    ///
    /// # Errors
    /// The file cannot be read, or its sample rate changes.
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

    /// Frames returned so far.
    pub fn frames_so_far(&self) -> u64 {
        self.frames
    }

    /// Packets that could not be decoded and were skipped. At the end at least 1 if frames are missing in the middle.
    pub fn damaged_packets(&self) -> u64 {
        self.damaged + self.stream.damaged
    }

    /// Whether the data ended before the length in the header. Valid after [`next_mono`](Self::next_mono) has returned
    /// `None`. Frames missing in the middle count as [damaged](Self::damaged_packets).
    pub fn ended_early(&self) -> bool {
        self.ended_early || self.stream.ended_early
    }

    /// Warnings, in no particular order. Complete after [`next_mono`](Self::next_mono) has returned `None`. Allocates.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        warnings.extend(self.placement.warnings.iter().cloned());
        warnings.extend(self.mixer.warnings());
        if self.streams > 1 {
            warnings.push(Warning::Streams {
                count: self.streams,
            });
        }
        if let Some((seconds, at_s)) = self.missing {
            warnings.push(Warning::Missing { seconds, at_s });
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

    /// Decodes until `waiting` is not empty, or to the end.
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
            let missing = self.stream.take_missing();
            if missing > 0 {
                let (seconds, _) = self.missing.get_or_insert((0.0, at_s));
                *seconds += missing as f64 / f64::from(rate.max(1));
                self.waiting.push_back(Placed::Silence(missing));
            }
            let placed = self.placement.place(position, self.mono.len(), rate);
            self.waiting
                .extend(placed.into_iter().filter(|placed| !placed.is_empty()));
            self.at_end = self.placement.is_over();
        }
        Ok(())
    }

    /// Reads the placement of the frames of a new part from its headers.
    fn begin_part(&mut self) {
        let rate = self.mixer.rate;
        let before = std::mem::replace(&mut self.placement, self.stream.placement(rate));
        self.warnings.extend(before.warnings);
        self.warnings.extend(self.stream.warnings(rate));
        // The length of a stream that others follow is not that of the file.
        let expected = self.stream.expected_frames().filter(|_| self.frames == 0);
        self.expected_frames = expected.map(|frames| self.placement.length(frames));
    }

    /// Opens the stream that follows the finished one; false if there is none.
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
            // A false detection.
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
