//! The demo audio for hosts, and what comes back from them.

use std::fs;
use std::path::Path;

use hamiltone_engine::model::Library;
use hamiltone_engine::tagging::Tagger;
use hamiltone_engine::timeline::{Column, EventSettings, Recorder, Timeline};
use hamiltone_tests::demo::Audio;
use hamiltone_tests::permission;
use hamiltone_tests::state::State;
use serde_json::json;

/// 32-bit floats in a WAV file.
const FLOAT: u16 = 3;

/// One channel of little-endian floats without a header.
pub(crate) fn raw(audio: &Audio) -> Vec<u8> {
    let samples = audio.samples.iter();
    samples.flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A WAV file of one channel.
pub(crate) fn wav(audio: &Audio) -> Vec<u8> {
    let data = raw(audio);
    let length = u32::try_from(data.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(FLOAT.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(audio.sample_rate.to_le_bytes());
    wav.extend((audio.sample_rate * 4).to_le_bytes());
    wav.extend(4_u16.to_le_bytes());
    wav.extend(32_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(data);
    wav
}

/// The samples of a WAV file of floats, channel after channel in each frame.
pub(crate) fn read_wav(path: &Path) -> Vec<f32> {
    let file = fs::read(path).unwrap();
    assert!(file.starts_with(b"RIFF"), "{} is no WAV", path.display());
    let mut chunks = &file[12..];
    while let Some((header, rest)) = chunks.split_first_chunk::<8>() {
        let (name, length) = header.split_at(4);
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        if name == b"fmt " {
            assert_eq!(rest[..2], FLOAT.to_le_bytes(), "not floats");
        }
        if name == b"data" {
            let (samples, _) = rest[..length].as_chunks();
            return samples.iter().copied().map(f32::from_le_bytes).collect();
        }
        chunks = &rest[(length + length % 2)..];
    }
    panic!("{} has no samples", path.display());
}

/// A preset with `folder` as the folder of bounces, of which only the JSON is written.
pub(crate) fn preset(folder: &Path) -> Vec<u8> {
    permission::allow(folder).unwrap();
    let mut state = State(json!({ "version": "0.1.0", "params": {}, "fields": {} }));
    let settings = json!({ "bounce_folder": folder, "bounce_formats": ["json"] });
    state.set_field("settings", &settings);
    state.to_vst3_preset()
}

/// What `hamiltone analyze` does with a file, without the file.
fn as_a_file(audio: &Audio) -> Timeline {
    let model = Library::with_folders(vec![]).default_model();
    let mut recorder = Recorder::new(&model, 2.0, EventSettings::of(model.card()));
    let mut tagger = Tagger::new(model, audio.sample_rate, 2.0).unwrap();
    tagger.push(&audio.samples, &mut |tags| recorder.push(tags));
    tagger.finish(&mut |tags| recorder.push(tags));
    recorder.finish("file", audio.seconds())
}

/// Asserts that a host's render left one timeline in `folder`, of every frame of `audio`, and that it
/// says what the file's own would. The host may render up to `tail` frames more.
pub(crate) fn assert_bounced(folder: &Path, audio: &Audio, tail: u32) {
    let paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    let bounce: Timeline = serde_json::from_slice(&fs::read(&paths[0]).unwrap()).unwrap();
    let file = as_a_file(audio);
    assert!(bounce.gaps.is_empty(), "{:?}", bounce.gaps);
    assert_eq!(bounce.start_s, 0.0);
    let more_s = bounce.duration_s - audio.seconds();
    let tail_s = f64::from(tail) / f64::from(audio.sample_rate);
    assert!((-1e-6..tail_s + 1e-6).contains(&more_s), "{more_s} s more");
    let within = |column: &Column| column.time_s <= audio.seconds();
    let columns = bounce.columns.iter().filter(within).count();
    assert_eq!(columns, file.columns.len());
    for (ours, theirs) in bounce.columns.iter().zip(file.columns.iter()) {
        assert!((ours.time_s - theirs.time_s).abs() < 1e-6);
        for ((_, p), (_, q)) in ours.top().zip(theirs.top()) {
            assert!((p - q).abs() < 1e-4, "at {} s: {p} and {q}", ours.time_s);
        }
    }
    let labels = |timeline: &Timeline| -> Vec<String> {
        let events = timeline.events.iter();
        events.map(|event| event.label.clone()).collect()
    };
    assert_eq!(labels(&bounce), labels(&file));
}
