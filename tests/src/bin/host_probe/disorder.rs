//! A VST3 whose host calls in wrong orders.

use std::path::Path;

use anyhow::{Result, ensure};
use hamiltone_tests::vst3::{AudioThread, Call, Module};

use Call::{Activate, Process, SetUp};

/// Calls, and whether all of them must succeed.
const ORDERS: [(&str, &[Call], bool); 8] = [
    (
        "as Carla looks for plugins",
        &[Activate(true), SetUp, Activate(false)],
        true,
    ),
    (
        "active, then set up",
        &[Activate(true), SetUp, Process(true)],
        true,
    ),
    (
        "active twice",
        &[SetUp, Activate(true), Activate(true), Process(true)],
        true,
    ),
    (
        "inactive first",
        &[Activate(false), Activate(false), SetUp, Activate(true)],
        true,
    ),
    (
        "processing first",
        &[Process(true), SetUp, Activate(true)],
        false,
    ),
    (
        "set up while active",
        &[SetUp, Activate(true), Process(true), SetUp],
        false,
    ),
    (
        "processing after the end",
        &[SetUp, Activate(true), Activate(false), Process(true)],
        false,
    ),
    ("nothing", &[], true),
];

/// Each order on an instance of its own; where it ends active, blocks pass unchanged, also larger ones than announced.
pub(crate) fn run(file: &Path) -> Result<()> {
    let module = Module::load(file)?;
    for (name, calls, succeeds) in ORDERS {
        let instance = module.create()?;
        let results: Vec<i32> = calls
            .iter()
            .map(|&call| instance.call(call, 44_100.0, 64))
            .collect();
        println!("{name}: {results:?}");
        ensure!(
            !succeeds || results.iter().all(|&result| result == 0),
            "{name} is refused"
        );
        let is_active = calls.iter().rev().find_map(|call| match call {
            Activate(on) => Some(*on),
            _ => None,
        });
        if is_active == Some(true) {
            instance.call(Process(true), 44_100.0, 64);
            for block in [64, 1, 5_000, 20_000] {
                let mut audio = AudioThread::of_active(&instance, block);
                audio.process(&[])?;
                ensure!(
                    audio.passed_unchanged(),
                    "{name}: a block of {block} frames changed"
                );
            }
            instance.call(Process(false), 44_100.0, 64);
        }
        ensure!(
            instance.call(Activate(false), 44_100.0, 64) == 0,
            "{name}: does not end"
        );
    }
    Ok(())
}
