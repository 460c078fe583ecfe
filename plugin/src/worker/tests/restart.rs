//! The worker after an error of ours.

use super::*;

/// A panic in the worker's loop; the message of the default hook belongs to the test.
fn panic(bench: &mut Bench) -> Snapshot {
    bench.worker.send(Command::Panic);
    bench.wait("the notice", |s| s.stopped)
}

#[test]
fn the_analysis_can_be_started_again() {
    let mut bench = Bench::new();
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.wait("tags", |s| s.time_s > 1.5);
    let stopped = panic(&mut bench);
    assert_eq!(stopped.troubles[0].title, "Analysis stopped");
    // A render of many times the ring does not wait for a worker that analyses nothing.
    let start = Instant::now();
    for _ in 0..20 {
        play(&mut tap, &rooster());
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    bench.worker.requests().restart();
    bench.wait("the model", |s| !s.stopped && s.model.is_some());
    play(&mut tap, &rooster());
    let again = bench.wait("tags", |s| s.time_s > 43.0);
    assert_eq!(again.troubles, []);
    assert_eq!(again.dropped_frames, 0);
    bench.worker.stop(true);
    // The report of the part before the error has its lines; the second begins where the analysis does.
    assert_eq!(
        bench.reports(),
        [
            "tags-2.jsonl",
            "tags.jsonl",
            "timeline-2.csv",
            "timeline-2.json"
        ]
    );
}

#[test]
fn a_stream_that_starts_while_it_is_stopped_is_analysed_after_the_restart() {
    let mut bench = Bench::new();
    panic(&mut bench);
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.worker.requests().restart();
    bench.wait("the model", |s| s.model.is_some());
    play(&mut tap, &rooster());
    bench.wait("tags", |s| s.time_s > 3.0);
    panic(&mut bench);
    bench.worker.stop(true);
    let start = Instant::now();
    drop(bench);
    assert!(start.elapsed() < Duration::from_millis(500));
}
