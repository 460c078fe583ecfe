//! The audio side: an active plugin with its buffers.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clack_host::events::event_types::{ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, EventHeader, Match, Pckn};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, ClapId, SecondsTime};

use super::handlers::Handlers;

/// What the output holds before the plugin writes it: no sound has these bits.
const UNWRITTEN: f32 = f32::from_bits(0x7fbb_adad);

/// An active plugin. May move to another thread; give it back to [`super::Plugin::stop`].
pub struct Stream {
    processor: StartedPluginAudioProcessor<Handlers>,
    input_ports: AudioPorts,
    output_ports: AudioPorts,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    frames_so_far: u64,
    sample_rate: f64,
    /// Where the transport plays, in seconds, while it does.
    plays_at_s: Option<f64>,
    /// The transport plays and says the same position for ever.
    stands_still: bool,
    events: EventBuffer,
    notes: Vec<Note>,
}

/// A note that the plugin sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// Frames since the stream began.
    pub frame: u64,
    /// 0 to 127.
    pub key: u16,
    /// Velocity (0 to 1) of a beginning; `None` for an end.
    pub velocity: Option<f64>,
}

impl Stream {
    pub(super) fn new(
        processor: StartedPluginAudioProcessor<Handlers>,
        channels: usize,
        max_block: usize,
        sample_rate: f64,
    ) -> Self {
        let buffers = vec![vec![0.0; max_block]; channels];
        Self {
            processor,
            input_ports: AudioPorts::with_capacity(channels, 1),
            output_ports: AudioPorts::with_capacity(channels, 1),
            input: buffers.clone(),
            output: buffers,
            frames_so_far: 0,
            sample_rate,
            plays_at_s: None,
            stands_still: false,
            events: EventBuffer::new(),
            notes: Vec::new(),
        }
    }

    /// Lets the transport play from `seconds` on, or stops it.
    pub fn play_from(&mut self, seconds: Option<f64>) {
        self.plays_at_s = seconds;
    }

    /// Tells the plugin to forget the sound so far.
    pub fn reset(&mut self) {
        self.processor.reset();
    }

    /// Lets the position stand still while the transport plays, as some hosts do that have none.
    pub fn stand_still(&mut self) {
        self.stands_still = true;
    }

    /// Sends `sound` (the same on all channels) through at the pace of the clock.
    ///
    /// # Errors
    /// The plugin reports an error, or the block is too large.
    pub fn play_live(&mut self, sound: &[f32], block: usize) -> Result<()> {
        let start = Instant::now();
        let mut frames = 0;
        for samples in sound.chunks(block) {
            for channel in &mut self.input {
                channel[..samples.len()].copy_from_slice(samples);
            }
            self.process(samples.len())?;
            frames += samples.len();
            let due = Duration::from_secs_f64(frames as f64 / self.sample_rate);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        Ok(())
    }

    /// The notes that the plugin sent so far.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(super) fn into_stopped(self) -> StoppedPluginAudioProcessor<Handlers> {
        self.processor.stop_processing()
    }

    /// The input buffers: one a channel, each of the largest block.
    pub fn input_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.input
    }

    /// The output of the last block: one buffer a channel, each of the largest block.
    pub fn output(&self) -> &[Vec<f32>] {
        &self.output
    }

    /// Processes the first `frames` frames of the input.
    ///
    /// # Errors
    /// The plugin reports an error, or the block is too large.
    pub fn process(&mut self, frames: usize) -> Result<()> {
        self.process_with(frames, &InputEvents::empty())
    }

    /// Processes a block with events (see [`set_parameter`]).
    ///
    /// # Errors
    /// The plugin reports an error, or the block is too large.
    pub fn process_with(&mut self, frames: usize, events: &InputEvents<'_>) -> Result<()> {
        ensure!(
            self.input.iter().all(|channel| frames <= channel.len()),
            "the block is too large"
        );
        self.output
            .iter_mut()
            .for_each(|channel| channel.fill(UNWRITTEN));
        let inputs = self.input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                self.input
                    .iter_mut()
                    .map(|channel| InputChannel::variable(&mut channel[..frames])),
            ),
        }]);
        let mut outputs = self.output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(
                self.output.iter_mut().map(|channel| &mut channel[..frames]),
            ),
        }]);
        self.events.clear();
        self.processor.process(
            &inputs,
            &mut outputs,
            events,
            &mut self.events.as_output(),
            Some(self.frames_so_far),
            Some(&transport(self.plays_at_s)),
        )?;
        self.keep_notes();
        self.frames_so_far += frames as u64;
        if let Some(plays_at_s) = &mut self.plays_at_s
            && !self.stands_still
        {
            *plays_at_s += frames as f64 / self.sample_rate;
        }
        Ok(())
    }

    fn keep_notes(&mut self) {
        for event in &self.events {
            let (key, velocity) = match event.as_core_event() {
                Some(CoreEventSpace::NoteOn(note)) => (note.key(), Some(note.velocity())),
                Some(CoreEventSpace::NoteOff(note)) => (note.key(), None),
                _ => continue,
            };
            let Match::Specific(key) = key else { continue };
            self.notes.push(Note {
                frame: self.frames_so_far + u64::from(event.header().time()),
                key,
                velocity,
            });
        }
    }

    /// Sends `sound` (one vector a channel) through in blocks of `block` frames.
    ///
    /// # Errors
    /// The plugin reports an error, or the block is too large.
    pub fn render(&mut self, sound: &[Vec<f32>], block: usize) -> Result<Vec<Vec<f32>>> {
        ensure!(
            sound.len() == self.input.len(),
            "the sound has another number of channels"
        );
        let mut rendered = vec![Vec::with_capacity(sound[0].len()); sound.len()];
        for begin in (0..sound[0].len()).step_by(block) {
            let frames = block.min(sound[0].len() - begin);
            for (input, channel) in self.input.iter_mut().zip(sound) {
                input[..frames].copy_from_slice(&channel[begin..begin + frames]);
            }
            self.process(frames)?;
            for (channel, output) in rendered.iter_mut().zip(&self.output) {
                channel.extend_from_slice(&output[..frames]);
            }
        }
        Ok(rendered)
    }
}

/// What the host says before a block.
fn transport(plays_at_s: Option<f64>) -> TransportEvent {
    let playing = match plays_at_s {
        Some(_) => TransportFlags::IS_PLAYING,
        None => TransportFlags::empty(),
    };
    let zero = (BeatTime::from_float(0.0), SecondsTime::from_float(0.0));
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::HAS_SECONDS_TIMELINE | playing,
        song_pos_beats: zero.0,
        song_pos_seconds: SecondsTime::from_float(plays_at_s.unwrap_or(0.0)),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: zero.0,
        loop_end_beats: zero.0,
        loop_start_seconds: zero.1,
        loop_end_seconds: zero.1,
        bar_start: zero.0,
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

/// An event that sets a parameter at the beginning of a block.
pub fn set_parameter(id: ClapId, value: f64) -> EventBuffer {
    let mut events = EventBuffer::new();
    events.push(&ParamValueEvent::new(0, id, Pckn::match_all(), value));
    events
}
