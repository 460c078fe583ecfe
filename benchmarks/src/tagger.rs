//! The way from samples to tags: resampling, front end, network, window.

use std::sync::Arc;

use anyhow::{Context, Result};
use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tagger;

use crate::networks::numbers;
use crate::report::Table;
use crate::rounds::{Contender, Effort, Ours, time};

const RATE: u32 = 48_000;
/// The shipped model.
const MODEL: &[u8] = include_bytes!("../../models/esc10.safetensors");

/// Four seconds of sound at 48 kHz, with short and long windows, and read more or less often: tags
/// come with every column, so reading them rarely means large blocks and reading often small ones.
pub(crate) fn tables(effort: Effort) -> Result<Vec<Table>> {
    let model = Arc::new(Model::from_bytes(MODEL).context("the shipped model")?);
    let samples = Arc::new(numbers(4 * RATE as usize, 9));
    let mut contenders: Vec<(String, Box<dyn Contender>)> = Vec::new();
    for (window_s, refreshes) in [(1.0, 6), (10.0, 6), (2.0, 1), (2.0, 6), (2.0, 50)] {
        let mut tagger = Tagger::new(model.clone(), RATE, window_s)?;
        let (samples, block) = (samples.clone(), RATE as usize / refreshes);
        let run = Ours(move || {
            for block in samples.chunks(block) {
                tagger.push(block, &mut |tags| {
                    std::hint::black_box(tags.probabilities);
                });
            }
            Ok(())
        });
        let name = format!("window {window_s} s, {refreshes} blocks a second");
        contenders.push((name, Box::new(run)));
    }
    let timings = time("from samples to tags", contenders, effort);
    let title = "From samples to tags: 4 s at 48 kHz, `esc10`";
    Ok(vec![Table::new(title, timings)])
}
