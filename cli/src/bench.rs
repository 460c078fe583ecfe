//! `hamiltone bench`: speed from file to tags, on one core and on all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tagger;
use hamiltone_engine::timeline::{EventSettings, Recorder};
use serde_json::json;

use crate::arguments::BenchArguments;
use crate::progress::rounds;
use crate::{Outcome, progress, selection};

const RATE: u32 = 48_000;
/// Rounds; the result is their median.
const ROUNDS: usize = 7;

/// Runs the command.
pub(crate) fn run(arguments: &BenchArguments, quiet: bool) -> Result<Outcome> {
    let model = selection::open(arguments.model.as_deref())?;
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let path = folder.path().join("bench.wav");
    write_sound(&path, arguments.seconds)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tag(&path, &model)?; // warms up
    let (mut one, mut all) = (Vec::new(), Vec::new());
    let bar = rounds(ROUNDS, quiet);
    for _ in 0..ROUNDS {
        one.push(time(&path, &model, 1)?);
        all.push(time(&path, &model, cores)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let seconds = arguments.seconds as f64;
    let one = seconds / median(one).as_secs_f64();
    let all = seconds * cores as f64 / median(all).as_secs_f64();
    let text = if arguments.json {
        let result = json!({
            "model": model.card().name,
            "model_hash": model.hash(),
            "seconds": arguments.seconds,
            "rounds": ROUNDS,
            "cores": cores,
            "times_real_time_one_core": one,
            "times_real_time_all_cores": all,
            "speed_up": all / one,
        });
        serde_json::to_string_pretty(&result)? + "\n"
    } else {
        format!(
            "{}: {} s of 16-bit stereo at 48 kHz per core, including decoding; median of {ROUNDS} \
             rounds\n  one core   {one:8.0} × real time\n  {cores:>3} cores  {all:8.0} × real \
             time ({:.2} × one core)\n",
            model.card().name,
            arguments.seconds,
            all / one
        )
    };
    progress::print(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// Noise with a slow envelope, without silence that could be skipped.
fn write_sound(path: &Path, seconds: usize) -> Result<()> {
    let format = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, format)?;
    let mut random = 1u32;
    for index in 0..seconds * RATE as usize {
        let swell = (index as f32 / RATE as f32).sin().abs();
        for _ in 0..2 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (random >> 16) as f32 / 65_536.0 - 0.5;
            writer.write_sample((noise * swell * 20_000.0) as i16)?;
        }
    }
    Ok(writer.finalize()?)
}

/// Tags a file as `analyze` does.
fn tag(path: &Path, model: &Arc<Model>) -> Result<()> {
    let window_s = model.card().default_window_s;
    let mut file = AudioFile::open(path)?;
    let mut tagger = Tagger::new(model.clone(), file.sample_rate(), window_s)?;
    let mut recorder = Recorder::new(model, window_s, EventSettings::of(model.card()));
    while let Some(samples) = file.next_mono()? {
        tagger.push(samples, &mut |tags| recorder.push(tags));
    }
    tagger.finish(&mut |tags| recorder.push(tags));
    Ok(())
}

/// The time of `threads` threads that each tag the whole file.
fn time(path: &Path, model: &Arc<Model>, threads: usize) -> Result<Duration> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| tag(path, model)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
