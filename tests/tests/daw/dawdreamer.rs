//! dawdreamer renders graphs of plugins offline (`in_dawdreamer.py` says what is tested).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hamiltone_tests::{child, demo, places};

use crate::{assert_passed, skip, sound};

/// Frames in the blocks of the render; dawdreamer renders whole ones.
const BLOCK: u32 = 512;

#[test]
fn the_vst3_works_in_dawdreamer() {
    let installed = |python: &Path| {
        let mut command = Command::new(python);
        child::run(
            command.args(["-c", "import dawdreamer"]),
            Duration::from_secs(60),
        )
        .is_ok_and(|outcome| outcome.status.success())
    };
    let Some(python) = places::python().ok().filter(|python| installed(python)) else {
        return skip("dawdreamer");
    };
    let audio = demo::audio().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [preset, samples, bounces, home] =
        ["bounce.vstpreset", "sound", "bounces", "home"].map(|name| folder.path().join(name));
    fs::create_dir(&bounces).unwrap();
    fs::create_dir(&home).unwrap();
    fs::write(&preset, sound::preset(&bounces)).unwrap();
    fs::write(&samples, sound::raw(&audio)).unwrap();
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daw/in_dawdreamer.py"))
        .arg(places::vst3_bundle().unwrap())
        .args([&preset, &bounces, &samples])
        .args([audio.sample_rate, BLOCK].map(|number| number.to_string()))
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home);
    let outcome = child::run(&mut command, Duration::from_secs(300)).unwrap();
    assert_passed(&outcome, "all 5 passed");
    sound::assert_bounced(&bounces, &audio, BLOCK);
}
