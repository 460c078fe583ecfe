//! Hosts that behave badly, each in a process of its own: the plugin must not end them, change the sound, or grow.
#![cfg(target_os = "linux")] // memory is read from /proc

use std::process::Command;
use std::time::Duration;

use hamiltone_tests::{child, places};

fn probe(arguments: &[&str], limit: Duration) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-probe"));
    let outcome = child::run(command.args(arguments), limit).unwrap();
    assert!(
        outcome.status.success() && outcome.output.ends_with("done\n"),
        "{arguments:?}: {}\n{}",
        outcome.status,
        outcome.output
    );
    outcome.output
}

fn number(variable: &str, default: u64) -> u64 {
    let asked = std::env::var(variable).ok();
    asked.map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn a_vst3_may_be_called_in_any_order() {
    let bundle = places::vst3_bundle().unwrap();
    let output = probe(
        &["disorder", bundle.to_str().unwrap()],
        Duration::from_secs(120),
    );
    assert!(
        output.contains("as Carla looks for plugins: [0, 0, 0]"),
        "{output}"
    );
}

/// `HAMILTONE_UNRULY_SECONDS=600` for ten minutes, `HAMILTONE_UNRULY_SEED` for other choices.
#[test]
fn an_unruly_host_gets_its_sound_and_no_memory_is_lost() {
    let seconds = number("HAMILTONE_UNRULY_SECONDS", 20);
    let seed = number("HAMILTONE_UNRULY_SEED", 1);
    let bundle = places::clap_bundle().unwrap();
    let arguments = [
        "unruly",
        bundle.to_str().unwrap(),
        &seed.to_string(),
        &seconds.to_string(),
    ];
    let output = probe(&arguments, Duration::from_secs(seconds + 240));
    println!("{output}");
}
