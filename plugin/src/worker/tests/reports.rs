//! The files that the worker writes.

use super::*;

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
fn a_report_tells_what_was_not_heard_and_begins_where_it_does() {
    let mut bench = Bench::new();
    put(&bench.params.window, 0.5); // labels are on soon, within the two seconds of the sound
    bench.choose("esc10"); // it knows roosters
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    tap.skip(8 * RATE as usize);
    play(&mut tap, &rooster());
    bench.wait("the second part", |s| s.time_s > 11.5);
    // Other labels compete: another report.
    bench.set(|settings| settings.among = vec!["rooster".to_owned(), "dog".to_owned()]);
    bench.wait("fewer labels", |s| s.among.len() == 2);
    play(&mut tap, &rooster());
    bench.worker.stop(true);
    let read = |name: &str| -> hamiltone_engine::timeline::Timeline {
        let text = std::fs::read_to_string(bench.path("reports").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let first = read("timeline.json");
    assert_eq!(first.gaps.len(), 1, "{:?}", first.gaps);
    assert_eq!((first.gaps[0].start_s, first.gaps[0].end_s), (2.0, 10.0));
    assert!(!first.events.is_empty());
    for event in &first.events {
        assert!(event.end_s <= 2.0 || event.start_s >= 10.0, "{event:?}");
    }
    let second = read("timeline-2.json");
    assert!(!second.events.is_empty());
    let begins_s = second.events[0].start_s;
    assert!((11.0..=12.5).contains(&begins_s), "{begins_s}");
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

/// A file system with 60 kB: the timelines of two seconds fit into it, the third does not.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_half_of_a_timeline() {
    use std::process::{Command, Stdio};
    let bench = Bench::new();
    let folder = bench.path("reports");
    std::fs::create_dir(&folder).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=60k", "none"]);
    let mounted = mount.arg(&folder).stderr(Stdio::null()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        return hamiltone_test_support::skip("the right to mount a small file system");
    }
    bench.set(|settings| settings.report_folder = Some(folder.clone()));
    for _ in 0..8 {
        let mut tap = bench.start(true);
        play(&mut tap, &rooster());
        bench.worker.stop(true);
    }
    let timelines: Vec<_> = bench
        .reports()
        .into_iter()
        .filter(|name| name.ends_with(".json"))
        .map(|name| std::fs::read(folder.join(name)).unwrap())
        .collect();
    let hidden = bench.reports().iter().any(|name| name.starts_with('.'));
    Command::new("umount").arg(&folder).status().unwrap();
    assert!((1..8).contains(&timelines.len()), "{}", timelines.len());
    for timeline in timelines {
        serde_json::from_slice::<hamiltone_engine::timeline::Timeline>(&timeline).unwrap();
    }
    assert!(!hidden);
}
