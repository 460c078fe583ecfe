use serde_json::{Value, json};

use super::*;

/// Settings that a newer program saved: every object has a field that this one does not know.
fn newer() -> Value {
    json!({
        "version": 9,
        "model": { "name": "general", "hash": null, "path": null, "gain_db": 3 },
        "compare": { "name": "esc10", "hash": null, "path": null, "gain_db": -2 },
        "report_folder": null,
        "bounce_folder": null,
        "bounce_formats": ["csv", "hologram", "json"],
        "pinned": ["Music"],
        "hidden": ["Dog"],
        "groups_hidden": ["nature"],
        "among": [],
        "thresholds": { "Dog": 0.5 },
        "notes": {
            "first_note": 36, "channel": 1, "order": "likely", "tuning": 442,
            "labels": { "Dog": { "note": 40, "channel": null, "velocity": "hard", "on": true } },
        },
        "osc": { "host": "127.0.0.1", "port": 9000, "updates_per_second": 10, "prefix": "/stage" },
        "colours": { "accent": "#73C4FF", "levels": [0.5, 1] },
    })
}

/// What `edit` makes of the newer settings, as they are saved.
fn edited(edit: Edit) -> Value {
    let mut settings: Settings = serde_json::from_value(newer()).unwrap();
    settings.apply(edit);
    serde_json::to_value(settings).unwrap()
}

fn choice(name: &str) -> ModelChoice {
    ModelChoice {
        name: Some(name.to_owned()),
        ..ModelChoice::default()
    }
}

#[test]
fn each_edit_changes_what_it_means_and_nothing_else() {
    let music = || "Music".to_owned();
    let owls = json!({ "name": "owls", "hash": null, "path": null });
    for (edit, changes) in [
        (
            Edit::ChooseModel(choice("owls")),
            vec![("/model", owls.clone())],
        ),
        (Edit::Compare(choice("owls")), vec![("/compare", owls)]),
        (Edit::StopComparing, vec![("/compare", Value::Null)]),
        (
            Edit::SwapModels,
            vec![
                ("/model", newer()["compare"].clone()),
                ("/compare", newer()["model"].clone()),
            ],
        ),
        (
            Edit::Pin("Speech".to_owned()),
            vec![("/pinned", json!(["Music", "Speech"]))],
        ),
        (Edit::Pin(music()), vec![]),
        (Edit::Unpin(music()), vec![("/pinned", json!([]))]),
        (Edit::UnpinAll, vec![("/pinned", json!([]))]),
        (
            Edit::Hide(music()),
            vec![("/pinned", json!([])), ("/hidden", json!(["Dog", "Music"]))],
        ),
        (Edit::ShowHidden, vec![("/hidden", json!([]))]),
        (
            Edit::ShowGroup {
                group: "voice".to_owned(),
                shown: false,
            },
            vec![("/groups_hidden", json!(["nature", "voice"]))],
        ),
        (
            Edit::ShowGroup {
                group: "nature".to_owned(),
                shown: true,
            },
            vec![("/groups_hidden", json!([]))],
        ),
        (
            Edit::ChooseAmong(vec!["genres".to_owned()]),
            vec![("/among", json!(["genres"]))],
        ),
        (
            Edit::LabelThreshold {
                label: music(),
                threshold: Some(7.0),
            },
            vec![("/thresholds/Music", json!(1.0))],
        ),
        (
            Edit::LabelThreshold {
                label: "Dog".to_owned(),
                threshold: None,
            },
            vec![("/thresholds", json!({}))],
        ),
        (
            Edit::LabelNote {
                label: "Dog".to_owned(),
                note: LabelNote::default(),
            },
            vec![("/notes/labels", json!({}))],
        ),
        (Edit::FirstNote(60), vec![("/notes/first_note", json!(60))]),
        (
            Edit::FirstNote(200),
            vec![("/notes/first_note", json!(127))],
        ),
        (Edit::NoteChannel(10), vec![("/notes/channel", json!(10))]),
        (Edit::NoteChannel(0), vec![]),
        (
            Edit::OscDestination {
                host: "::1".to_owned(),
                port: 8000,
            },
            vec![("/osc/host", json!("::1")), ("/osc/port", json!(8000))],
        ),
        (
            Edit::OscRate(500),
            vec![("/osc/updates_per_second", json!(100))],
        ),
        (
            Edit::BounceFolder("/music".into()),
            vec![("/bounce_folder", json!("/music"))],
        ),
    ] {
        let mut expected = newer();
        for (pointer, value) in changes {
            let (object, name) = pointer.rsplit_once('/').unwrap();
            expected.pointer_mut(object).unwrap()[name] = value;
        }
        // Empty maps are not saved.
        for (object, name) in [("", "thresholds"), ("/notes", "labels")] {
            let object = expected
                .pointer_mut(object)
                .unwrap()
                .as_object_mut()
                .unwrap();
            object.retain(|key, value| key != name || *value != json!({}));
        }
        assert_eq!(edited(edit.clone()), expected, "{edit:?}");
    }
}

#[test]
fn formats_are_switched_one_by_one_and_the_last_one_stays() {
    let format = |name: &str| name.parse::<Format>().unwrap();
    let set = |settings: &mut Settings, name: &str, written| {
        settings.apply(Edit::BounceFormat {
            format: format(name),
            written,
        });
    };
    let mut settings: Settings = serde_json::from_value(newer()).unwrap();
    set(&mut settings, "csv", false);
    assert_eq!(settings.bounce_formats(), [format("json")]);
    set(&mut settings, "json", false);
    assert_eq!(settings.bounce_formats(), [format("json")]);
    set(&mut settings, "csv", true);
    assert!(settings.bounce_formats.contains(&"hologram".to_owned()));
    assert_eq!(settings.bounce_formats().len(), 2);
    // An empty list is all of them.
    let mut all = Settings::default();
    all.bounce_formats.clear();
    set(&mut all, "csv", false);
    assert_eq!(all.bounce_formats().len(), Format::ALL.len() - 1);
    assert!(!all.bounce_formats().contains(&format("csv")));
}

#[test]
fn swapping_without_a_second_model_changes_nothing() {
    let mut settings = Settings::default();
    settings.apply(Edit::SwapModels);
    assert_eq!(settings, Settings::default());
}

#[test]
fn a_set_of_notes_replaces_the_special_notes_and_the_thresholds_of_its_labels() {
    let mut settings: Settings = serde_json::from_value(newer()).unwrap();
    settings.thresholds.set("Rain", Some(0.2));
    let note = LabelNote {
        note: Some(50),
        ..LabelNote::default()
    };
    let mut set = NoteSet {
        notes: vec![("Rain".to_owned(), note.clone())],
        ..NoteSet::default()
    };
    set.thresholds.set("Rain", Some(0.9));
    settings.apply(Edit::NoteSet(set));
    assert_eq!(settings.notes.labels, [("Rain".to_owned(), note)].into());
    let thresholds: Vec<_> = settings.thresholds.iter().collect();
    assert_eq!(thresholds, [("Dog", 0.5), ("Rain", 0.9)]);
    settings.apply(Edit::NoteOrder(NoteOrder::Model));
    assert!(settings.notes.labels.is_empty());
    assert_eq!(settings.notes.order, NoteOrder::Model);
}
