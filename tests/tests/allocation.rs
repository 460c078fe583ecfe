//! `process` neither allocates nor frees, from its first call to a full ring.
#![cfg(unix)] // an abort is recognised by its signal

use std::process::Command;
use std::time::Duration;

use hamiltone_tests::child::{Outcome, run};
use hamiltone_tests::places;

fn probe(task: &str) -> Outcome {
    let bundle = places::clap_bundle().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_allocation-probe"));
    run(command.arg(bundle).arg(task), Duration::from_secs(120)).unwrap()
}

fn assert_clean(task: &str) {
    let outcome = probe(task);
    assert!(
        outcome.status.success(),
        "{task}: {}\n{}",
        outcome.status,
        outcome.output
    );
    assert!(
        outcome.output.contains(&format!("done: {task}")),
        "{}",
        outcome.output
    );
}

/// Without this the other tests here would prove nothing: the guard may be compiled out.
#[test]
fn the_guard_is_on_and_aborts_an_allocation_in_process() {
    let outcome = probe("violate");
    let Outcome { status, output } = &outcome;
    assert!(
        output.contains("a clean block went through"),
        "{status}\n{output}"
    );
    let hint = "the bundle was built without its allocation guard: run `cargo xtask test`";
    assert!(!output.contains("done: violate"), "{hint}");
    assert!(
        outcome.aborted(),
        "ended with {status}, not by abort\n{output}"
    );
    assert!(
        output.contains("memory allocation of"),
        "aborted for another reason:\n{output}"
    );
}

#[test]
fn process_does_not_allocate_from_the_first_call_on() {
    assert_clean("audio");
}

#[test]
fn process_does_not_allocate_when_the_ring_is_full() {
    assert_clean("overload");
}
