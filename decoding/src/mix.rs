//! Mixes decoded packets down to one channel, as the engine does.

use std::path::Path;

use hamiltone_engine::audio::{Span, StereoMixdown, mix_down};
use symphonia::core::audio::GenericAudioBufferRef;

use crate::DecodeError;
use crate::open::check_rate;
use crate::warning::Warning;

/// The shortest time in which only one channel was read that gives a warning.
const MIN_WARNING_S: f64 = 0.5;

/// Mixes the packets of a file. Rate and channels are those of the first packet, since headers can be wrong.
#[derive(Default)]
pub(crate) struct Mixer {
    /// The channel to read, from 0; `None` mixes all.
    only: Option<usize>,
    /// In Hz; 0 before the first packet.
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    planes: Vec<Vec<f32>>,
    stereo: Option<StereoMixdown>,
    /// The first samples of a frame that continues in the next packet, if channels are presented as one.
    rest: Vec<f32>,
}

impl Mixer {
    /// Reads one channel, from 0, or mixes all.
    pub(crate) fn new(only: Option<usize>) -> Self {
        Self {
            only,
            ..Self::default()
        }
    }

    /// Appends a packet to `mono`. `interleaved` is the number of channels that the packet presents as one; `at_s` is the
    /// time of the packet in the file.
    ///
    /// # Errors
    /// An unsupported rate, or one that differs from that of earlier packets.
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
            self.deinterleave(channels);
        }
        if let Some(index) = self.only {
            let Some(plane) = self.planes.get(index) else {
                return Err(DecodeError::NoSuchChannel {
                    path: path.to_owned(),
                    channel: index + 1,
                    channels,
                });
            };
            mix_down(&[plane], mono);
            return Ok(());
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

    /// Warnings about times in which one of two channels was read instead of their mean.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let rate = f64::from(self.rate.max(1));
        let times = move |span: Option<Span>| {
            let span = span.filter(|span| span.frames as f64 >= MIN_WARNING_S * rate)?;
            Some((span.frames as f64 / rate, span.first as f64 / rate))
        };
        let stereo = self.stereo.as_ref();
        let opposite = times(stereo.and_then(StereoMixdown::opposite));
        let one_sided = times(stereo.and_then(StereoMixdown::one_sided));
        let opposite = opposite.map(|(seconds, at_s)| Warning::OppositePhase { seconds, at_s });
        let one_sided = one_sided.map(|(seconds, at_s)| Warning::OneSided { seconds, at_s });
        opposite.into_iter().chain(one_sided)
    }

    /// Splits one plane of interleaved samples into channels.
    fn deinterleave(&mut self, channels: usize) {
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
