//! How instances begin, live beside each other and end.

use hamiltone_engine::model::{Limits, ModelChoice};
use hamiltone_engine::network::Architecture;

use super::models::write_network;
use super::*;

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

/// The host does not wait for a busy worker: here its folders take a second to respond.
#[test]
fn an_instance_goes_while_its_worker_is_busy() {
    let params = Arc::new(HamiltoneParams::default());
    let meters = Arc::new(TapMeters::default());
    let (began, has_begun) = bounded(1);
    let (goes_on, ends) = bounded::<()>(1);
    let goes_on = Mutex::new(Some(goes_on));
    let with = move || {
        began.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(1));
        drop(goes_on.lock().take());
        (Library::with_folders(vec![]), Store::default())
    };
    let (worker, _snapshots) = Worker::spawn_with(params, meters, with);
    has_begun.recv().unwrap();
    let start = Instant::now();
    drop(worker);
    let waited = start.elapsed();
    assert!(waited < Duration::from_millis(500), "{waited:?}");
    assert!(
        ends.try_recv().is_err_and(|error| error.is_empty()),
        "the thread is not yet done"
    );
    // It ends by itself.
    assert!(
        ends.recv_timeout(Duration::from_secs(10))
            .is_err_and(|error| error.is_disconnected())
    );
}

/// Loading a model is interrupted.
#[test]
fn an_instance_that_is_loading_a_slow_model_goes_at_once() {
    let bench = Bench::new();
    let path = bench.path("slow.safetensors");
    let slow = Architecture::doubling(96, 6, true, 1.0, 1);
    write_network(&path, "slow", &["one"], slow, 0.01);
    let choice = ModelChoice {
        path: Some(path),
        ..ModelChoice::default()
    };
    let library = Library::with_folders(vec![]).within(Limits::NONE);
    let start = Instant::now();
    drop(library.open(&choice).unwrap());
    let whole = start.elapsed();
    bench.set(|settings| *settings.model = choice);
    bench.start(false);
    std::thread::sleep(whole / 4);
    let alive = Arc::downgrade(&bench.params);
    let start = Instant::now();
    drop(bench);
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    // The thread holds the parameters as long as it lives.
    while alive.strong_count() > 0 {
        assert!(start.elapsed() < PATIENCE, "the thread never ends");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(
        start.elapsed() < whole / 2,
        "{:?} of {whole:?}",
        start.elapsed()
    );
}
