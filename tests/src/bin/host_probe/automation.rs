//! Instances that are automated up to their release.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamiltone_tests::vst3::{AudioThread, Instance, Module, RunLoop};
use hamiltone_tests::window::Window;

const RATE: f64 = 48_000.0;
const BLOCK: usize = 512;
const BLOCKS: usize = 20;
const CHANGES: usize = 5;

/// Plays the blocks on an audio thread, at full speed or in real time.
fn play(instance: &Instance, real_time: bool) -> Result<AudioThread> {
    let parameters = instance.parameters()?;
    ensure!(
        parameters.len() >= CHANGES,
        "{} parameters",
        parameters.len()
    );
    let mut stream = instance.start(RATE, BLOCK)?;
    let thread = std::thread::spawn(move || {
        let mut due = Instant::now();
        for block in 0..BLOCKS {
            let value = |index: usize| ((block + index) % 10) as f64 / 10.0;
            let changes: Vec<(u32, f64)> = parameters[..CHANGES]
                .iter()
                .enumerate()
                .map(|(index, &id)| (id, value(index)))
                .collect();
            if real_time {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due += Duration::from_secs_f64(BLOCK as f64 / RATE);
            }
            stream.process(&changes)?;
        }
        Ok(stream)
    });
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("the audio thread panicked"))?
}

/// `count` instances, one after the other, automated up to their release.
pub(crate) fn released(
    file: &Path,
    count: usize,
    wait: Option<Duration>,
    deactivates: bool,
) -> Result<()> {
    let module = Module::load(file)?;
    for _ in 0..count {
        let instance = module.create()?;
        let stream = play(&instance, wait.is_some())?;
        std::thread::sleep(wait.unwrap_or_default());
        if deactivates {
            stream.stop()?;
        } else {
            drop(stream);
        }
        drop(instance);
    }
    // The host lives on for a while.
    std::thread::sleep(Duration::from_millis(100));
    Ok(())
}

/// Two instances, one after the other, automated while their panel is open.
pub(crate) fn open(file: &Path, run_loop: RunLoop) -> Result<()> {
    let module = Module::load(file)?;
    let window = Window::open(800, 600)?;
    window.map()?;
    for _ in 0..2 {
        let instance = module.create()?;
        let panel = instance.open_panel(window.id(), run_loop)?;
        panel.run_for(Duration::from_millis(300));
        let stream = play(&instance, true)?;
        panel.run_for(Duration::from_millis(100));
        stream.stop()?;
        panel.close(true)?;
    }
    Ok(())
}
