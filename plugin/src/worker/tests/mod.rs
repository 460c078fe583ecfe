//! The worker as the plugin uses it: a test bench and a recording.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hamiltone_engine::tagging::{Tagger, Tags};

use super::*;
use crate::listen::Listen;
use crate::params::table::Continuous;
use crate::settings::Settings;
use crate::tap::{StreamFormat, Tap, tap};

mod bars;
mod bounces;
mod instances;
mod labels;
mod models;
mod notes;
mod permissions;
mod reports;
mod restart;
mod streams;
mod takes;

/// The rate of the recording.
const RATE: f64 = 32_000.0;
const PATIENCE: Duration = Duration::from_secs(60);
/// The window of a new instance, in seconds.
const DEFAULT_WINDOW_S: f32 = Continuous::Window.row().default;

/// A worker with the other parts of an instance, and folders of its own.
struct Bench {
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    worker: Worker,
    snapshots: SnapshotReader,
    folder: tempfile::TempDir,
}

impl Bench {
    /// All below its folder is agreed to, as if the user had chosen it in the panel.
    fn new() -> Self {
        let bench = Self::of_a_stranger();
        let agree = |item| crate::agreements::file::add(&bench.path("allowed.json"), &item);
        agree(Item::Folder(bench.folder.path().to_owned())).unwrap();
        agree(Item::Model(bench.folder.path().to_owned())).unwrap();
        bench
    }

    /// Nothing is agreed to.
    fn of_a_stranger() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("models")).unwrap();
        Self::in_folder(folder)
    }

    /// Another instance on the same machine.
    fn again(self) -> Self {
        Self::in_folder(self.folder)
    }

    fn in_folder(folder: tempfile::TempDir) -> Self {
        let models = folder.path().join("models");
        let allowed = folder.path().join("allowed.json");
        let params = Arc::new(HamiltoneParams::default());
        let meters = Arc::new(TapMeters::default());
        let with = move || {
            let library = Library::with_folders(vec![models.clone()]);
            (library, Store::new(Some(allowed.clone())))
        };
        let (worker, snapshots) = Worker::spawn_with(params.clone(), meters.clone(), with);
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

    /// Chooses a built-in model, which is loaded when a stream starts.
    fn choose(&self, name: &str) {
        self.set(|settings| settings.model.name = Some(name.to_owned()));
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

/// Time and probabilities of the engine's last tags for `mono`, without the plugin.
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
        tap.write(&[block, block], Listen::Mix);
    }
}

/// Sets a parameter as a host does.
#[expect(
    unsafe_code,
    reason = "nice-plug keeps the setters of parameters to its wrappers"
)]
fn put<P: nice_plug::params::InternalParamMut>(param: &P, value: P::Plain) {
    // SAFETY: no wrapper knows these parameters, so no other thread sets them.
    unsafe { param._internal_set_plain_value(value) };
}
