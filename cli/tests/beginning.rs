//! How files begin, on real clips: "Music" is not what the default model says of everything at first.

mod common;

use std::path::Path;

use common::{Workplace, timeline};

/// Every n-th clip of ESC-50's classes that hold no music.
const EVERY: usize = 7;

#[test]
fn clips_without_music_do_not_begin_with_music() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/esc50/audio");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        hamiltone_test_support::skip(folder.display());
        return;
    };
    let mut clips: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    clips.sort();
    let place = Workplace::new();
    let clips: Vec<&str> = clips
        .iter()
        .step_by(EVERY)
        .filter_map(|p| p.to_str())
        .collect();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/general-half.safetensors");
    let mut arguments = vec![
        "analyze",
        "--model",
        model.to_str().unwrap(),
        "--format",
        "json",
    ];
    arguments.extend(&clips);
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let timelines: Vec<_> = ran.stdout.lines().map(timeline).collect();
    assert_eq!(timelines.len(), clips.len());
    let (mut first, mut events) = (0, 0);
    for timeline in &timelines {
        let column = timeline.columns.get(0).unwrap().named(&timeline.labels);
        let best = &column.top[0];
        first += usize::from(best.label == "Music" && best.probability >= timeline.threshold);
        let mut early = timeline.events.iter().filter(|event| event.start_s < 1.0);
        events += usize::from(early.any(|event| event.label == "Music"));
    }
    let percent = |count: usize| 100.0 * count as f64 / clips.len() as f64;
    assert!(
        percent(first) <= 3.0,
        "{first} of {} first columns",
        clips.len()
    );
    // 3 of 93 on 2026-12-01; from zeros it was over half. (Of all 314 clips: `hamiltone-research beginnings`.)
    assert!(
        percent(events) <= 5.0,
        "{events} of {} first seconds",
        clips.len()
    );
}
