//! What a stream of sound gives: tags, figures and states.

use super::*;
use crate::listen::Listen;
use crate::snapshot::Activity;

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
        tap.write(&[[0.0; 4410]], Listen::Mix);
    }
    bench.wait("no signal", |s| s.activity == Activity::NoSignal);
    bench.worker.stop(false);
    bench.wait("the end", |s| s.stream.is_none());
}

#[test]
fn the_window_parameter_is_followed_and_kept_in_range() {
    let mut sound = rooster();
    sound.extend(vec![0.0; RATE as usize]); // a second of silence tells short windows from long
    for (put, read) in [(0.5, 0.5), (1e9, 10.0), (f32::NAN, 2.0)] {
        let mut bench = Bench::new();
        super::put(&bench.params.window, put);
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

#[test]
fn a_rate_that_cannot_be_resampled_is_explained() {
    for rate in [1_000.0, 1_000_000.0, f64::NAN] {
        let mut bench = Bench::new();
        let mut tap = bench.start_at(rate, false);
        tap.write(&[[0.5; 64]], Listen::Mix);
        let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
        assert_eq!(snapshot.troubles[0].title, "Not analysing", "{rate}");
        assert_eq!(snapshot.activity, Activity::Refused, "{rate}");
    }
}

#[test]
fn gaps_keep_the_clock() {
    let mut bench = Bench::new();
    let history = bench.worker.history();
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
    // The spectrogram under the tags has the same clock.
    let newest_s = history.lock().spectrum().back().unwrap().time_s;
    assert!((15.8..16.2).contains(&newest_s), "{newest_s}");
}
