//! What leaves the plugin beside the sound: timelines of renders, notes.

use std::path::Path;

use hamiltone_engine::model::Library;
use hamiltone_engine::tagging::Tagger;
use hamiltone_engine::timeline::{EventSettings, Recorder, Timeline};
use hamiltone_tests::demo::{self, Audio};
use hamiltone_tests::host::{Layout, Note, Plugin, set_parameter};
use hamiltone_tests::permission;
use hamiltone_tests::state::State;
use serde_json::json;

use super::open;

/// Ten seconds of the demo.
pub(super) fn sound() -> Audio {
    let Audio {
        sample_rate,
        mut samples,
    } = demo::audio().unwrap();
    samples.truncate(10 * sample_rate as usize);
    Audio {
        sample_rate,
        samples,
    }
}

pub(super) fn set(plugin: &mut Plugin, change: impl FnOnce(&mut State)) {
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    change(&mut state);
    plugin.load(&state.to_bytes()).unwrap();
}

/// Renders in blocks of `block` frames from `begin_s` of the host's timeline on.
fn render(plugin: &mut Plugin, audio: &Audio, block: usize, begin_s: f64, offline: bool) {
    plugin.set_offline(offline).unwrap();
    let mut stream = plugin
        .start(Layout::Stereo, audio.sample_rate, block)
        .unwrap();
    stream.play_from(Some(begin_s));
    let both = [audio.samples.clone(), audio.samples.clone()];
    stream.render(&both, block).unwrap();
    plugin.stop(stream);
}

pub(super) fn timelines(folder: &Path) -> Vec<(String, Timeline)> {
    let mut found: Vec<(String, Timeline)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let timeline = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                timeline,
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What `hamiltone analyze` does with a file, without the file.
pub(super) fn as_a_file(audio: &Audio) -> Timeline {
    let model = Library::with_folders(vec![]).default_model();
    let mut recorder = Recorder::new(&model, 2.0, EventSettings::of(model.card()));
    let mut tagger = Tagger::new(model, audio.sample_rate, 2.0).unwrap();
    tagger.push(&audio.samples, &mut |tags| recorder.push(tags));
    tagger.finish(&mut |tags| recorder.push(tags));
    recorder.finish("file", audio.seconds())
}

pub(super) fn assert_agree(bounce: &Timeline, file: &Timeline, what: &str) {
    assert_eq!(bounce.columns.len(), file.columns.len(), "{what}");
    for (ours, theirs) in bounce.columns.iter().zip(file.columns.iter()) {
        assert!((ours.time_s - theirs.time_s).abs() < 1e-6, "{what}");
        for ((_, p), (_, q)) in ours.top().zip(theirs.top()) {
            assert!(
                (p - q).abs() < 1e-4,
                "{what} at {} s: {p} and {q}",
                ours.time_s
            );
        }
    }
    let on = |timeline: &Timeline| -> Vec<String> {
        timeline
            .events
            .iter()
            .map(|event| event.label.clone())
            .collect()
    };
    assert_eq!(on(bounce), on(file), "{what}");
    assert!(bounce.gaps.is_empty(), "{what}: {:?}", bounce.gaps);
}

#[test]
fn a_bounce_in_any_blocks_told_or_by_its_pace_equals_the_file() {
    let audio = sound();
    let file = as_a_file(&audio);
    for (block, offline) in [
        (64, true),
        (512, true),
        (8192, true),
        (512, false),
        (2048, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        permission::allow(folder.path()).unwrap();
        let mut plugin = open();
        set(&mut plugin, |state| {
            state
                .set_setting("bounce_folder", json!(folder.path()))
                .unwrap();
            state.set_setting("bounce_formats", json!([])).unwrap(); // all
        });
        render(&mut plugin, &audio, block, 3600.5, offline);
        let timelines = timelines(folder.path());
        let what = format!("blocks of {block}, told: {offline}");
        assert_eq!(timelines.len(), 1, "{what}");
        let (name, timeline) = &timelines[0];
        assert!(name.contains("_at_01-00-00.500"), "{what}: {name}");
        assert!(
            (timeline.start_s - 3600.5).abs() < 1e-6,
            "{what}: {}",
            timeline.start_s
        );
        assert!(
            (timeline.duration_s - audio.seconds()).abs() < 1e-6,
            "{what}"
        );
        assert_agree(timeline, &file, &what);
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(
            files,
            hamiltone_exports::Format::ALL.len(),
            "{what}: a file for each format"
        );
    }
}

#[test]
fn a_bounce_without_a_folder_waits_and_is_written_when_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    permission::allow(folder.path()).unwrap();
    let mut plugin = open();
    let mut audio = sound();
    audio.samples.truncate(3 * audio.sample_rate as usize);
    render(&mut plugin, &audio, 512, 0.0, true);
    set(&mut plugin, |state| {
        state
            .set_setting("bounce_folder", json!(folder.path()))
            .unwrap();
        state
            .set_setting("bounce_formats", json!(["json"]))
            .unwrap();
    });
    let start = std::time::Instant::now();
    while timelines(folder.path()).is_empty() {
        assert!(start.elapsed().as_secs() < 20, "nothing was written");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn notes(block: usize) -> Vec<Note> {
    let audio = sound();
    let mut plugin = open();
    set(&mut plugin, |state| {
        let few_labels = json!({ "name": "esc10" });
        state.set_setting("model", few_labels).unwrap();
    });
    let parameters = plugin.parameters().unwrap();
    let named = |name: &str| parameters.iter().find(|p| p.name == name).unwrap().id;
    plugin.set_offline(true).unwrap();
    let mut stream = plugin
        .start(Layout::Stereo, audio.sample_rate, 8192)
        .unwrap();
    stream.play_from(Some(0.0));
    // A block of nothing tells the parameter before the sound begins.
    let events = set_parameter(named("Send notes"), 1.0);
    stream.process_with(1, &events.as_input()).unwrap();
    stream.play_from(Some(0.0));
    let both = [audio.samples.clone(), audio.samples];
    stream.render(&both, block).unwrap();
    let notes = stream.notes().to_vec();
    plugin.stop(stream);
    notes
}

#[test]
fn notes_come_at_the_same_frame_in_any_blocks() {
    let expected = notes(512);
    assert!(
        expected.iter().any(|note| note.velocity.is_some()),
        "{expected:?}"
    );
    for note in &expected {
        assert!(
            (36..46).contains(&note.key),
            "ten labels from C1 on: {note:?}"
        );
        assert!(
            note.velocity
                .is_none_or(|velocity| (0.29..=1.0).contains(&velocity))
        );
    }
    for block in [64, 8192] {
        assert_eq!(notes(block), expected, "blocks of {block}");
    }
}
