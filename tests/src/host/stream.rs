//! The audio side: an active plugin with its buffers.

use anyhow::{Result, ensure};
use clack_host::events::Pckn;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use clack_host::utils::ClapId;

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
}

impl Stream {
    pub(super) fn new(
        processor: StartedPluginAudioProcessor<Handlers>,
        channels: usize,
        max_block: usize,
    ) -> Self {
        let buffers = vec![vec![0.0; max_block]; channels];
        Self {
            processor,
            input_ports: AudioPorts::with_capacity(channels, 1),
            output_ports: AudioPorts::with_capacity(channels, 1),
            input: buffers.clone(),
            output: buffers,
            frames_so_far: 0,
        }
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
        self.processor.process(
            &inputs,
            &mut outputs,
            events,
            &mut OutputEvents::void(),
            Some(self.frames_so_far),
            None,
        )?;
        self.frames_so_far += frames as u64;
        Ok(())
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

/// An event that sets a parameter at the beginning of a block.
pub fn set_parameter(id: ClapId, value: f64) -> EventBuffer {
    let mut events = EventBuffer::new();
    events.push(&ParamValueEvent::new(0, id, Pckn::match_all(), value));
    events
}
