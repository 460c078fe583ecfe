//! How often an open panel is drawn.

use super::*;

/// Seconds between two tags in these tests.
const REFRESH_S: f64 = 0.16;

/// A panel that nobody touches, after its animations: the time until its next picture.
fn settled(page: &str, size: PanelSize, change: impl FnOnce(&mut Bench)) -> Duration {
    let mut bench = Bench::new(page, size, snapshot());
    bench.snapshot.refresh_s = REFRESH_S;
    change(&mut bench);
    bench.pictures(60);
    // egui itself must not want an earlier picture, for a cursor or a tooltip.
    let viewport = &bench.output.viewport_output[&egui::ViewportId::ROOT];
    let delay = viewport.repaint_delay;
    assert!(delay >= bench.next, "{page}: {delay:?}");
    bench.next
}

#[test]
fn pages_without_a_roll_are_drawn_when_tags_come() {
    for page in ["Labels", "Response", "Outputs"] {
        let next = settled(page, PanelSize::DEFAULT, |_| {});
        assert_eq!(next, Duration::from_secs_f64(REFRESH_S), "{page}");
    }
    // In the smallest window the page Tags has no roll either.
    let next = settled("Tags", PanelSize::MIN, |bench| {
        assert!(!bench.shows("Tag roll"))
    });
    assert_eq!(next, Duration::from_secs_f64(REFRESH_S));
}

#[test]
fn a_moving_spectrogram_is_drawn_fourteen_times_a_second() {
    for page in ["Tags", "Roll"] {
        let next = settled(page, PanelSize::DEFAULT, |_| {});
        assert_eq!(next, Duration::from_millis(70), "{page}");
    }
}

#[test]
fn a_panel_without_new_tags_is_drawn_four_times_a_second() {
    let idle: [fn(&mut Bench); 4] = [
        |bench| bench.snapshot.activity = Activity::Waiting,
        |bench| bench.snapshot.activity = Activity::Bypassed,
        |bench| bench.snapshot.activity = Activity::Refused,
        |bench| bench.snapshot = Snapshot::default(),
    ];
    for page in ["Tags", "Roll", "Labels", "Response", "Outputs"] {
        for change in idle {
            let next = settled(page, PanelSize::DEFAULT, change);
            assert_eq!(next, Duration::from_millis(250), "{page}");
        }
    }
    // So is a roll that is paused.
    let next = settled("Roll", PanelSize::DEFAULT, |bench| {
        let pause = bench.middle_of("Pause");
        bench.click(pause);
        bench.picture(&[egui::Event::PointerGone]);
    });
    assert_eq!(next, Duration::from_millis(250));
}
