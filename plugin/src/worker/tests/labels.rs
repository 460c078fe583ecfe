//! Settings of single labels: thresholds and notes.

use super::*;
use crate::settings::Edit;

/// The notes of the rooster at these settings: key and velocity of each note-on.
fn notes_on(bench: &Bench) -> Vec<(u8, f32)> {
    put(&bench.params.window, 0.5);
    put(&bench.params.notes, true);
    let mut tap = bench.start(true);
    let mut sound = rooster();
    sound.extend(vec![0.0; RATE as usize]);
    let mut played = Vec::new();
    for block in sound.chunks(512) {
        tap.write(&[block, block], Listen::Mix);
        tap.play_notes(block.len(), true, |_, note| {
            played.extend(note.velocity.map(|velocity| (note.key, velocity)));
        });
    }
    bench.worker.stop(true);
    played
}

/// The model's most probable label for the rooster.
fn best() -> (String, f32) {
    let (_, probabilities) = engine_says(&rooster(), 0.5);
    let model = Library::with_folders(vec![]).default_model();
    let best = hamiltone_engine::tagging::top(&probabilities, 1)[0];
    (model.card().labels[best].clone(), probabilities[best])
}

#[test]
fn a_threshold_of_a_label_turns_it_on_whatever_the_common_one_says() {
    let (label, probability) = best();
    let bench = Bench::new();
    put(&bench.params.threshold, 1.0);
    assert_eq!(notes_on(&bench), [], "nothing is certain");
    bench.set(|settings| {
        settings.apply(Edit::LabelThreshold {
            label: label.clone(),
            threshold: Some(0.5 * probability),
        });
        settings.apply(Edit::LabelNote {
            label: label.clone(),
            note: crate::settings::LabelNote {
                note: Some(99),
                velocity: crate::settings::Velocity::Fixed,
                ..Default::default()
            },
        });
    });
    let notes = notes_on(&bench);
    assert!(!notes.is_empty(), "{label} {probability}");
    assert!(
        notes.iter().all(|note| *note == (99, 100.0 / 127.0)),
        "{notes:?}"
    );
}

/// The labels of the events in the timeline of the rooster, with a threshold for one label.
fn events_with(label: &str, threshold: f32) -> Vec<String> {
    let bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| {
        settings.bounce_folder = Some(folder.clone());
        settings.bounce_formats = vec!["json".to_owned()];
        settings.thresholds.set(label, Some(threshold));
    });
    notes_on(&bench);
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let timeline: hamiltone_engine::timeline::Timeline =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    timeline
        .events
        .into_iter()
        .map(|event| event.label)
        .collect()
}

#[test]
fn timelines_follow_the_thresholds_of_labels() {
    let (label, probability) = best();
    assert!(events_with(&label, 0.5 * probability).contains(&label));
    assert!(!events_with(&label, 1.0).contains(&label));
}

#[test]
fn thresholds_of_labels_do_not_apply_where_labels_are_chosen_from() {
    let (label, _) = best();
    let mut bench = Bench::new();
    bench.set(|settings| {
        settings.thresholds.set(&label, Some(0.01));
        settings.among = vec![label.clone(), "Silence".to_owned()];
    });
    let mut tap = bench.start(false);
    play(&mut tap, &rooster());
    let chosen = bench.wait("a choice", |s| s.time_s > 1.0 && s.choosing[0]);
    let levels: Vec<f32> = chosen.on_levels;
    assert!(levels.iter().all(|level| *level >= 0.5), "{levels:?}");
    let unlikely = chosen
        .smoothed
        .iter()
        .zip(&chosen.on)
        .filter(|(p, on)| **p < 0.3 && **on);
    assert_eq!(unlikely.count(), 0);
}

#[test]
fn what_was_sent_is_published() {
    let (label, probability) = best();
    let mut bench = Bench::new();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    bench.set(|settings| {
        settings.thresholds.set(&label, Some(0.5 * probability));
        settings.osc.port = socket.local_addr().unwrap().port();
    });
    put(&bench.params.window, 0.5);
    put(&bench.params.notes, true);
    put(&bench.params.osc, true);
    let mut tap = bench.start(false);
    play(&mut tap, &rooster());
    let sent = bench.wait("a note", |s| s.sent.note.is_some() && s.sent.messages > 0);
    let note = sent.sent.note.unwrap();
    assert!(note.s_ago < 60.0 && sent.sent.osc_s_ago.unwrap() < 60.0);
    assert!(sent.label(note.label).is_some());
}
