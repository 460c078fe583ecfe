//! The bundled VST3 in pedalboard, a JUCE host (`vst3.py` has the tests).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hamiltone_tests::{child, places};

#[test]
fn the_vst3_works_in_pedalboard() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vst3.py");
    let mut command = Command::new(places::python().unwrap());
    command.arg(script).arg(places::vst3_bundle().unwrap());
    let outcome = child::run(&mut command, Duration::from_secs(300)).unwrap();
    assert!(
        outcome.status.success(),
        "{}\n{}",
        outcome.status,
        outcome.output
    );
    let passed = outcome
        .output
        .lines()
        .filter(|line| line.starts_with("ok test_"))
        .count();
    assert!(passed > 0 && outcome.output.contains(&format!("all {passed} passed")));
}
