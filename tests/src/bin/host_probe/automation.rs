//! Instances that are automated up to their release.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamiltone_tests::vst3::{AudioThread, Instance, Module, RunLoop};
use hamiltone_tests::window::Window;

const RATE: f64 = 48_000.0;
const BLOCK: usize = 512;
const BLOCKS: usize = 20;
const CHANGES: usize = 5;
const OPENINGS: usize = 5;

/// Changes of one block: the first parameters, each to another value.
fn changes(parameters: &[u32], block: usize) -> Vec<(u32, f64)> {
    let value = |index: usize| ((block + index) % 10) as f64 / 10.0;
    let first = parameters.iter().take(CHANGES).enumerate();
    first.map(|(index, &id)| (id, value(index))).collect()
}

/// Plays on an audio thread, at full speed or in real time: so many blocks, or until the flag is set.
fn play(
    instance: &Instance,
    blocks: Option<usize>,
    real_time: bool,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<Result<AudioThread>>> {
    let parameters = instance.parameters()?;
    ensure!(
        parameters.len() >= CHANGES,
        "{} parameters",
        parameters.len()
    );
    let mut stream = instance.start(RATE, BLOCK)?;
    let stop = stop.clone();
    Ok(std::thread::spawn(move || {
        let mut due = Instant::now();
        for block in 0..blocks.unwrap_or(usize::MAX) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if real_time {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due += Duration::from_secs_f64(BLOCK as f64 / RATE);
            }
            stream.process(&changes(&parameters, block))?;
        }
        Ok(stream)
    }))
}

fn finish(thread: JoinHandle<Result<AudioThread>>) -> Result<AudioThread> {
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
        let stream = finish(play(
            &instance,
            Some(BLOCKS),
            wait.is_some(),
            &Arc::default(),
        )?)?;
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

/// Two instances, one after the other, automated without a pause while their panel opens and closes.
pub(crate) fn opened(file: &Path, run_loop: RunLoop) -> Result<()> {
    let module = Module::load(file)?;
    let window = Window::open(800, 600)?;
    window.map()?;
    for _ in 0..2 {
        let instance = module.create()?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = play(&instance, None, true, &stop)?;
        for _ in 0..OPENINGS {
            let panel = instance.open_panel(window.id(), run_loop)?;
            panel.run_for(Duration::from_millis(100));
            panel.close(true)?;
        }
        stop.store(true, Ordering::Relaxed);
        finish(thread)?.stop()?;
    }
    Ok(())
}
