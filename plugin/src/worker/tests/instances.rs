//! How instances begin, live beside each other and end.

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
