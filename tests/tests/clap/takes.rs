//! Hosts that report little: no stop before an export, a constant position, no calls while stopped.

use std::path::Path;
use std::time::{Duration, Instant};

use hamiltone_engine::timeline::Timeline;
use hamiltone_tests::demo::Audio;
use hamiltone_tests::host::{Layout, Plugin, Stream, set_parameter};
use hamiltone_tests::permission;
use serde_json::json;

use super::open;
use super::outputs::{as_a_file, assert_agree, set, sound, timelines};

const BLOCK: usize = 512;

/// An instance that writes JSON timelines into `folder`, and its stream.
fn start(folder: &Path, rate: u32) -> (Plugin, Stream) {
    permission::allow(folder).unwrap();
    let mut plugin = open();
    set(&mut plugin, |state| {
        state.set_setting("bounce_folder", json!(folder)).unwrap();
        state
            .set_setting("bounce_formats", json!(["json"]))
            .unwrap();
    });
    plugin.set_offline(false).unwrap();
    let stream = plugin.start(Layout::Stereo, rate, BLOCK).unwrap();
    (plugin, stream)
}

fn export(stream: &mut Stream, audio: &Audio, from_s: f64) {
    stream.play_from(Some(from_s));
    let both = [audio.samples.clone(), audio.samples.clone()];
    stream.render(&both, BLOCK).unwrap();
}

fn wait_for(folder: &Path, count: usize) -> Vec<(String, Timeline)> {
    let start = Instant::now();
    loop {
        let timelines = timelines(folder);
        if timelines.len() == count {
            return timelines;
        }
        assert!(
            start.elapsed().as_secs() < 20,
            "{} written",
            timelines.len()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn exports_after_live_playing_are_timelines_of_their_own_without_a_told_stop() {
    let audio = sound();
    let file = as_a_file(&audio);
    let folder = tempfile::tempdir().unwrap();
    let (mut plugin, mut stream) = start(folder.path(), audio.sample_rate);
    stream.play_from(Some(0.0));
    let three_seconds = &audio.samples[..3 * audio.sample_rate as usize];
    stream.play_live(three_seconds, BLOCK).unwrap();
    // The user stops, and the host no longer calls; what comes next is the export.
    std::thread::sleep(Duration::from_millis(200));
    export(&mut stream, &audio, 0.0);
    export(&mut stream, &audio, 0.0);
    plugin.stop(stream);
    let timelines = timelines(folder.path());
    assert_eq!(timelines.len(), 2);
    for (name, timeline) in &timelines {
        assert!(name.contains("_at_00-00-00.000"), "{name}");
        assert_eq!(timeline.start_s, 0.0);
        assert_eq!(timeline.duration_s, file.duration_s);
        assert_agree(timeline, &file, name);
    }
    let same = timelines[0].1.columns == timelines[1].1.columns;
    assert!(same, "a second export is the first again");
}

#[test]
fn a_capture_is_written_when_the_host_no_longer_calls() {
    let mut audio = sound();
    audio.samples.truncate(4 * audio.sample_rate as usize);
    let file = as_a_file(&audio);
    let folder = tempfile::tempdir().unwrap();
    let (mut plugin, mut stream) = start(folder.path(), audio.sample_rate);
    let parameters = plugin.parameters().unwrap();
    let capture = parameters.iter().find(|p| p.name == "Capture").unwrap().id;
    let events = set_parameter(capture, 1.0);
    stream.process_with(1, &events.as_input()).unwrap();
    stream.play_from(Some(2.0));
    stream.play_live(&audio.samples, BLOCK).unwrap();
    let (name, timeline) = wait_for(folder.path(), 1).remove(0);
    assert!(name.contains("_at_00-00-02.000"), "{name}");
    assert_agree(&timeline, &file, &name);
    plugin.stop(stream);
}

#[test]
fn a_host_with_a_position_that_stands_still_gets_its_timelines() {
    let audio = sound();
    let file = as_a_file(&audio);
    let folder = tempfile::tempdir().unwrap();
    let (mut plugin, mut stream) = start(folder.path(), audio.sample_rate);
    stream.stand_still();
    stream.play_from(Some(0.0));
    stream
        .play_live(&audio.samples[..audio.sample_rate as usize], BLOCK)
        .unwrap();
    std::thread::sleep(Duration::from_millis(1_300));
    export(&mut stream, &audio, 0.0);
    plugin.stop(stream);
    let timelines = timelines(folder.path());
    assert_eq!(timelines.len(), 1);
    let (name, timeline) = &timelines[0];
    assert!(!name.contains("_at_"), "{name}");
    assert_agree(timeline, &file, name);
}
