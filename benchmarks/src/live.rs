//! What a model costs while sound comes in real time, as in a plugin: a little of it, then a pause in which the
//! machine does other things and its caches forget.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tagger;

use crate::networks::numbers;
use crate::report::Table;
use crate::rounds::{Contender, Effort, time};

const RATE: u32 = 48_000;
/// Samples that come at once: a usual block of hosts.
const BLOCK: usize = 512;
/// Seconds of sound for each second of effort: a round has a whole second.
const SOUND: f64 = 4.0;
/// The general models inside the programs.
const MODELS: [&[u8]; 2] = [
    include_bytes!("../../models/general-half.safetensors"),
    include_bytes!("../../models/general-quarter.safetensors"),
];

/// Each model with all blocks one after the other, and with each at its time.
pub(crate) fn tables(effort: Effort) -> Result<Vec<Table>> {
    let mut contenders: Vec<(String, Box<dyn Contender>)> = Vec::new();
    for bytes in MODELS {
        let model = Arc::new(Model::from_bytes(bytes).context("a shipped model")?);
        for (pauses, how) in [(false, "one block after the other"), (true, "in real time")] {
            let name = format!("{}, {how}", model.card().name);
            let tagger = Tagger::new(model.clone(), RATE, model.card().default_window_s)?;
            contenders.push((name, Box::new(Live { tagger, pauses })));
        }
    }
    let timings = time("live", contenders, effort);
    let title = "Live: a second at 48 kHz in blocks of 512 (10 ms are 1 % of a core)";
    Ok(vec![Table::new(title, timings)])
}

struct Live {
    tagger: Tagger,
    pauses: bool,
}

impl Contender for Live {
    /// The time on the tagger's side of each second of sound.
    fn run(&mut self, seconds: f64) -> Result<Vec<f64>> {
        let samples = numbers((seconds * SOUND * f64::from(RATE)) as usize, 9);
        let block_time = Duration::from_secs_f64(BLOCK as f64 / f64::from(RATE));
        let (mut busy, mut due) = (Duration::ZERO, Instant::now());
        for block in samples.chunks(BLOCK) {
            if self.pauses {
                due += block_time;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let start = Instant::now();
            self.tagger.push(block, &mut |tags| {
                std::hint::black_box(tags.probabilities);
            });
            busy += start.elapsed();
        }
        Ok(vec![busy.as_secs_f64() / (seconds * SOUND)])
    }
}
