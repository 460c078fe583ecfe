use super::*;

/// A host's blocks as the clock sees them.
struct Host {
    pace: Pace,
    now: Instant,
}

impl Host {
    fn new() -> Self {
        Self {
            pace: Pace::new(48_000.0),
            now: Instant::now(),
        }
    }

    /// Plays for some seconds of the clock, `pace` times as fast.
    fn play(&mut self, seconds: f64, pace: f64) {
        let block = Duration::from_secs_f64(4_800.0 / 48_000.0 / pace);
        let end = self.now + Duration::from_secs_f64(seconds);
        while self.now < end {
            self.now += block;
            self.pace.advance(4_800, self.now);
        }
    }
}

#[test]
fn pace_tells_a_render_from_real_time() {
    let mut host = Host::new();
    for _ in 0..1000 {
        host.play(0.5, 1.0);
        assert!(!host.pace.is_rendering());
    }
    host.play(1.0, 50.0);
    assert!(host.pace.is_rendering());
    host.now += Duration::from_secs(4);
    host.play(0.5, 1.0);
    assert!(!host.pace.is_rendering(), "a pause ends the render");
}

#[test]
fn live_playing_after_a_render_is_soon_known_as_such() {
    let mut host = Host::new();
    host.play(10.0, 30.0); // five minutes
    assert!(host.pace.is_rendering());
    host.play(6.5, 1.0);
    assert!(!host.pace.is_rendering());
}

#[test]
fn a_render_that_works_hard_is_still_one() {
    let mut host = Host::new();
    host.play(2.0, 20.0);
    for pace in [0.3, 4.0, 0.8, 1.3] {
        host.play(10.0, pace);
        assert!(host.pace.is_rendering(), "{pace}");
    }
}

#[test]
fn a_clock_that_drifts_is_no_render() {
    let mut host = Host::new();
    for _ in 0..8 {
        host.play(3_600.0, 1.001); // a film's pull-up
        assert!(!host.pace.is_rendering());
    }
}

#[test]
fn a_render_has_to_show_anew_after_a_cut_but_is_waited_for() {
    let mut host = Host::new();
    host.play(2.0, 20.0);
    assert!(host.pace.is_new_render());
    host.pace.cut();
    assert!(host.pace.is_rendering() && !host.pace.is_new_render());
    host.play(1.0, 20.0);
    assert!(host.pace.is_new_render(), "a second render");
    host.pace.cut();
    host.play(7.0, 1.0);
    assert!(
        !host.pace.is_rendering() && !host.pace.is_new_render(),
        "live after it"
    );
}

#[test]
fn pauses_are_told_from_long_blocks_and_from_renders() {
    let mut host = Host::new();
    let mut late = |seconds: f64, frames: usize| {
        host.now += Duration::from_secs_f64(seconds);
        host.pace.advance(frames, host.now)
    };
    assert_eq!(late(0.0, 480), Pause::None, "the first block");
    assert_eq!(late(0.9, 480), Pause::None);
    assert_eq!(late(1.1, 67_200), Pause::Short);
    assert_eq!(late(1.5, 480), Pause::None, "the block lasted 1.4 s");
    assert_eq!(late(3.1, 480), Pause::Long);
    assert_eq!(late(0.1, 96_000), Pause::None);
    assert!(host.pace.is_rendering());
    host.now += Duration::from_secs(3);
    assert_eq!(
        host.pace.advance(480, host.now),
        Pause::None,
        "a render may take its time"
    );
}
