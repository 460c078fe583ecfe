//! Renders and captures: complete, the same however they were played, and never lost.

use hamiltone_engine::timeline::{EventSettings, Recorder, Timeline};

use super::*;
use crate::tap::Transport;

pub(super) fn files(folder: &Path) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(folder) else {
        return vec![];
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = listing
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(super) fn timelines(folder: &Path) -> Vec<Timeline> {
    files(folder)
        .iter()
        .filter(|name| name.ends_with(".json"))
        .map(|name| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            serde_json::from_str(&text).unwrap()
        })
        .collect()
}

/// As a file would be analysed.
pub(super) fn of_a_file(mono: &[f32], window_s: f32) -> Timeline {
    let model = Library::with_folders(vec![]).default_model();
    let mut recorder = Recorder::new(&model, window_s, EventSettings::of(model.card()));
    let mut tagger = Tagger::new(model, RATE as u32, window_s).unwrap();
    tagger.push(mono, &mut |tags| recorder.push(tags));
    tagger.finish(&mut |tags| recorder.push(tags));
    recorder.finish("host", mono.len() as f64 / RATE)
}

pub(super) fn assert_same(taken: &Timeline, file: &Timeline) {
    assert_eq!(taken.columns.len(), file.columns.len());
    for (a, b) in taken.columns.iter().zip(file.columns.iter()) {
        assert!(
            (a.time_s - b.time_s).abs() < 1e-6,
            "{} and {}",
            a.time_s,
            b.time_s
        );
        for ((_, a), (_, b)) in a.top().zip(b.top()) {
            assert!((a - b).abs() < 1e-4, "{a} and {b}");
        }
    }
    assert!((taken.duration_s - file.duration_s).abs() < 1e-6);
    let names = |timeline: &Timeline| -> Vec<String> {
        timeline
            .events
            .iter()
            .map(|event| event.label.clone())
            .collect()
    };
    assert_eq!(names(taken), names(file));
}

/// Plays with a transport that began at `from` frames.
pub(super) fn play_at(tap: &mut Tap, mono: &[f32], from: i64, block: usize) {
    let mut position = from;
    for block in mono.chunks(block) {
        tap.follow(Transport {
            position: Some(position),
            playing: true,
        });
        tap.write(&[block, block], Listen::Mix);
        position += block.len() as i64;
    }
}

/// As [`play_at`], about as fast as a clock runs: too slow for a render.
fn play_live(tap: &mut Tap, mono: &[f32]) {
    for (index, block) in mono.chunks(480).enumerate() {
        play_at(tap, block, 480 * index as i64, 480);
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn stop(tap: &mut Tap, position: i64) {
    tap.follow(Transport {
        position: Some(position),
        playing: false,
    });
    tap.write(&[[0.0; 64], [0.0; 64]], Listen::Mix);
}

#[test]
fn a_render_is_written_in_every_format_and_equals_the_file() {
    let sound = rooster();
    let file = of_a_file(&sound, DEFAULT_WINDOW_S);
    for block in [64, 512, 8192] {
        let bench = Bench::new();
        let folder = bench.path("bounces");
        bench.set(|settings| {
            settings.bounce_folder = Some(folder.clone());
            settings.bounce_formats.clear(); // all
        });
        let mut tap = bench.start(true);
        play_at(&mut tap, &sound, 64_000, block);
        bench.worker.stop(true);
        assert_eq!(files(&folder).len(), hamiltone_exports::Format::ALL.len());
        let timeline = timelines(&folder).remove(0);
        assert_eq!(timeline.sample_rate, RATE as u32);
        assert!(
            (timeline.start_s - 2.0).abs() < 1e-9,
            "{}",
            timeline.start_s
        );
        assert_same(&timeline, &file);
        assert!(
            files(&folder)[0].contains("_at_00-00-02.000"),
            "{:?}",
            files(&folder)
        );
    }
}

#[test]
fn a_capture_in_real_time_equals_the_file_too() {
    let mut bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| {
        settings.bounce_folder = Some(folder.clone());
        settings.bounce_formats = vec!["json".to_owned(), "not known".to_owned()];
    });
    let mut tap = bench.start(false);
    let sound = rooster();
    tap.write(&[[0.3; 4000], [0.1; 4000]], Listen::Mix); // monitored before the start
    put(&bench.params.capture, true);
    play_live(&mut tap, &sound);
    stop(&mut tap, sound.len() as i64);
    bench.wait("written", |s| !s.bounce.written.is_empty());
    assert_eq!(files(&folder).len(), 1, "{:?}", files(&folder));
    let timeline = timelines(&folder).remove(0);
    assert_eq!(timeline.start_s, 0.0);
    let file = of_a_file(&sound, DEFAULT_WINDOW_S);
    assert_same(&timeline, &file);
}

#[test]
fn a_loop_makes_a_take_a_round() {
    let mut bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    put(&bench.params.capture, true);
    let mut tap = bench.start(false);
    for _ in 0..2 {
        play_at(&mut tap, &rooster(), 32_000, 512);
    }
    stop(&mut tap, 96_000);
    bench.wait("second take", |_| timelines(&folder).len() == 2);
    let takes = timelines(&folder);
    assert!(takes.iter().all(|take| (take.start_s - 1.0).abs() < 1e-9));
    assert_same(&takes[0], &takes[1]);
}

#[test]
fn an_export_has_one_timeline_also_if_the_host_idles_before_it() {
    let mut bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster()); // the transport is stopped
    play_at(&mut tap, &rooster(), 32_000, 512);
    bench.worker.stop(true);
    bench.wait("a timeline", |s| !s.bounce.written.is_empty());
    let timelines = timelines(&folder);
    assert_eq!(timelines.len(), 1);
    assert!((timelines[0].start_s - 1.0).abs() < 1e-9);
    assert!((timelines[0].duration_s - 2.0).abs() < 1e-6);
}

#[test]
fn what_a_host_idles_after_an_export_is_none_of_it() {
    for offline in [true, false] {
        let mut bench = Bench::new();
        let folder = bench.path("bounces");
        bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
        let mut tap = bench.start(offline);
        play_at(&mut tap, &rooster(), 32_000, 512); // faster than the clock, so a render either way
        bench.wait("rendering", |s| s.bounce.rendering);
        stop(&mut tap, 96_000);
        for block in rooster().chunks(512) {
            tap.follow(Transport {
                position: Some(96_000),
                playing: false,
            });
            tap.write(&[block, block], Listen::Mix);
        }
        bench.wait("written", |s| !s.bounce.written.is_empty());
        drop(tap);
        bench.worker.stop(true);
        let end = bench.wait("end", |s| s.stream.is_none());
        assert_eq!((timelines(&folder).len(), end.bounce.waiting), (1, 0));
        let duration_s = timelines(&folder)[0].duration_s;
        assert!((duration_s - 2.0).abs() < 1e-6, "{duration_s}");
    }
}

#[test]
fn without_a_folder_a_bounce_waits_until_there_is_one() {
    let mut bench = Bench::new();
    let mut tap = bench.start(true);
    play_at(&mut tap, &rooster(), 0, 512);
    bench.worker.stop(true);
    bench.wait("waiting", |s| s.bounce.waiting == 1);
    // An impossible folder is reported, and nothing is lost.
    std::fs::write(bench.path("a file"), "x").unwrap();
    bench.set(|settings| settings.bounce_folder = Some(bench.path("a file")));
    let said = bench.wait("problem", |s| s.bounce.problem.is_some());
    assert!(said.bounce.problem.unwrap().contains("a file"));
    assert_eq!(said.bounce.waiting, 1);
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    let done = bench.wait("written", |s| s.bounce.waiting == 0);
    assert_eq!(done.bounce.problem, None);
    let names: Vec<_> = done
        .bounce
        .written
        .iter()
        .map(|path| path.extension())
        .collect();
    let new_session = ["json", "png"].map(|ending| Some(std::ffi::OsStr::new(ending)));
    assert_eq!(names, new_session);
}

#[test]
fn what_was_bypassed_is_marked_as_not_heard() {
    let bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    tap.skip(RATE as usize / 2);
    play(&mut tap, &rooster());
    bench.worker.stop(true);
    let timeline = timelines(&folder).remove(0);
    let gap = &timeline.gaps[0];
    assert_eq!(timeline.gaps.len(), 1);
    assert!(
        (gap.start_s - 2.0).abs() < 1e-3 && (gap.end_s - 2.5).abs() < 1e-3,
        "{gap:?}"
    );
    assert_eq!(gap.reason, "bypassed");
    assert!((timeline.duration_s - 4.5).abs() < 1e-6);
}

#[test]
fn a_long_gap_is_part_of_one_timeline_and_of_no_event() {
    let bench = Bench::new();
    put(&bench.params.window, 0.5); // labels are on soon, within the two seconds of the sound
    bench.choose("esc10"); // it knows roosters
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    tap.skip(60 * RATE as usize);
    play(&mut tap, &rooster());
    tap.skip(3 * RATE as usize); // to the end
    drop(tap);
    bench.worker.stop(true);
    let timelines = timelines(&folder);
    assert_eq!(timelines.len(), 1);
    let timeline = &timelines[0];
    let gaps: Vec<_> = timeline.gaps.iter().map(|g| (g.start_s, g.end_s)).collect();
    assert_eq!(gaps, [(2.0, 62.0), (64.0, 67.0)]);
    assert!((timeline.duration_s - 67.0).abs() < 1e-6);
    let events = |from_s: f64, to_s: f64| {
        let inside =
            |e: &&hamiltone_engine::timeline::Event| e.start_s >= from_s && e.end_s <= to_s;
        timeline.events.iter().filter(inside).count()
    };
    assert!(events(0.0, 2.0) > 0 && events(62.0, 64.0) > 0);
    assert_eq!(events(0.0, 2.0) + events(62.0, 64.0), timeline.events.len());
}

#[test]
fn a_capture_ends_where_the_transport_stops_also_under_bypass() {
    let mut bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    put(&bench.params.capture, true);
    let mut tap = bench.start(false);
    play_at(&mut tap, &rooster(), 0, 512);
    let bypassed = |position: i64, playing: bool, tap: &mut Tap| {
        tap.follow(Transport {
            position: Some(position),
            playing,
        });
        tap.skip(16_000);
    };
    bypassed(64_000, true, &mut tap);
    for _ in 0..10 {
        bypassed(80_000, false, &mut tap);
    }
    bench.wait("written", |s| !s.bounce.written.is_empty());
    let duration_s = timelines(&folder)[0].duration_s;
    assert!((duration_s - 2.5).abs() < 1e-6, "{duration_s}");
}

#[test]
fn playing_without_capture_writes_nothing() {
    let mut bench = Bench::new();
    let folder = bench.path("bounces");
    bench.set(|settings| settings.bounce_folder = Some(folder.clone()));
    let mut tap = bench.start(false);
    play_live(&mut tap, &rooster());
    bench.wait("tags", |s| s.time_s > 1.5);
    stop(&mut tap, 64_000);
    bench.worker.stop(true);
    let snapshot = bench.wait("end", |s| s.stream.is_none());
    assert!(!snapshot.bounce.rendering);
    assert_eq!((snapshot.bounce.waiting, files(&folder).len()), (0, 0));
}
