//! How fast the teacher judges: `cargo run --release -p hamiltone-research --example
//! teacher_throughput TEACHER`, with TEACHER the file mn04_audioset527.onnx. One thread.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use hamiltone_research::teacher::{Mn04, RATE};

const REPEATS: usize = 15;

fn main() -> anyhow::Result<()> {
    let file = std::env::args()
        .nth(1)
        .context("usage: teacher_throughput TEACHER")?;
    let teacher = Mn04::open(Path::new(&file))?;
    for seconds in [2usize, 5, 10] {
        let count = seconds * RATE as usize;
        let samples: Vec<f32> = (0..count).map(|n| 0.1 * (n as f32).sin()).collect();
        let start = Instant::now();
        teacher.prepare(count)?;
        let planning = start.elapsed();
        let mel = median(|| teacher.mel(&samples).map(drop))?;
        let whole = median(|| teacher.judge(&samples).map(drop))?;
        println!(
            "{seconds} s: {:.0} s of audio a second (spectrogram {:.1} ms, all {:.1} ms; plan {planning:?})",
            seconds as f64 / whole,
            mel * 1e3,
            whole * 1e3
        );
    }
    Ok(())
}

/// Seconds that some work takes.
fn median(work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[REPEATS / 2])
}
