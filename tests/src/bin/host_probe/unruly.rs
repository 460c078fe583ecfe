//! Instances on several threads, in a host that does at random what it should not: blocks of any size, positions that
//! stand still or jump, pauses, floods of states (good and bad), parameters and restarts in the middle of anything.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hamiltone_tests::host::{Layout, Plugin, Stream, load_entry, set_parameter};

const THREADS: u64 = 3;
/// The largest block, in frames.
const BLOCK: usize = 4_096;
const RATES: [u32; 5] = [8_000, 44_100, 48_000, 96_000, 192_000];
/// What the memory of the process may grow by in the last three quarters of a run.
const GROWTH: usize = 48 << 20;

/// Repeatable numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % count
    }
}

/// Runs for so many seconds.
///
/// # Errors
/// The sound changes, a call fails that must not, or memory or descriptors grow.
pub(crate) fn run(file: &Path, seed: u64, seconds: u64) -> Result<()> {
    let entry = load_entry(file)?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let quarter = Duration::from_secs(seconds) / 4;
    let (steps, growth) = std::thread::scope(|scope| -> Result<_> {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let entry = &entry;
                let numbers =
                    Numbers((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (thread + 1));
                scope.spawn(move || torment(entry, numbers, end))
            })
            .collect();
        std::thread::sleep(quarter);
        let before = usage()?;
        let mut steps = 0;
        for thread in threads {
            steps += thread
                .join()
                .map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        }
        let after = usage()?;
        Ok((steps, (before, after)))
    })?;
    let ((memory, _), (memory_after, files)) = growth;
    println!(
        "{steps} steps in {seconds} s, seed {seed}: {:.0} MB then {:.0} MB, {files} descriptors",
        memory as f64 / 1e6,
        memory_after as f64 / 1e6
    );
    ensure!(memory_after < memory + GROWTH, "memory grows");
    ensure!(files < 64, "descriptors are left open");
    Ok(())
}

/// Resident bytes and open descriptors of this process.
fn usage() -> Result<(usize, usize)> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = text
        .split(' ')
        .nth(1)
        .context("no resident size")?
        .parse()?;
    Ok((pages * 4096, std::fs::read_dir("/proc/self/fd")?.count()))
}

/// One thread: an instance at a time. Returns the number of steps.
fn torment(
    entry: &clack_host::prelude::PluginEntry,
    mut numbers: Numbers,
    end: Instant,
) -> Result<usize> {
    let mut steps = 0;
    while Instant::now() < end {
        let mut plugin = Plugin::from_entry(entry)?;
        let states = states(&mut plugin)?;
        for _ in 0..=numbers.below(4) {
            plugin.set_offline(numbers.below(4) == 0)?;
            let layout = Layout::ALL[numbers.below(3)];
            let rate = RATES[numbers.below(RATES.len())];
            let mut stream = plugin.start(layout, rate, BLOCK)?;
            for _ in 0..numbers.below(120) {
                steps += 1;
                step(&mut plugin, &mut stream, &states, &mut numbers)?;
            }
            plugin.stop(stream);
            plugin.load(&states[0].0)?;
            if Instant::now() > end {
                break;
            }
        }
    }
    Ok(steps)
}

/// States and whether they must be accepted.
fn states(plugin: &mut Plugin) -> Result<Vec<(Vec<u8>, bool)>> {
    use hamiltone_tests::state::{State, with_length};
    use serde_json::json;
    let good = plugin.save()?;
    let changed = |name: &str, value: serde_json::Value| -> Result<Vec<u8>> {
        let mut state = State::parse(&good)?;
        state.set_setting(name, value)?;
        Ok(state.to_bytes())
    };
    Ok(vec![
        (good.clone(), true),
        (changed("model", json!({ "name": "esc10" }))?, true),
        (changed("model", json!({ "name": "not known" }))?, true),
        (changed("compare", json!({ "name": "esc10" }))?, true),
        (changed("among", json!(["Music", "Speech"]))?, true),
        (changed("report_folder", json!("/not/agreed/to"))?, true),
        (changed("bounce_folder", json!("relative"))?, true),
        (changed("osc", json!({ "host": "192.0.2.1" }))?, true),
        (good[..good.len() / 2].to_vec(), false),
        (with_length(b"[]"), false),
        (vec![0xFF; 4_096], false),
    ])
}

/// One thing that a host does.
fn step(
    plugin: &mut Plugin,
    stream: &mut Stream,
    states: &[(Vec<u8>, bool)],
    numbers: &mut Numbers,
) -> Result<()> {
    match numbers.below(12) {
        0 => {
            for _ in 0..=numbers.below(8) {
                let (state, is_good) = &states[numbers.below(states.len())];
                let loaded = plugin.load(state).is_ok();
                ensure!(loaded == *is_good, "a state was taken: {loaded}");
            }
        }
        1 => drop(plugin.save()?),
        2 => stream.play_from(Some(numbers.below(10_000) as f64 - 100.0)),
        3 => stream.play_from(None),
        4 => stream.stand_still(),
        5 => std::thread::sleep(Duration::from_millis(numbers.below(30) as u64)),
        6 => plugin.pump(),
        _ => {}
    }
    let frames = match numbers.below(4) {
        0 => 1,
        1 => BLOCK,
        _ => 1 + numbers.below(BLOCK),
    };
    let odd = [f32::NAN, f32::INFINITY, f32::MAX, 1e-40, 0.0, 0.3, -0.7];
    let first = numbers.below(odd.len());
    for (channel, samples) in stream.input_mut().iter_mut().enumerate() {
        for (index, sample) in samples[..frames].iter_mut().enumerate() {
            *sample = odd[(first + channel + index / 64) % odd.len()];
        }
    }
    let parameters = plugin.parameters()?;
    let parameter = &parameters[numbers.below(parameters.len())];
    let value = numbers.below(5) as f64 / 4.0;
    stream.process_with(frames, &set_parameter(parameter.id, value).as_input())?;
    let input: Vec<Vec<u32>> = bits(stream.input_mut(), frames);
    ensure!(bits(stream.output(), frames) == input, "the sound changed");
    Ok(())
}

fn bits(channels: &[Vec<f32>], frames: usize) -> Vec<Vec<u32>> {
    let channels = channels.iter();
    channels
        .map(|channel| {
            channel[..frames]
                .iter()
                .map(|sample| sample.to_bits())
                .collect()
        })
        .collect()
}
