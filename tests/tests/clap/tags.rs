use hamiltone_tests::demo::{self, Stretch, winner};
use hamiltone_tests::host::{Layout, Plugin};
use hamiltone_tests::permission;
use hamiltone_tests::report::{Tags, read_tags};
use hamiltone_tests::state::State;
use serde_json::{Value, json};

use super::open;

/// The window's length after construction, in seconds.
const WINDOW_S: f64 = 2.0;

fn render(plugin: &mut Plugin, block: usize) -> (Vec<Tags>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let audio = demo::audio().unwrap();
    let mut lines = Vec::new();
    demo::render(plugin, &audio, block, folder.path(), |tags| {
        lines.push(tags.clone())
    })
    .unwrap();
    (lines, folder)
}

/// The stretches of the demo whose most frequent label `is_right` does not accept.
fn wrong(tags: &[Tags], is_right: impl Fn(&Stretch, &str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for stretch in demo::stretches().unwrap() {
        // Only while the window holds nothing else.
        let label = winner(tags, stretch.start_s + WINDOW_S, stretch.end_s);
        let (label, share) = label.expect("there are tags in every stretch");
        if !is_right(&stretch, &label) {
            let share = share * 100.0;
            wrong.push(format!(
                "{} tagged as {label} ({share:.0} %)",
                stretch.label
            ));
        }
    }
    wrong
}

#[test]
fn music_voice_and_animals_of_the_demo_are_recognised() {
    let (tags, folder) = render(&mut open(), 512);
    assert_eq!(
        tags,
        read_tags(folder.path()).unwrap(),
        "lines were lost on the way"
    );
    let wrong = wrong(&tags, Stretch::accepts);
    for sound in [
        "rock",
        "orchestra",
        "harpsichord",
        "voice",
        "dog",
        "rooster",
    ] {
        assert!(!wrong.iter().any(|w| w.starts_with(sound)), "{wrong:?}");
    }
    println!("wrong: {wrong:?}");
}

#[test]
fn the_model_of_the_demo_s_sounds_names_them() {
    let mut plugin = open();
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    let few_labels = json!({ "name": "esc10" });
    state.set_setting("model", few_labels).unwrap();
    plugin.load(&state.to_bytes()).unwrap();
    let (tags, _) = render(&mut plugin, 512);
    let knows = |label: &str| !["rock", "orchestra", "harpsichord", "voice"].contains(&label);
    let wrong = wrong(&tags, |stretch, label| {
        stretch.label == label || !knows(&stretch.label)
    });
    // The clips are unseen (fold 5), and the model is right in about nine of ten of those.
    assert!(wrong.len() <= 2, "wrong: {wrong:?}");
}

#[test]
fn no_frame_of_an_offline_render_is_skipped() {
    let audio = demo::audio().unwrap();
    let (tags, folder) = render(&mut open(), 4096);
    let refresh = tags[1].time_s - tags[0].time_s;
    assert!((0.05..1.0).contains(&refresh), "a column every {refresh} s");
    for pair in tags.windows(2) {
        let step = pair[1].time_s - pair[0].time_s;
        assert!(
            (step - refresh).abs() < 1e-6,
            "{step} s after {} s",
            pair[0].time_s
        );
    }
    let last = tags.last().unwrap().time_s;
    assert!(
        audio.seconds() - last < refresh + 0.1,
        "the last column is at {last} s"
    );

    let json = std::fs::read_to_string(folder.path().join("timeline.json")).unwrap();
    let timeline: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(timeline["format_version"], 2);
    assert_eq!(timeline["columns"].as_array().unwrap().len(), tags.len());
    assert!((timeline["duration_s"].as_f64().unwrap() - audio.seconds()).abs() < 0.05);
    let csv = std::fs::read_to_string(folder.path().join("timeline.csv")).unwrap();
    let header = "format_version,start_s,end_s,label,mean_probability,peak_probability";
    assert_eq!(csv.lines().next(), Some(header));
    assert!(csv.lines().count() > 1, "the timeline has no events");
}

#[test]
fn the_block_size_does_not_matter() {
    let (small, _) = render(&mut open(), 64);
    let (large, _) = render(&mut open(), 8192);
    assert_eq!(small.len(), large.len());
    for (a, b) in small.iter().zip(&large) {
        assert!((a.time_s - b.time_s).abs() < 1e-9);
        let (a, b) = (&a.top[0], &b.top[0]);
        let differs = (a.probability - b.probability).abs();
        assert!(
            differs < 1e-4,
            "{} {} against {} {}",
            a.label,
            a.probability,
            b.label,
            b.probability
        );
    }
}

#[test]
fn a_second_render_does_not_overwrite_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let audio = demo::Audio {
        sample_rate: 48_000,
        samples: demo::audio().unwrap().samples[..48_000 * 3].to_vec(),
    };
    let mut plugin = open();
    demo::render(&mut plugin, &audio, 512, folder.path(), |_| {}).unwrap();
    let first = std::fs::read(folder.path().join("timeline.json")).unwrap();
    demo::render(&mut plugin, &audio, 512, folder.path(), |_| {}).unwrap();
    assert_eq!(
        std::fs::read(folder.path().join("timeline.json")).unwrap(),
        first
    );
    let second = folder.path().join("timeline-2.json");
    hamiltone_tests::report::wait_for(&second, std::time::Duration::from_secs(10)).unwrap();
}

#[test]
fn a_report_folder_that_cannot_be_made_stops_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for allowed in [file.path(), "/proc".as_ref()] {
        permission::allow(allowed).unwrap();
    }
    let mut plugin = open();
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    let relative = "hamiltone-report-that-must-not-be";
    let below_a_file = file.path().join("below a file");
    for folder in [
        below_a_file,
        "/proc/hamiltone".into(),
        "".into(),
        relative.into(),
    ] {
        state.set_setting("report_folder", json!(folder)).unwrap();
        plugin.load(&state.to_bytes()).unwrap();
        let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
        let sound = vec![vec![0.1; 48_000]; 2];
        assert_eq!(stream.render(&sound, 512).unwrap(), sound);
        plugin.stop(stream);
    }
    // A path that is not full would mean the host's own folder.
    for name in ["tags.jsonl", "timeline.json", relative] {
        assert!(!std::path::Path::new(name).exists(), "{name} was written");
    }
}

#[test]
fn broken_sound_does_not_end_the_tags() {
    let mut audio = demo::audio().unwrap();
    audio.samples.truncate(6 * 48_000);
    let broken = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        1e-45,
        1e20,
    ];
    for (index, sample) in audio.samples[48_000..96_000].iter_mut().enumerate() {
        *sample = broken[index / 100 % broken.len()];
    }
    let folder = tempfile::tempdir().unwrap();
    demo::render(&mut open(), &audio, 512, folder.path(), |_| {}).unwrap();
    let tags = read_tags(folder.path()).unwrap();
    let last = tags.last().expect("there are tags");
    assert!(last.time_s > 5.5, "the last tag came at {} s", last.time_s);
    for tag in tags.iter().flat_map(|tags| &tags.top) {
        assert!((0.0..=1.0).contains(&tag.probability), "{tag:?}");
    }
}
