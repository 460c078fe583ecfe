//! Start and end of takes in hosts that report little: no stops, no position, no mode.

use hamiltone_engine::timeline::Timeline;

use super::bounces::{assert_same, files, of_a_file, play_at, stop, timelines};
use super::*;
use crate::tap::Transport;

/// A bench with a folder for JSON timelines.
fn bench() -> (Bench, PathBuf) {
    let bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| {
        settings.bounce_folder = Some(folder.clone());
        settings.bounce_formats = vec!["json".to_owned()];
    });
    (bench, folder)
}

/// Plays in real time; `position` is the position of each block.
fn play_by_the_clock(tap: &mut Tap, mono: &[f32], position: impl Fn(usize) -> Option<i64>) {
    let start = Instant::now();
    for (index, block) in mono.chunks(640).enumerate() {
        tap.follow(Transport {
            position: position(index * 640),
            playing: true,
        });
        tap.write(&[block, block], Listen::Mix);
        let due = Duration::from_secs_f64((index + 1) as f64 * 640.0 / RATE);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
}

fn from(first: i64) -> impl Fn(usize) -> Option<i64> {
    move |frame| Some(first + frame as i64)
}

fn file() -> Timeline {
    of_a_file(&rooster(), DEFAULT_WINDOW_S)
}

#[test]
fn an_export_is_a_timeline_of_its_own_also_if_the_host_never_told_a_stop() {
    // To the left and to the right of where the playing ended.
    for begin in [0, 640_000] {
        let (bench, folder) = bench();
        let mut tap = bench.start(false);
        play_by_the_clock(&mut tap, &rooster(), from(0));
        play_at(&mut tap, &rooster(), begin, 512);
        bench.worker.stop(true);
        let timelines = timelines(&folder);
        assert_eq!(timelines.len(), 1, "{begin}");
        assert_eq!(timelines[0].start_s, begin as f64 / RATE);
        assert_same(&timelines[0], &file());
    }
}

#[test]
fn a_second_export_is_the_first_again() {
    for offline in [false, true] {
        let (bench, folder) = bench();
        let mut tap = bench.start(offline);
        play_at(&mut tap, &rooster(), 0, 512);
        play_at(&mut tap, &rooster(), 0, 512);
        bench.worker.stop(true);
        let timelines = timelines(&folder);
        assert_eq!(timelines.len(), 2, "told: {offline}");
        for timeline in &timelines {
            assert_same(timeline, &file());
        }
    }
}

#[test]
fn what_plays_live_after_an_export_is_none_of_it() {
    let (bench, folder) = bench();
    let mut tap = bench.start(false);
    play_at(&mut tap, &rooster(), 0, 512);
    play_by_the_clock(&mut tap, &rooster(), from(0));
    bench.worker.stop(true);
    let timelines = timelines(&folder);
    assert_eq!(timelines.len(), 1);
    assert_same(&timelines[0], &file());
}

#[test]
fn a_capture_ends_when_the_host_no_longer_calls() {
    let (mut bench, folder) = bench();
    put(&bench.params.capture, true);
    let mut tap = bench.start(false);
    play_by_the_clock(&mut tap, &rooster(), from(0));
    bench.wait("written", |s| !s.bounce.written.is_empty());
    assert_same(&timelines(&folder)[0], &file());
    // It resumes where it stopped: another take.
    play_by_the_clock(&mut tap, &rooster(), from(64_000));
    stop(&mut tap, 128_000);
    bench.wait("a second", |_| timelines(&folder).len() == 2);
    let second = timelines(&folder).remove(1);
    assert_eq!(second.start_s, 2.0);
    assert_same(&second, &file());
}

#[test]
fn a_bypassed_capture_goes_on_while_the_host_calls() {
    let (bench, folder) = bench();
    put(&bench.params.capture, true);
    let mut tap = bench.start(false);
    play_by_the_clock(&mut tap, &rooster(), from(0));
    for block in 0..220 {
        tap.follow(Transport {
            position: Some(64_000 + block * 640),
            playing: true,
        });
        tap.skip(640);
        std::thread::sleep(Duration::from_millis(20));
    }
    play_by_the_clock(&mut tap, &rooster(), from(64_000 + 220 * 640));
    bench.worker.stop(true);
    let timelines = timelines(&folder);
    assert_eq!(timelines.len(), 1);
    assert!((timelines[0].duration_s - 8.4).abs() < 1e-6);
}

#[test]
fn a_position_that_never_moves_is_none() {
    let still = |_| Some(0);
    for live in [false, true] {
        let (bench, folder) = bench();
        put(&bench.params.capture, live);
        let mut tap = bench.start(false);
        if live {
            play_by_the_clock(&mut tap, &rooster(), still);
        } else {
            for block in rooster().chunks(512) {
                tap.follow(Transport {
                    position: Some(0),
                    playing: true,
                });
                tap.write(&[block, block], Listen::Mix);
            }
        }
        bench.worker.stop(true);
        let timelines = timelines(&folder);
        assert_eq!(timelines.len(), 1, "live: {live}");
        assert_same(&timelines[0], &file());
        let name = &files(&folder)[0];
        assert!(!name.contains("_at_"), "{name}");
    }
}

#[test]
fn a_pause_by_the_clock_begins_anew_where_no_position_tells() {
    let (bench, folder) = bench();
    let mut tap = bench.start(false);
    play_by_the_clock(&mut tap, &rooster(), |_| Some(0));
    std::thread::sleep(Duration::from_millis(1_300));
    for block in rooster().chunks(512) {
        tap.follow(Transport {
            position: Some(0),
            playing: true,
        });
        tap.write(&[block, block], Listen::Mix);
    }
    bench.worker.stop(true);
    let timelines = timelines(&folder);
    assert_eq!(timelines.len(), 1);
    assert_same(&timelines[0], &file());
}

#[test]
fn a_render_from_zero_is_named_so_at_any_rate() {
    for rate in [
        11_025.0, 22_050.0, 32_000.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0,
    ] {
        let (bench, folder) = bench();
        let mut tap = bench.start_at(rate, true);
        play_at(&mut tap, &rooster(), 0, 512);
        bench.worker.stop(true);
        let name = &files(&folder)[0];
        assert!(name.contains("_at_00-00-00.000"), "{rate}: {name}");
        assert_eq!(timelines(&folder)[0].start_s, 0.0, "{rate}");
    }
}
