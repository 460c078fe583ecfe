//! The choice of a model: another number of labels, a file that is gone or damaged.

use std::path::Path;

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Library, ModelFile, TaskKind};
use hamiltone_engine::network::Architecture;
use hamiltone_tests::demo::{self, Audio};
use hamiltone_tests::host::{Layout, Plugin};
use hamiltone_tests::permission;
use hamiltone_tests::report::{Tags, read_tags};
use hamiltone_tests::state::State;
use serde_json::{Value, json};

use super::open;

/// A model with three labels that always says "second": weights of zero, and one bias.
fn write_stubborn_model(path: &Path) {
    let labels = ["first", "second", "third"].map(str::to_owned).to_vec();
    let architecture = Architecture::qcnn10(0.25, labels.len());
    let features = FeatureSettings::default();
    let weights = architecture
        .parameters(features.mel_bands)
        .into_iter()
        .map(|shape| {
            let one = if shape.name.ends_with("variance") {
                1.0
            } else {
                0.0
            };
            let mut values = vec![one; shape.count()];
            if shape.name == "head.output.bias" {
                values[1] = 3.0;
            }
            (shape.name, values)
        })
        .collect();
    let mut card = Library::with_folders(vec![]).default_model().card().clone();
    card.name = "stubborn".to_owned();
    card.task = TaskKind::SingleLabel;
    card.labels = labels;
    (card.groups, card.class_statistics, card.calibration) = (Vec::new(), None, None);
    (card.parents, card.choices) = (Vec::new(), Vec::new());
    card.features = features;
    card.architecture = architecture;
    ModelFile::seal(card, weights).unwrap().write(path).unwrap();
}

fn set(plugin: &mut Plugin, change: impl FnOnce(&mut State)) {
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    change(&mut state);
    plugin.load(&state.to_bytes()).unwrap();
}

fn choose(plugin: &mut Plugin, model: &Value) {
    set(plugin, |state| {
        state.set_setting("model", model.clone()).unwrap()
    });
}

fn rain() -> Audio {
    let Audio {
        sample_rate,
        samples,
    } = demo::audio().unwrap();
    let second = sample_rate as usize;
    Audio {
        sample_rate,
        samples: samples[3 * second..6 * second].to_vec(),
    }
}

fn tags_of(plugin: &mut Plugin) -> Vec<Tags> {
    let folder = tempfile::tempdir().unwrap();
    permission::allow(folder.path()).unwrap();
    demo::render(plugin, &rain(), 512, folder.path(), |_| {}).unwrap();
    read_tags(folder.path()).unwrap()
}

#[test]
fn two_instances_with_different_models_and_windows_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    permission::allow(folder.path()).unwrap();
    let model = folder.path().join("stubborn.safetensors");
    write_stubborn_model(&model);
    let (mut ours, mut theirs) = (open(), open());
    choose(
        &mut theirs,
        &json!({ "name": null, "hash": null, "path": model }),
    );
    let reports = ["ours", "theirs"].map(|name| folder.path().join(name));
    for (plugin, report) in [&mut ours, &mut theirs].into_iter().zip(&reports) {
        set(plugin, |state| {
            state.set_setting("report_folder", json!(report)).unwrap()
        });
        plugin.set_offline(true).unwrap();
    }
    let audio = rain();
    let sound = vec![audio.samples; 2];
    let mut streams = [
        ours.start(Layout::Stereo, audio.sample_rate, 512).unwrap(),
        theirs
            .start(Layout::Stereo, audio.sample_rate, 512)
            .unwrap(),
    ];
    std::thread::scope(|scope| {
        for stream in &mut streams {
            scope.spawn(|| assert_eq!(stream.render(&sound, 512).unwrap(), sound));
        }
    });
    let [first, second] = streams;
    ours.stop(first);
    theirs.stop(second);
    for report in &reports {
        let timeline = report.join("timeline.json");
        hamiltone_tests::report::wait_for(&timeline, std::time::Duration::from_secs(10)).unwrap();
    }
    let ours = read_tags(&reports[0]).unwrap();
    let theirs = read_tags(&reports[1]).unwrap();
    assert!(!ours.is_empty() && !theirs.is_empty());
    assert!(
        theirs
            .iter()
            .all(|tags| tags.top[0].label == "second" && tags.top.len() == 3)
    );
    assert!(ours.iter().all(|tags| tags.top[0].label != "second"));
}

#[test]
fn a_model_with_other_labels_swaps_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    permission::allow(folder.path()).unwrap();
    let model = folder.path().join("stubborn.safetensors");
    write_stubborn_model(&model);
    let mut plugin = open();
    let built_in = tags_of(&mut plugin);
    choose(
        &mut plugin,
        &json!({ "name": null, "hash": null, "path": model }),
    );
    assert!(
        tags_of(&mut plugin)
            .iter()
            .all(|tags| tags.top[0].label == "second")
    );
    choose(
        &mut plugin,
        &json!({ "name": null, "hash": null, "path": null }),
    );
    assert_eq!(tags_of(&mut plugin), built_in);
}

#[test]
fn a_missing_or_damaged_model_loses_neither_the_sound_nor_the_choice() {
    let folder = tempfile::tempdir().unwrap();
    permission::allow(folder.path()).unwrap();
    let damaged = folder.path().join("damaged.safetensors");
    let truncated = folder.path().join("truncated.safetensors");
    std::fs::write(&damaged, [0xff; 1000]).unwrap();
    write_stubborn_model(&truncated);
    let whole = std::fs::read(&truncated).unwrap();
    std::fs::write(&truncated, &whole[..whole.len() / 2]).unwrap();
    let gone = folder.path().join("gone.safetensors");
    for path in [
        gone,
        damaged,
        truncated,
        folder.path().to_owned(),
        "/dev/zero".into(),
    ] {
        let mut plugin = open();
        permission::allow(&path).unwrap();
        let choice = json!({ "name": "owls", "hash": null, "path": path });
        choose(&mut plugin, &choice);
        let sound = vec![rain().samples; 2];
        let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
        assert_eq!(
            stream.render(&sound, 512).unwrap(),
            sound,
            "{}",
            path.display()
        );
        plugin.stop(stream);
        let state = State::parse(&plugin.save().unwrap()).unwrap();
        assert_eq!(state.field("settings").unwrap()["model"], choice);
        // And a good choice works again.
        choose(
            &mut plugin,
            &json!({ "name": null, "hash": null, "path": null }),
        );
        assert!(!tags_of(&mut plugin).is_empty());
    }
}
