//! Decoded packets to one channel, by the engine's mixdown.

use std::path::Path;

use hamiltone_engine::audio::mix_down;
use symphonia::core::audio::GenericAudioBufferRef;

use crate::DecodeError;
use crate::open::check_rate;

/// Mixes the packets of a file. Its rate and its channels are those of the first packet: headers can be
/// wrong about both.
#[derive(Default)]
pub(crate) struct Mixer {
    /// In Hz; 0 before the first packet.
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    planes: Vec<Vec<f32>>,
    /// The samples of a frame that goes on in the next packet, where channels are shown as one.
    rest: Vec<f32>,
}

impl Mixer {
    /// Appends a packet to `mono`. `interleaved` tells how many channels the packet shows as one,
    /// `at_s` where in the file it is.
    ///
    /// # Errors
    /// A rate that cannot be used, or that is not the one of the packets before: times and the resampler
    /// depend on it.
    pub(crate) fn mix(
        &mut self,
        path: &Path,
        packet: &GenericAudioBufferRef<'_>,
        interleaved: Option<u32>,
        at_s: f64,
        mono: &mut Vec<f32>,
    ) -> Result<(), DecodeError> {
        packet.copy_to_vecs_planar(&mut self.planes);
        let rate = packet.spec().rate();
        let channels = interleaved.map_or(packet.num_planes(), |channels| channels as usize);
        if self.rate == 0 {
            check_rate(path, rate)?;
            (self.rate, self.channels) = (rate, channels);
        } else if rate != self.rate {
            return Err(DecodeError::RateChanged {
                path: path.to_owned(),
                from: self.rate,
                to: rate,
                at_s,
            });
        }
        if interleaved.is_some() {
            self.take_apart(channels);
        }
        let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
        mix_down(&planes, mono);
        Ok(())
    }

    /// One plane of interleaved samples to as many planes as there are channels.
    fn take_apart(&mut self, channels: usize) {
        self.rest.append(&mut self.planes[0]);
        self.planes.resize_with(channels, Vec::new);
        self.planes.iter_mut().for_each(Vec::clear);
        let whole = self.rest.len() / channels * channels;
        for frame in self.rest[..whole].chunks_exact(channels) {
            for (plane, sample) in self.planes.iter_mut().zip(frame) {
                plane.push(*sample);
            }
        }
        self.rest.drain(..whole);
    }
}
