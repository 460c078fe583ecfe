//! Decoded packets to one channel, by the engine's mixdown.

use std::path::Path;

use hamiltone_engine::audio::{Span, StereoMixdown, mix_down};
use symphonia::core::audio::GenericAudioBufferRef;

use crate::DecodeError;
use crate::open::check_rate;
use crate::warning::Warning;

/// A shorter time in which only one channel was read is not worth a warning.
const WORTH_TELLING_S: f64 = 0.5;

/// Mixes the packets of a file. Its rate and its channels are those of the first packet: headers can be
/// wrong about both.
#[derive(Default)]
pub(crate) struct Mixer {
    /// In Hz; 0 before the first packet.
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    planes: Vec<Vec<f32>>,
    stereo: Option<StereoMixdown>,
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
            self.stereo = Some(StereoMixdown::new(rate as f32));
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
        match (self.planes.as_slice(), &mut self.stereo) {
            ([left, right], Some(stereo)) => {
                let frames = left.iter().zip(right);
                mono.extend(frames.map(|(left, right)| stereo.frame(*left, *right)));
            }
            (planes, _) => {
                let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
                mix_down(&planes, mono);
            }
        }
        Ok(())
    }

    /// What was read of two channels, where it was not their mean.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let rate = f64::from(self.rate.max(1));
        let times = move |span: Option<Span>| {
            let span = span.filter(|span| span.frames as f64 >= WORTH_TELLING_S * rate)?;
            Some((span.frames as f64 / rate, span.first as f64 / rate))
        };
        let stereo = self.stereo.as_ref();
        let opposite = times(stereo.and_then(StereoMixdown::opposite));
        let one_sided = times(stereo.and_then(StereoMixdown::one_sided));
        let opposite = opposite.map(|(seconds, at_s)| Warning::OppositePhase { seconds, at_s });
        let one_sided = one_sided.map(|(seconds, at_s)| Warning::OneSided { seconds, at_s });
        opposite.into_iter().chain(one_sided)
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
