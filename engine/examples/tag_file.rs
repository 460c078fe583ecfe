//! Tags a WAV file: the answer for the whole file, then the events over time.
//!
//! `cargo run --release --example tag_file -- FILE.wav [MODEL.safetensors]`. Without a model the built-in one is used.
//! For other formats decode with `hamiltone-decoding`, or with any other library.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hamiltone_engine::audio::mix_frame;
use hamiltone_engine::model::{Library, Model};
use hamiltone_engine::tagging::{ClipClassifier, Tagger, top};
use hamiltone_engine::timeline::{EventSettings, Recorder};
use hound::{SampleFormat, WavReader};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        return Err("usage: tag_file FILE.wav [MODEL.safetensors]".into());
    };
    let model = match arguments.next() {
        Some(model) => Arc::new(Model::read(model.as_ref())?),
        None => Library::new().default_model(),
    };
    let (mono, sample_rate) = read_mono(path.as_ref())?;
    let labels = &model.card().labels;

    // One answer for the whole file: the probability of each label.
    let mut clip = ClipClassifier::new(model.clone(), sample_rate)?;
    clip.push(&mono);
    let probabilities = clip.finish();
    println!("{} says of the whole file:", model.card().name);
    for label in top(&probabilities, 5) {
        println!(
            "  {:5.1} %  {}",
            100.0 * probabilities[label],
            labels[label]
        );
    }

    // The same samples as a stream: a column of tags every 160 ms, collected into events.
    let window_s = model.card().default_window_s;
    let mut tagger = Tagger::new(model.clone(), sample_rate, window_s)?;
    let mut recorder = Recorder::new(&model, window_s, EventSettings::of(model.card()));
    tagger.push(&mono, &mut |tags| recorder.push(tags));
    tagger.finish(&mut |tags| recorder.push(tags));
    let duration_s = mono.len() as f64 / f64::from(sample_rate);
    let timeline = recorder.finish(&path, duration_s);
    println!("events:");
    for event in &timeline.events {
        println!(
            "  {:7.2} s to {:7.2} s  {} (peak {:.0} %)",
            event.start_s,
            event.end_s,
            event.label,
            100.0 * event.peak_probability
        );
    }
    Ok(())
}

/// The mixdown of a WAV file, −1 to 1, and its sample rate in Hz.
fn read_mono(path: &Path) -> Result<(Vec<f32>, u32), Box<dyn Error>> {
    let reader = WavReader::open(path)?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples().collect::<Result<_, _>>()?,
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample - 1)) as f32;
            let samples = reader.into_samples::<i32>();
            samples
                .map(|sample| sample.map(|sample| scale * sample as f32))
                .collect::<Result<_, _>>()?
        }
    };
    let frames = samples.chunks_exact(usize::from(spec.channels));
    let mono = frames.map(|frame| mix_frame(frame.iter().copied()));
    Ok((mono.collect(), spec.sample_rate))
}
