//! One activation's audio on its way through the tagger, with its own clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hamiltone_engine::EngineError;
use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::{Tagger, Tags};

use super::meters::{LoadMeter, SignalMeter};
use crate::tap::{Heard, Mark, Outlet, StreamFormat};

/// Frames handled between two looks at the clock: some 20 ms, a few of the model's frames.
const CHUNK: usize = 1024;

/// A gap up to this long is heard as silence; after a longer one the past is forgotten.
const BRIDGED_GAP_S: f64 = 1.0;

/// The ring's end, the tagger on it, and the time since the host began.
pub(super) struct Stream {
    outlet: Outlet,
    tagger: Option<Tagger>,
    rate: f64,
    /// Frames since the stream began, heard or not.
    position: u64,
    /// Position at which the tagger's own time is zero.
    tagger_zero: u64,
    chunk: Box<[f32]>,
    pub(super) load: LoadMeter,
    pub(super) signal: SignalMeter,
}

impl Stream {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self {
            rate: outlet.format().sample_rate,
            outlet,
            tagger: None,
            position: 0,
            tagger_zero: 0,
            chunk: vec![0.0; CHUNK].into(),
            load: LoadMeter::default(),
            signal: SignalMeter::default(),
        }
    }

    pub(super) fn format(&self) -> StreamFormat {
        self.outlet.format()
    }

    pub(super) fn tagger(&mut self) -> Option<&mut Tagger> {
        self.tagger.as_mut()
    }

    /// Seconds of audio since the stream began.
    pub(super) fn duration_s(&self) -> f64 {
        self.position as f64 / self.rate
    }

    /// Runs `model` from here on. On an error nothing is tagged until the next call.
    pub(super) fn use_model(
        &mut self,
        model: &Arc<Model>,
        window_s: f32,
    ) -> Result<(), EngineError> {
        self.tagger = None;
        // A rate that is no number becomes 0 here and is refused with the others.
        let tagger = Tagger::new(model.clone(), self.rate.round() as u32, window_s)?;
        self.tagger = Some(tagger);
        self.tagger_zero = self.position;
        Ok(())
    }

    /// Hears what is in the ring, for about `budget` at most. Returns whether more is there.
    pub(super) fn hear(&mut self, budget: Duration, on_tags: &mut dyn FnMut(&Tags<'_>)) -> bool {
        let start = Instant::now();
        loop {
            match self.outlet.next(&mut self.chunk) {
                None => return false,
                Some(Heard::Samples(count)) => self.hear_chunk(count, on_tags),
                Some(Heard::Mark(Mark::Gap(frames))) => self.pass_gap(frames, on_tags),
                Some(Heard::Mark(Mark::Jump)) => self.forget(),
            }
            if start.elapsed() >= budget {
                return true;
            }
        }
    }

    /// The stream ends: lets the tagger say what it still holds.
    pub(super) fn finish(&mut self, on_tags: &mut dyn FnMut(&Tags<'_>)) {
        let zero_s = self.tagger_zero as f64 / self.rate;
        if let Some(tagger) = &mut self.tagger {
            tagger.finish(&mut shifted(zero_s, on_tags));
        }
    }

    fn hear_chunk(&mut self, count: usize, on_tags: &mut dyn FnMut(&Tags<'_>)) {
        let start = Instant::now();
        let audio_s = count as f64 / self.rate;
        self.signal.hear(&self.chunk[..count], audio_s, start);
        self.tag(count, on_tags);
        self.load.add(start.elapsed(), audio_s);
    }

    /// Tags the first `count` samples of the chunk.
    fn tag(&mut self, count: usize, on_tags: &mut dyn FnMut(&Tags<'_>)) {
        self.position += count as u64;
        let zero_s = self.tagger_zero as f64 / self.rate;
        if let Some(tagger) = &mut self.tagger {
            tagger.push(&self.chunk[..count], &mut shifted(zero_s, on_tags));
        }
    }

    /// Keeps the clock right over frames that were not heard.
    fn pass_gap(&mut self, frames: u64, on_tags: &mut dyn FnMut(&Tags<'_>)) {
        if frames as f64 > BRIDGED_GAP_S * self.rate {
            self.position += frames;
            self.forget();
            return;
        }
        self.chunk.fill(0.0);
        let mut left = frames as usize;
        while left > 0 {
            let count = left.min(CHUNK);
            self.tag(count, on_tags);
            left -= count;
        }
    }

    fn forget(&mut self) {
        if let Some(tagger) = &mut self.tagger {
            tagger.reset();
        }
        self.tagger_zero = self.position;
    }
}

/// Passes tags on with the stream's time instead of the tagger's.
fn shifted<'a>(zero_s: f64, on_tags: &'a mut dyn FnMut(&Tags<'_>)) -> impl FnMut(&Tags<'_>) + 'a {
    move |tags| {
        on_tags(&Tags {
            time_s: zero_s + tags.time_s,
            probabilities: tags.probabilities,
        })
    }
}
