//! How fast separable trunks learn beside the shape of `general`: `cargo run --release -p hamiltone-research --example
//! training_step [ROUNDS [TRUNK ...]]`. Steps of 24 crops of 2 s on one thread and on two, the shapes in turn, median of
//! ROUNDS (9) rounds; all trunks, or those that are named. The crops are noise: what they are does not change the time.
//! Processor time is of all threads, and does not depend on what else the machine does.

use std::time::Instant;

use anyhow::Context;
use candle_core::{Device, Tensor};
use clap::ValueEnum;
use cpu_time::ProcessTime;
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::network::{Architecture, Block, TemporalPooling};
use hamiltone_training::run::BareTraining;
use hamiltone_training::trunks::TrunkSize;

/// As in research: what is freed is kept.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CROPS: usize = 24;
const SECONDS: f64 = 2.0;
const LABELS: usize = 527;

fn network(blocks: Vec<Block>) -> Architecture {
    Architecture {
        blocks,
        hidden: 128,
        temporal_pooling: TemporalPooling::Statistics,
        ..Architecture::qcnn10(1.0, LABELS)
    }
}

fn main() -> anyhow::Result<()> {
    let rounds = std::env::args().nth(1);
    let rounds: usize = rounds
        .map_or(Ok(9), |rounds| rounds.parse())
        .context("ROUNDS")?;
    let features = FeatureSettings::default();
    let general = [8, 16, 48, 96].map(|filters| Block::new(vec![filters; 2], true));
    let mut shapes = vec![("general".to_owned(), network(general.to_vec()))];
    for size in TrunkSize::value_variants() {
        let name = size.to_possible_value().context("a named size")?;
        shapes.push((name.get_name().to_owned(), network(size.blocks())));
    }
    let named: Vec<String> = std::env::args().skip(2).collect();
    shapes.retain(|(name, _)| named.is_empty() || named.contains(name));
    let frames = (SECONDS / features.hop_s()) as usize;
    let shape = (CROPS, COMPONENTS, frames, features.mel_bands);
    let crops = Tensor::randn(0f32, 1.0, shape, &Device::Cpu)?;
    let targets = Tensor::full(1.0 / LABELS as f32, (CROPS, LABELS), &Device::Cpu)?;
    println!(
        "| threads | trunk | M multiply-adds a second | crops a second | processor ms | of the first |"
    );
    println!("|---|---|---|---|---|---|");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let mut learners = Vec::new();
        for (name, shape) in &shapes {
            learners.push((name, shape, BareTraining::new(shape, 1)?, Vec::new()));
        }
        for round in 0..=rounds {
            for (.., training, times) in &mut learners {
                let (start, of_processor) = (Instant::now(), ProcessTime::now());
                pool.install(|| training.step(&crops, &targets))?;
                if round > 0 {
                    // The first is a warm-up.
                    let seconds = start.elapsed().as_secs_f64();
                    times.push([seconds, of_processor.elapsed().as_secs_f64()]);
                }
            }
        }
        let mut first = None;
        for (name, shape, _, times) in &learners {
            let [wall, processor] = [0, 1].map(|clock| median(times, clock));
            let first = *first.get_or_insert(processor);
            println!(
                "| {threads} | {name} | {:.0} | {:.0} | {:.0} | {:.2} |",
                shape.multiply_adds_per_second(&features) as f64 / 1e6,
                CROPS as f64 / wall,
                1e3 * processor,
                processor / first
            );
        }
    }
    Ok(())
}

fn median(times: &[[f64; 2]], clock: usize) -> f64 {
    let mut times: Vec<f64> = times.iter().map(|time| time[clock]).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
