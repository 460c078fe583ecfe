use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hamiltone_engine::model::{ModelChoice, ModelFile};
use hamiltone_engine::network::{Architecture, ParameterKind};
use hamiltone_engine::tagging::{Tagger, Tags};

use super::*;
use crate::params::Settings;
use crate::snapshot::Activity;
use crate::tap::{StreamFormat, Tap, tap};

/// The rate of the recording.
const RATE: f64 = 32_000.0;
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker with its instance's other parts, and folders of its own.
struct Bench {
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    worker: Worker,
    snapshots: SnapshotReader,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        std::fs::create_dir(&models).unwrap();
        let params = Arc::new(HamiltoneParams::default());
        let meters = Arc::new(TapMeters::default());
        let library = move || Library::with_folders(vec![models]);
        let (worker, snapshots) = Worker::spawn_with(params.clone(), meters.clone(), library);
        Self {
            params,
            meters,
            worker,
            snapshots,
            folder,
        }
    }

    fn start(&self, offline: bool) -> Tap {
        self.start_at(RATE, offline)
    }

    fn start_at(&self, sample_rate: f64, offline: bool) -> Tap {
        let format = StreamFormat {
            sample_rate,
            channels: 2,
            offline,
        };
        let (tap, outlet) = tap(format, self.meters.clone());
        self.worker.start(outlet);
        tap
    }

    /// Waits for a snapshot that satisfies `wanted`.
    fn wait(&mut self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let start = Instant::now();
        loop {
            let snapshot = self.snapshots.read();
            if wanted(snapshot) {
                return snapshot.clone();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {what} in {PATIENCE:?}: {snapshot:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.params.settings.write());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reports(&self) -> Vec<String> {
        let Ok(listing) = std::fs::read_dir(self.path("reports")) else {
            return vec![];
        };
        let mut names: Vec<_> = listing
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Two seconds of a rooster, mono, at [`RATE`].
fn rooster() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden/rooster.wav");
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!(
        (reader.spec().channels, f64::from(reader.spec().sample_rate)),
        (1, RATE)
    );
    let samples = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0);
    let samples: Vec<f32> = samples.collect();
    samples
        .into_iter()
        .cycle()
        .take(2 * RATE as usize)
        .collect()
}

/// What the engine says last when it hears `mono` without a plugin around it.
fn engine_says(mono: &[f32], window_s: f32) -> (f64, Vec<f32>) {
    let model = Library::with_folders(vec![]).default_model();
    let mut newest = (0.0, Vec::new());
    let mut keep = |tags: &Tags<'_>| newest = (tags.time_s, tags.probabilities.to_vec());
    let mut tagger = Tagger::new(model, RATE as u32, window_s).unwrap();
    tagger.push(mono, &mut keep);
    tagger.finish(&mut keep);
    newest
}

/// How far two lists of probabilities are apart.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn play(tap: &mut Tap, mono: &[f32]) {
    for block in mono.chunks(512) {
        tap.hear(&[block, block]);
    }
}

/// A small network with weights that mean nothing, with these labels.
fn write_model(path: &Path, name: &str, labels: &[&str]) {
    let mut card = Library::with_folders(vec![]).default_model().card().clone();
    card.name = name.to_owned();
    card.labels = labels.iter().map(|label| label.to_string()).collect();
    card.architecture = Architecture::qcnn10(0.125, labels.len());
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as f32 / (1 << 24) as f32 * 0.4 - 0.2
    };
    let weights = card
        .architecture
        .parameters(card.features.mel_bands)
        .into_iter()
        .map(|shape| {
            let values = (0..shape.count())
                .map(|_| match shape.kind {
                    ParameterKind::Weight => next(),
                    ParameterKind::Scale => 1.0,
                    ParameterKind::Shift => 0.0,
                    ParameterKind::Statistic => f32::from(shape.name.ends_with("variance")),
                })
                .collect();
            (shape.name, values)
        });
    let weights = weights.collect();
    ModelFile::seal(card, weights).unwrap().write(path).unwrap();
}

#[test]
fn tags_of_a_live_stream_are_those_of_the_engine() {
    let mut bench = Bench::new();
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.worker.stop(true);
    let snapshot = bench.wait("tags", |s| {
        !s.probabilities.is_empty() && s.stream.is_none()
    });
    let (time_s, probabilities) = engine_says(&rooster(), bench.params.window_s());
    assert!(
        (snapshot.time_s - time_s).abs() < 1e-9,
        "{} {time_s}",
        snapshot.time_s
    );
    assert!(distance(&snapshot.probabilities, &probabilities) < 1e-4);
    assert_eq!(bench.meters.dropped_frames(), 0);
    assert_eq!(snapshot.troubles, []);
}

#[test]
fn figures_and_states_are_published() {
    let mut bench = Bench::new();
    assert!(
        bench.snapshots.read().model.is_none(),
        "nothing is loaded before it is needed"
    );
    let mut tap = bench.start(false);
    play(&mut tap, &rooster());
    let snapshot = bench.wait("load", |s| {
        s.load > 0.0 && s.activity == Activity::Listening
    });
    assert_eq!(snapshot.stream, Some((RATE, 2)));
    assert!(snapshot.refresh_s > 0.0 && snapshot.latency_s > 0.0);
    let model = snapshot.model.unwrap();
    assert_eq!(model.labels.len(), snapshot.probabilities.len());
    bench.wait("waiting", |s| s.activity == Activity::Waiting);
    for _ in 0..40 {
        tap.hear(&[[0.0; 4410]]);
    }
    bench.wait("no signal", |s| s.activity == Activity::NoSignal);
    bench.worker.stop(false);
    bench.wait("the end", |s| s.stream.is_none());
}

#[test]
fn another_model_with_other_labels_takes_over_while_it_plays() {
    let mut bench = Bench::new();
    write_model(
        &bench.path("models/three.safetensors"),
        "three",
        &["one", "two", "three"],
    );
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let before = bench.wait("tags", |s| s.probabilities.len() > 3);
    bench.set(|settings| settings.model.name = Some("three".to_owned()));
    bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "three")
    });
    play(&mut tap, &rooster());
    let after = bench.wait("its tags", |s| s.probabilities.len() == 3);
    assert!(after.time_s > before.time_s, "the clock goes on");
    assert_eq!(after.troubles, []);
    bench.set(|settings| settings.model = ModelChoice::default());
    bench.wait("the old model", |s| {
        s.model.as_ref().is_some_and(|m| m.name != "three")
    });
    play(&mut tap, &rooster());
    bench.wait("tags again", |s| s.probabilities.len() > 3);
}

#[test]
fn a_missing_model_is_named_and_the_old_one_plays_on() {
    let mut bench = Bench::new();
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let running = bench
        .wait("tags", |s| !s.probabilities.is_empty())
        .model
        .unwrap()
        .name
        .clone();
    bench.set(|settings| settings.model.name = Some("lost".to_owned()));
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(snapshot.troubles[0].title, "Model missing: lost");
    assert!(snapshot.troubles[0].advice.contains(&running));
    assert_eq!(snapshot.model.unwrap().name, running);
    let time_s = snapshot.time_s;
    play(&mut tap, &rooster());
    bench.wait("more tags", |s| s.time_s > time_s);
    // The file comes back, and someone opens the menu.
    write_model(&bench.path("models/lost.safetensors"), "lost", &["a", "b"]);
    bench.worker.requests().list_models();
    let found = bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "lost")
    });
    assert_eq!(found.troubles, []);
    assert!(
        found
            .menu
            .iter()
            .any(|entry| entry.name == "lost" && !entry.built_in)
    );
}

#[test]
fn a_session_with_a_missing_model_starts_with_the_built_in_one() {
    let mut bench = Bench::new();
    bench.set(|settings| settings.model.path = Some(PathBuf::from("/nowhere/birds.safetensors")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let snapshot = bench.wait("tags", |s| !s.probabilities.is_empty());
    assert!(
        snapshot.troubles[0].title.contains("birds"),
        "{:?}",
        snapshot.troubles
    );
}

#[test]
fn a_damaged_file_is_no_model() {
    let mut bench = Bench::new();
    let path = bench.path("models/noise.safetensors");
    std::fs::write(&path, [0xA5; 4096]).unwrap();
    bench.set(|settings| settings.model.path = Some(path));
    let _tap = bench.start(false);
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(snapshot.troubles[0].title, "Model cannot be used: noise");
    assert!(snapshot.model.is_some());
}

#[test]
fn the_window_parameter_is_followed_and_kept_in_range() {
    let mut sound = rooster();
    sound.extend(vec![0.0; RATE as usize]); // a second of silence tells short windows from long
    for (put, read) in [(0.5, 0.5), (1e9, 10.0), (f32::NAN, 2.0)] {
        let mut bench = Bench::new();
        set_window(&bench.params, put);
        let mut tap = bench.start(true);
        play(&mut tap, &sound);
        bench.worker.stop(true);
        let snapshot = bench.wait("the end", |s| s.stream.is_none() && s.time_s > 2.0);
        let expected = engine_says(&sound, read).1;
        assert!(
            distance(&snapshot.probabilities, &expected) < 1e-4,
            "window {put}"
        );
    }
    assert!(distance(&engine_says(&sound, 0.5).1, &engine_says(&sound, 10.0).1) > 1e-3);
}

/// What a host does.
#[expect(
    unsafe_code,
    reason = "nice-plug keeps the setters of parameters to its wrappers"
)]
fn set_window(params: &HamiltoneParams, seconds: f32) {
    use nice_plug::params::InternalParamMut;
    // SAFETY: no wrapper knows these parameters, so no other thread sets them.
    unsafe { params.window._internal_set_plain_value(seconds) };
}

#[test]
fn a_rate_that_cannot_be_resampled_is_explained() {
    for rate in [1_000.0, 768_000.0, f64::NAN] {
        let mut bench = Bench::new();
        let mut tap = bench.start_at(rate, false);
        tap.hear(&[[0.5; 64]]);
        let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
        assert_eq!(snapshot.troubles[0].title, "Not analysing", "{rate}");
    }
}

#[test]
fn reports_are_complete_when_the_stream_stops_and_never_overwrite() {
    let bench = Bench::new();
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    for _ in 0..2 {
        let mut tap = bench.start(true);
        play(&mut tap, &rooster());
        bench.worker.stop(true);
    }
    assert_eq!(
        bench.reports(),
        [
            "tags-2.jsonl",
            "tags.jsonl",
            "timeline-2.csv",
            "timeline-2.json",
            "timeline.csv",
            "timeline.json"
        ]
    );
    let read = |name: &str| std::fs::read_to_string(bench.path("reports").join(name)).unwrap();
    assert_eq!(
        read("tags.jsonl"),
        read("tags-2.jsonl"),
        "a second render is the first again"
    );
    let timeline: hamiltone_engine::timeline::Timeline =
        serde_json::from_str(&read("timeline.json")).unwrap();
    assert!(
        (timeline.duration_s - 2.0).abs() < 1e-6,
        "{}",
        timeline.duration_s
    );
    assert_eq!(timeline.columns.len(), read("tags.jsonl").lines().count());
    for line in read("tags.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["time_s"].as_f64().unwrap() > 0.0);
        assert_eq!(line["top"].as_array().unwrap().len(), crate::report::TOP);
        assert!(line["top"][0]["probability"].as_f64() >= line["top"][1]["probability"].as_f64());
        assert!(!line["top"][0]["label"].as_str().unwrap().is_empty());
    }
    assert!(read("timeline.csv").starts_with("format_version,start_s,end_s,label"));
}

#[test]
fn a_report_is_finished_when_the_instance_goes() {
    let mut bench = Bench::new();
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.wait("tags", |s| !s.probabilities.is_empty());
    let Bench { worker, folder, .. } = bench;
    drop(worker);
    assert!(folder.path().join("reports/timeline.json").exists());
}

#[test]
fn a_report_that_cannot_be_written_is_explained_and_tagging_goes_on() {
    let mut bench = Bench::new();
    std::fs::write(bench.path("reports"), "a file, not a folder").unwrap();
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(snapshot.troubles[0].title, "Report not written");
    bench.wait("tags", |s| s.time_s > 1.0);
}

#[test]
fn gaps_keep_the_clock() {
    let mut bench = Bench::new();
    let mut tap = bench.start(true);
    let sound = rooster();
    play(&mut tap, &sound);
    tap.skip(10 * RATE as usize); // bypassed for ten seconds
    play(&mut tap, &sound);
    tap.skip(RATE as usize / 10);
    play(&mut tap, &sound);
    bench.worker.stop(true);
    let snapshot = bench.wait("the end", |s| s.stream.is_none() && s.time_s > 0.0);
    assert!(
        (15.5..16.2).contains(&snapshot.time_s),
        "{}",
        snapshot.time_s
    );
}

#[test]
fn instances_do_not_disturb_each_other_and_end_at_once() {
    let mut benches: Vec<Bench> = (0..8).map(|_| Bench::new()).collect();
    let mut taps: Vec<Tap> = benches.iter().map(|bench| bench.start(true)).collect();
    let sound = rooster();
    for tap in &mut taps {
        play(tap, &sound);
    }
    let first = benches.remove(0);
    drop(first);
    for bench in &mut benches {
        bench.wait("tags", |s| !s.probabilities.is_empty());
        assert_eq!(bench.meters.dropped_frames(), 0);
    }
    let start = Instant::now();
    drop(benches);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn an_instance_that_never_plays_ends_too() {
    let bench = Bench::new();
    bench.worker.stop(true);
    bench.worker.requests().list_models();
    drop(bench);
}

#[test]
fn a_new_activation_replaces_the_stream() {
    let mut bench = Bench::new();
    let mut old = bench.start(true);
    play(&mut old, &rooster());
    let mut new = bench.start_at(22_050.0, true);
    drop(old);
    play(&mut new, &rooster());
    bench.wait("the new stream", |s| {
        s.stream == Some((22_050.0, 2)) && s.time_s > 2.5
    });
}
