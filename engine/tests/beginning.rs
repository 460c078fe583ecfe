//! Streams, files and jumps begin as after a long silence.

mod common;

use std::sync::Arc;

use common::{model_file, small_of_all_kinds, sound};
use hamiltone_engine::features::{COMPONENTS, Components, FeatureSettings, FrontEnd};
use hamiltone_engine::model::{Model, ModelFile};
use hamiltone_engine::network::streaming::StreamingNetwork;
use hamiltone_engine::tagging::Tagger;

const RATE: usize = 32_000;
/// Samples of a column of 16 frames.
const COLUMN: usize = 16 * 320;

fn models() -> impl Iterator<Item = Arc<Model>> {
    small_of_all_kinds(4).into_iter().map(|architecture| {
        let bytes = model_file(architecture, 3).to_bytes().unwrap();
        Arc::new(Model::from_bytes(&bytes).unwrap())
    })
}

fn general_half() -> Arc<Model> {
    Arc::new(Model::from_bytes(hamiltone_models::GENERAL_HALF).unwrap())
}

/// Time and probabilities of every column.
fn tags(tagger: &mut Tagger, samples: &[f32]) -> Vec<(f64, Vec<f32>)> {
    let mut all = Vec::new();
    tagger.push(samples, &mut |tags| {
        all.push((tags.time_s, tags.probabilities.to_vec()));
    });
    all
}

/// Frames and columns of a stream that begins after silence are those that come after ten seconds of it, to the bit.
#[test]
fn the_state_is_that_of_ten_seconds_of_silence() {
    for components in [
        Components::Deltas,
        Components::PowerDeltas,
        Components::MelDeltas,
        Components::Copies,
    ] {
        let settings = FeatureSettings {
            components,
            ..FeatureSettings::default()
        };
        let samples = sound(RATE, 5);
        let silence = vec![0.0; 10 * RATE];
        let collect = |front_end: &mut FrontEnd, samples: &[f32]| {
            let mut frames = Vec::new();
            front_end.push(samples, &mut |frame| frames.extend_from_slice(frame));
            frames
        };
        let (mut fresh, silent_frame) = FrontEnd::after_silence(&settings);
        let frames = collect(&mut fresh, &samples);
        let (mut settled, _) = FrontEnd::after_silence(&settings);
        let of_silence = collect(&mut settled, &silence);
        let size = COMPONENTS * settings.mel_bands;
        assert!(of_silence.chunks(size).all(|f| f == silent_frame));
        assert_eq!(collect(&mut settled, &samples), frames, "{components:?}");
        // From nothing: the deltas of the first row are gone by then.
        let mut cold = FrontEnd::new(&settings);
        collect(&mut cold, &silence);
        assert_eq!(collect(&mut cold, &samples), frames, "{components:?}");
        fresh.reset();
        assert_eq!(collect(&mut fresh, &samples), frames, "{components:?}");
        // The first frame that begins at the first sample is at its place among them.
        let before = FrontEnd::frames_before(&settings);
        let from_nothing = collect(&mut FrontEnd::new(&settings), &samples);
        let count = |frames: &[f32]| frames.len() / size;
        assert_eq!(count(&frames), count(&from_nothing) + before);
        let expected = FrontEnd::samples_after_silence(&settings, count(&frames));
        assert!((RATE - settings.hop + 1..=RATE).contains(&expected));
        let row = |frames: &[f32], frame: usize| frames[frame * size..][..64].to_vec();
        assert_eq!(row(&frames, before + 20), row(&from_nothing, 20));
    }
}

#[test]
fn columns_are_those_that_come_after_silence() {
    for model in models().chain([general_half()]) {
        let network = model.network();
        let (mut front_end, silent_frame) = FrontEnd::after_silence(&model.card().features);
        let mut frames = Vec::new();
        front_end.push(&sound(RATE, 4), &mut |f| frames.extend_from_slice(f));
        let column = network.frame_size() * network.architecture().frames_per_column();
        for most_columns in [1, 3, 8] {
            let run = |stream: &mut StreamingNetwork, frames: &[f32]| {
                let mut columns = Vec::new();
                let whole = frames.len() / column * column;
                for chunk in frames[..whole].chunks(most_columns * column) {
                    stream.advance(chunk, &mut |column| columns.push(column.to_vec()));
                }
                columns
            };
            let silence = silent_frame.repeat(50 * 16 * most_columns);
            let mut cold = StreamingNetwork::new(network.clone(), most_columns);
            let of_silence = run(&mut cold, &silence);
            let expected = run(&mut cold, &frames);
            let mut fresh = StreamingNetwork::after(network.clone(), most_columns, &silent_frame);
            assert_eq!(run(&mut fresh, &frames), expected, "{most_columns} columns");
            fresh.reset();
            assert_eq!(run(&mut fresh, &frames), expected, "{most_columns} columns");
            fresh.reset();
            assert_eq!(run(&mut fresh, &silence).last(), of_silence.last());
            // A column's bits depend on its index in the chunk, nothing else.
            let chunks = network.architecture().chunks_of_memory(most_columns);
            let settled = &of_silence[chunks * most_columns..];
            for (column, later) in settled.iter().zip(&settled[most_columns..]) {
                assert_eq!(column, later);
            }
            assert_eq!(fresh.column_before(), of_silence.last().map(Vec::as_slice));
        }
    }
}

#[test]
fn the_first_tags_come_with_the_first_column_that_lies_in_the_stream() {
    for model in models() {
        let card = model.card();
        assert!((card.first_tags_s() - 0.242).abs() < 1e-9);
        assert!((card.column_end_s(2) - card.first_tags_s() - 0.32).abs() < 1e-9);
        let mut tagger = Tagger::new(model.clone(), RATE as u32, 2.0).unwrap();
        let samples = sound(RATE, 6);
        let needed = (card.first_tags_s() * RATE as f64).round() as usize;
        assert!(tags(&mut tagger, &samples[..needed - 1]).is_empty());
        let first = tags(&mut tagger, &samples[needed - 1..needed]);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].0, card.first_tags_s());
    }
}

/// A jump is a beginning: nothing of before is left, wherever the samples were cut.
#[test]
fn after_a_reset_a_tagger_is_a_new_one() {
    for model in models().chain([general_half()]) {
        for rate in [32_000, 44_100] {
            let samples = sound(rate, 7);
            let mut fresh = Tagger::new(model.clone(), rate as u32, 2.0).unwrap();
            let expected = tags(&mut fresh, &samples);
            let mut used = Tagger::new(model.clone(), rate as u32, 2.0).unwrap();
            for played in [1, 1_000, rate / 2, 2 * rate + 77] {
                tags(&mut used, &sound(played, 9));
                used.reset();
                let mut again = Vec::new();
                for block in samples.chunks(played.min(4_096)) {
                    again.extend(tags(&mut used, block));
                }
                assert_eq!(again, expected, "after {played} samples at {rate} Hz");
                used.reset();
            }
        }
    }
}

/// A stream says what the same samples say behind silence, to the bit, whatever the window.
#[test]
fn silence_in_front_changes_nothing() {
    for model in models().chain([general_half()]) {
        for window_s in [0.5, 2.0, 10.0] {
            let samples = sound(2 * RATE, 8);
            let mut fresh = Tagger::new(model.clone(), RATE as u32, window_s).unwrap();
            let alone = tags(&mut fresh, &samples);
            let mut late = Tagger::new(model.clone(), RATE as u32, window_s).unwrap();
            tags(&mut late, &vec![0.0; 80 * COLUMN]);
            let behind = tags(&mut late, &samples);
            let behind = &behind[behind.len() - alone.len()..];
            for (alone, behind) in alone.iter().zip(behind) {
                assert_eq!(alone.1, behind.1, "a window of {window_s} s");
            }
        }
    }
}

/// A hit of a drum: its end comes before the network can tell what it is, and the silence after it counts too.
#[test]
fn a_short_stream_is_followed_by_silence_when_it_ends() {
    for model in models().chain([general_half()]) {
        for milliseconds in [1, 30, 250, 500, 850] {
            let hit = &sound(RATE, 11)[..milliseconds * RATE / 1000];
            let mut short = Tagger::new(model.clone(), RATE as u32, 2.0).unwrap();
            let mut ended = tags(&mut short, hit);
            short.finish(&mut |tags| ended.push((tags.time_s, tags.probabilities.to_vec())));
            let mut goes_on = Tagger::new(model.clone(), RATE as u32, 2.0).unwrap();
            let mut live = tags(&mut goes_on, hit);
            live.extend(tags(&mut goes_on, &vec![0.0; RATE]));
            assert_eq!(ended, live[..5], "{milliseconds} ms");
        }
    }
}

/// Before the fifth column a general tagger's most probable label is "Music" whatever there is.
#[test]
fn the_first_four_columns_have_no_answer_unless_a_label_is_on() {
    for model in models() {
        let mut tagger = Tagger::new(model, RATE as u32, 2.0).unwrap();
        for _ in 0..2 {
            let mut unclear = Vec::new();
            tagger.push(&sound(RATE, 12), &mut |tags| {
                unclear.push(tags.unclear.map(str::to_owned));
            });
            let early = unclear.iter().position(Option::is_none);
            assert_eq!(early, Some(4), "{unclear:?}");
            assert!(
                unclear[..4]
                    .iter()
                    .all(|u| u.as_deref() == Some("no answer yet"))
            );
            tagger.reset();
        }
    }
}

/// Files of before the setting `level` are read as they were; one with it says so.
#[test]
fn a_card_without_a_level_has_none() {
    let [architecture, ..] = small_of_all_kinds(4);
    let file = model_file(architecture, 3);
    let text = serde_json::to_string(&file.card.features).unwrap();
    assert!(!text.contains("level"), "{text}");
    let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
    assert_eq!(read.card.features.level, None);
}

/// What the default model says in the first second of sounds that begin at once: "Music" is not on.
#[test]
fn a_click_and_a_burst_of_noise_are_not_music() {
    let model = general_half();
    let music = model
        .card()
        .labels
        .iter()
        .position(|l| l == "Music")
        .unwrap();
    let mut noise = common::numbers(5);
    let burst: Vec<f32> = (0..RATE).map(|_| 0.2 * noise()).collect();
    let mut click = vec![0.0; RATE];
    click[0] = 0.9;
    for (name, sound) in [("a burst of noise", burst), ("a click", click)] {
        let mut tagger = Tagger::new(model.clone(), RATE as u32, 2.0).unwrap();
        for (time_s, probabilities) in tags(&mut tagger, &sound) {
            assert!(probabilities[music] < 0.3, "{name} at {time_s} s");
        }
    }
}
