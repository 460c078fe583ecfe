//! The panel in an X11 host, on a display without a screen.
#![cfg(all(target_os = "linux", feature = "screen"))]

use std::process::Command;
use std::time::Duration;

use hamiltone_tests::display::Display;
use hamiltone_tests::picture::assert_not_blank;
use hamiltone_tests::{child, places};

#[test]
fn the_panel_opens_lives_resizes_and_reopens() {
    let display = Display::start();
    let pictures = places::screenshots().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_panel-host"));
    command
        .arg(places::clap_bundle().unwrap())
        .arg(&pictures)
        .envs(display.environment())
        .env_remove("WAYLAND_DISPLAY");
    let outcome = child::run(&mut command, Duration::from_secs(60)).unwrap();
    assert!(
        outcome.status.success(),
        "{}\n{}",
        outcome.status,
        outcome.output
    );

    let first = assert_not_blank(&pictures.join("panel.png"));
    let later = assert_not_blank(&pictures.join("panel-later.png"));
    assert!(
        first.pixels != later.pixels,
        "the panel does not change while another sound plays"
    );
    let large = assert_not_blank(&pictures.join("panel-large.png"));
    assert!(large.width > first.width && large.height > first.height);
    // The new space is used, not left in the colour of the bare window below.
    let corner = (large.height - 3) * large.width + large.width - 3;
    assert_ne!(
        large.pixels[corner as usize], [255; 3],
        "the panel did not grow with its window"
    );
    for cost in ["worker: ", "panel: ", "panel without sound: "] {
        let line = outcome.output.lines().find(|line| line.starts_with(cost));
        assert!(line.is_some(), "{cost}: {}", outcome.output);
    }
    let size = format!("large: {}x{}", large.width, large.height);
    assert!(outcome.output.contains(&size), "{}", outcome.output);
}
