//! Runs fuzz targets on changed seeds, without a measure of coverage: for machines without a nightly compiler.
//!
//! `mutate SECONDS SEED [TARGET]…`. Prints a line a target; inputs that break a promise go to `target/findings`, and the
//! exit code is then 1.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hamiltone_fuzz_targets as targets;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 7] = [
    ("model_file", targets::model_file),
    ("plugin_state", targets::plugin_state),
    ("settings", targets::settings),
    ("audio", targets::audio),
    ("journal", targets::journal),
    ("metadata", targets::metadata),
    ("recipe", targets::recipe),
];

/// A longer input is cut.
const LONGEST: usize = 1 << 17;
/// An input that takes longer is a finding.
const PATIENCE: Duration = Duration::from_secs(20);

/// Repeatable numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % count.max(1)
    }
}

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || -> Result<u64> {
        let text = arguments
            .next()
            .context("usage: mutate SECONDS SEED [TARGET]…")?;
        text.parse().with_context(|| text.clone())
    };
    let (seconds, seed) = (number()?, number()?);
    let wanted: Vec<String> = arguments.collect();
    targets::silence_panics();
    let mut findings = 0;
    for (name, target) in TARGETS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            findings += run(name, target, Duration::from_secs(seconds), seed)?;
        }
    }
    Ok(ExitCode::from(u8::from(findings > 0)))
}

/// Runs a target; returns the number of findings.
fn run(name: &str, target: Target, time: Duration, seed: u64) -> Result<usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match name {
        "audio" => root.join("decoding/tests/fixtures"),
        _ => root.join("fuzz/seeds").join(name),
    };
    let seeds = read_seeds(&folder)?;
    let mut numbers = Numbers((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let start = Instant::now();
    let (mut runs, mut findings, mut slowest) = (0_u64, 0, Duration::ZERO);
    while start.elapsed() < time {
        let input = match runs as usize {
            first if first < seeds.len() => seeds[first].clone(),
            _ => changed(&seeds, &mut numbers),
        };
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&input)));
        let took = began.elapsed();
        slowest = slowest.max(took);
        if outcome.is_err() || took > PATIENCE {
            findings += 1;
            let path = keep(&root, name, findings, &input)?;
            println!("{name}: a finding after {took:?}: {}", path.display());
        }
        runs += 1;
    }
    println!(
        "{name}: {runs} inputs from {} seeds in {} s, seed {seed}; slowest {} ms; {findings} findings",
        seeds.len(),
        time.as_secs(),
        slowest.as_millis()
    );
    Ok(findings)
}

fn read_seeds(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let listing = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    ensure!(!paths.is_empty(), "{} has no seeds", folder.display());
    let read = |path: &PathBuf| {
        let mut bytes = std::fs::read(path)?;
        bytes.truncate(LONGEST);
        Ok(bytes)
    };
    paths.iter().map(read).collect()
}

fn keep(root: &Path, name: &str, number: usize, input: &[u8]) -> Result<PathBuf> {
    let folder = root.join("target/findings");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}-{number}"));
    std::fs::write(&path, input)?;
    Ok(path)
}

/// A seed with one to eight changes.
fn changed(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(8) {
        change(&mut bytes, seeds, numbers);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    const ODD: [u32; 8] = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF];
    // Headers are at the beginning.
    let length = if numbers.below(2) == 0 {
        bytes.len()
    } else {
        bytes.len().min(256)
    };
    let at = numbers.below(length + 1).min(bytes.len());
    let end = (at + 1 + numbers.below(16)).min(bytes.len());
    match numbers.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
        1 if at < bytes.len() => bytes[at] = numbers.below(256) as u8,
        2 => drop(bytes.drain(at..end)),
        3 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        4 | 5 => {
            let odd = ODD[numbers.below(ODD.len())];
            let odd = if numbers.below(2) == 0 {
                odd.to_le_bytes()
            } else {
                odd.to_be_bytes()
            };
            let end = (at + 4).min(bytes.len());
            bytes.splice(at..end, odd);
        }
        6 => bytes.truncate(at),
        // Part of another seed.
        _ => {
            let other = &seeds[numbers.below(seeds.len())];
            let from = numbers.below(other.len());
            let to = (from + 1 + numbers.below(64)).min(other.len());
            bytes.splice(at..end, other[from.min(to)..to].iter().copied());
        }
    }
}
