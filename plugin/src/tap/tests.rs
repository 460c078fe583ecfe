use super::*;

mod transport;

const LIVE: StreamFormat = StreamFormat {
    sample_rate: 48_000.0,
    channels: 2,
    offline: false,
};
const RENDER: StreamFormat = StreamFormat {
    offline: true,
    ..LIVE
};

fn small(format: StreamFormat, capacity: usize, patience_ms: u64) -> (Tap, Outlet, Arc<TapMeters>) {
    let meters = Arc::new(TapMeters::default());
    let (tap, outlet) = tap_with(
        format,
        meters.clone(),
        capacity,
        Duration::from_millis(patience_ms),
    );
    (tap, outlet, meters)
}

fn at(position: i64) -> Transport {
    Transport {
        position: Some(position),
        playing: true,
    }
}

fn drain(outlet: &mut Outlet) -> (Vec<f32>, Vec<(usize, Mark)>) {
    let (mut samples, mut marks) = (Vec::new(), Vec::new());
    let mut buffer = [0.0; 37];
    while let Some(received) = outlet.next(&mut buffer) {
        match received {
            Received::Samples(count) => samples.extend_from_slice(&buffer[..count]),
            Received::Mark(mark) => marks.push((samples.len(), mark)),
        }
    }
    (samples, marks)
}

/// A line that rises by 1/1024 a frame: every value is exact, and within what the mixdown lets pass.
fn ramp(from: usize, frames: usize) -> Vec<f32> {
    (from..from + frames).map(|i| i as f32 / 1024.0).collect()
}

#[test]
fn every_sample_arrives_in_order_at_any_block_size() {
    let (mut tap, mut outlet, meters) = small(LIVE, 1000, 0);
    let (mut sent, mut received) = (0, Vec::new());
    for frames in (1..400).cycle().take(900) {
        tap.write(&[ramp(sent, frames)], Listen::Mix);
        sent += frames;
        received.extend(drain(&mut outlet).0);
    }
    assert_eq!(received, ramp(0, sent));
    assert_eq!(meters.dropped_frames(), 0);
}

#[test]
fn channels_are_averaged_and_bad_samples_silenced() {
    let (mut tap, mut outlet, _) = small(LIVE, 16, 0);
    tap.write(
        &[[1.0, 0.5, f32::NAN, 0.25], [0.0, 0.5, 1.0, -0.25]],
        Listen::Mix,
    );
    let mixed = drain(&mut outlet).0;
    assert_eq!(mixed[..2], [0.5, 0.5]);
    assert!(mixed.iter().all(|x| x.is_finite()));
    assert_eq!(mixed[3], 0.0);
}

#[test]
fn empty_blocks_are_ignored() {
    let (mut tap, mut outlet, _) = small(LIVE, 16, 0);
    tap.write::<[f32; 0]>(&[], Listen::Mix);
    tap.write(&[[0.0; 0], [0.0; 0]], Listen::Mix);
    assert_eq!(outlet.next(&mut [0.0; 4]), None);
}

#[test]
fn overflow_is_dropped_counted_and_marked_without_waiting() {
    let (mut tap, mut outlet, meters) = small(LIVE, 100, 10_000);
    let start = Instant::now();
    tap.write(&[ramp(0, 70)], Listen::Mix);
    tap.write(&[ramp(70, 70)], Listen::Mix);
    tap.write(&[ramp(140, 10)], Listen::Mix);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "real time never waits"
    );
    assert_eq!(meters.dropped_frames(), 50);
    assert_eq!(drain(&mut outlet), (ramp(0, 100), vec![]));
    tap.write(&[ramp(150, 5)], Listen::Mix);
    assert_eq!(
        drain(&mut outlet),
        (ramp(150, 5), vec![(0, Mark::Lost(50))])
    );
}

#[test]
fn bypass_is_a_gap_and_no_loss() {
    let (mut tap, mut outlet, meters) = small(LIVE, 100, 0);
    tap.write(&[ramp(0, 10)], Listen::Mix);
    tap.skip(30);
    tap.skip(12);
    tap.write(&[ramp(52, 10)], Listen::Mix);
    let (samples, marks) = drain(&mut outlet);
    assert_eq!(samples, [ramp(0, 10), ramp(52, 10)].concat());
    assert_eq!(marks, [(10, Mark::Bypassed(42))]);
    assert_eq!(meters.dropped_frames(), 0);
}

#[test]
fn what_happens_under_bypass_is_known_at_once() {
    let (mut tap, mut outlet, _) = small(LIVE, 1_000, 10);
    tap.follow(at(0));
    tap.skip(100);
    assert_eq!(drain(&mut outlet).1, [(0, Mark::Transport(at(0)))]);
    tap.follow(at(100));
    tap.skip(30);
    assert_eq!(drain(&mut outlet).1, [], "a gap alone can wait");
    let stopped = Transport {
        playing: false,
        ..at(130)
    };
    tap.follow(stopped);
    tap.skip(10);
    let before = Mark::Bypassed(130);
    assert_eq!(
        drain(&mut outlet).1,
        [(0, before), (0, Mark::Transport(stopped))]
    );
    drop(tap);
    assert_eq!(drain(&mut outlet).1, [(0, Mark::Bypassed(10))]);
}

#[test]
fn a_jump_stands_where_it_happened() {
    let (mut tap, mut outlet, _) = small(LIVE, 100, 0);
    tap.write(&[ramp(0, 10)], Listen::Mix);
    tap.skip(3);
    tap.jump();
    tap.write(&[ramp(13, 10)], Listen::Mix);
    assert_eq!(
        drain(&mut outlet).1,
        [(10, Mark::Bypassed(3)), (10, Mark::Jump)]
    );
}

#[test]
fn with_no_room_for_marks_no_gap_is_forgotten() {
    let (mut tap, mut outlet, meters) = small(LIVE, 10_000, 0);
    for i in 0..3 * MARKS {
        tap.skip(1);
        tap.write(&[[i as f32]], Listen::Mix);
    }
    let (mut samples, mut marks) = drain(&mut outlet);
    tap.write(&[[-1.0]], Listen::Mix);
    let rest = drain(&mut outlet);
    marks.extend(rest.1);
    samples.extend(rest.0);
    let unheard: u64 = marks
        .iter()
        .map(|(_, m)| {
            if let Mark::Lost(n) | Mark::Bypassed(n) = m {
                *n
            } else {
                0
            }
        })
        .sum();
    // Frames: one skipped and one played each time, and the last one. All are accounted for.
    assert_eq!(unheard + samples.len() as u64, 6 * MARKS as u64 + 1);
    assert_eq!(meters.dropped_frames(), 2 * MARKS as u64);
}

#[test]
fn a_render_waits_for_the_worker_and_loses_nothing() {
    let (mut tap, mut outlet, meters) = small(RENDER, 256, 5_000);
    let worker = std::thread::spawn(move || {
        let mut all = Vec::new();
        while all.len() < 20_000 {
            std::thread::sleep(Duration::from_micros(300));
            all.extend(drain(&mut outlet).0);
        }
        all
    });
    for block in 0..20 {
        tap.write(&[ramp(block * 1000, 1000)], Listen::Mix);
    }
    assert_eq!(worker.join().unwrap(), ramp(0, 20_000));
    assert_eq!(meters.dropped_frames(), 0);
}

#[test]
fn a_render_gives_up_at_its_deadline_once() {
    let (mut tap, mut outlet, meters) = small(RENDER, 100, 60);
    let start = Instant::now();
    tap.write(&[ramp(0, 150)], Listen::Mix);
    let first = start.elapsed();
    assert!(first >= Duration::from_millis(60), "waited {first:?}");
    assert_eq!(meters.dropped_frames(), 50);
    let again = Instant::now();
    for _ in 0..50 {
        tap.write(&[ramp(0, 10)], Listen::Mix);
    }
    assert!(
        again.elapsed() < Duration::from_millis(60) * 25,
        "a dead worker stalls only once"
    );
    drain(&mut outlet);
    tap.write(&[ramp(0, 10)], Listen::Mix);
    assert_eq!(
        drain(&mut outlet).0.len(),
        10,
        "and receives again when the worker is back"
    );
}

#[test]
fn a_render_without_a_worker_does_not_wait() {
    let (mut tap, outlet, meters) = small(RENDER, 100, 60_000);
    drop(outlet);
    let start = Instant::now();
    tap.write(&[ramp(0, 150)], Listen::Mix);
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(meters.dropped_frames(), 50);
}

#[test]
fn a_new_activation_does_not_inherit_a_render() {
    let meters = Arc::new(TapMeters::default());
    let (_tap, render) = tap(RENDER, meters.clone());
    let (_tap, live) = tap(LIVE, meters.clone());
    assert!(!live.is_rendering());
    assert!(render.is_rendering(), "nor does one that ends become live");
}

#[test]
fn a_host_that_renders_without_saying_so_is_waited_for() {
    let (mut tap, mut outlet, meters) = small(LIVE, 96_000, 5_000);
    let worker = std::thread::spawn(move || {
        let mut count = 0;
        while count < 480_000 {
            count += drain(&mut outlet).0.len();
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let silence = vec![0.0; 480];
    // The ring holds more than the lead at which a render is detected, so nothing is lost before.
    for _ in 0..1_000 {
        tap.write(&[&silence], Listen::Mix);
    }
    worker.join().unwrap();
    assert_eq!(meters.dropped_frames(), 0);
}

#[test]
fn a_ring_is_made_for_any_rate_that_a_host_may_name() {
    for sample_rate in [f64::NAN, -1.0, 0.0, 1.0, 8_000.0, 384_000.0, 1e30] {
        let (mut tap, mut outlet) = tap(
            StreamFormat {
                sample_rate,
                ..LIVE
            },
            Arc::default(),
        );
        tap.write(&[[0.5; 64]], Listen::Mix);
        assert_eq!(drain(&mut outlet).0.len(), 64, "{sample_rate}");
    }
}

#[test]
fn notes_sound_at_their_frame_in_any_blocks() {
    for block in [1, 7, 64, 500] {
        let (mut tap, mut outlet, _) = small(LIVE, 4000, 0);
        let note = |at_frame| ScheduledNote {
            at_frame,
            channel: 0,
            key: 60,
            velocity: Some(0.5),
        };
        for frame in [0, 3, 64, 499, 500, 999] {
            assert!(outlet.send(note(frame)));
        }
        let mut played = Vec::new();
        for begin in (0..1000).step_by(block) {
            tap.write(&[vec![0.0; block]], Listen::Mix);
            tap.play_notes(block, true, |offset, note| {
                assert!((offset as usize) < block);
                played.push((begin as u64 + u64::from(offset), note.at_frame));
            });
        }
        assert!(played.iter().all(|(at, meant)| at == meant), "{played:?}");
        assert_eq!(played.len(), 6);
    }
}

#[test]
fn late_and_timely_notes_of_a_block_are_in_order() {
    let (mut tap, mut outlet, _) = small(LIVE, 4000, 0);
    for (at_frame, velocity) in [(80, Some(0.5)), (10, None)] {
        outlet.send(ScheduledNote {
            at_frame,
            channel: 0,
            key: 60,
            velocity,
        });
    }
    tap.write(&[[0.0; 100]], Listen::Mix);
    let mut offsets = Vec::new();
    tap.play_notes(100, true, |offset, _| offsets.push(offset));
    assert_eq!(offsets, [80, 80]);
}

#[test]
fn a_late_note_sounds_at_once() {
    let (mut tap, mut outlet, _) = small(LIVE, 4000, 0);
    tap.write(&[[0.0; 100]], Listen::Mix);
    outlet.send(ScheduledNote {
        at_frame: 10,
        channel: 1,
        key: 2,
        velocity: None,
    });
    tap.write(&[[0.0; 100]], Listen::Mix);
    let mut offsets = Vec::new();
    tap.play_notes(100, true, |offset, _| offsets.push(offset));
    assert_eq!(offsets, [0]);
}

#[test]
fn a_render_waits_for_its_notes_but_not_for_ever() {
    let (mut tap, outlet, _) = small(RENDER, 100_000, 50);
    tap.write(&[vec![0.0; 20_000]], Listen::Mix);
    let start = Instant::now();
    tap.play_notes(20_000, true, |_, _| ());
    let waited = start.elapsed();
    tap.play_notes(20_000, true, |_, _| ());
    assert!(waited >= Duration::from_millis(50), "{waited:?}");
    assert!(
        start.elapsed() < waited + Duration::from_millis(40),
        "once is enough"
    );
    drop(outlet);
}
