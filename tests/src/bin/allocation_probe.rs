//! Drives the plugin through what its audio thread may meet, for `tests/allocation.rs`. The bundle
//! is built with a guard that aborts the process when `process` allocates or frees.
//!
//! usage: `allocation-probe BUNDLE audio | overload | violate`

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clack_host::events::UnknownEvent;
use clack_host::events::io::InputEventBuffer;
use clack_host::prelude::{InputEvents, PluginEntry};
use hamiltone_tests::host::{Layout, Plugin, load_entry, set_parameter};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, task] = arguments.as_slice() else {
        bail!("usage: allocation-probe BUNDLE audio | overload | violate");
    };
    let entry = load_entry(Path::new(bundle))?;
    match task.as_str() {
        "audio" => audio(&entry)?,
        "overload" => overload(&entry)?,
        "violate" => violate(&entry)?,
        other => bail!("unknown task {other}"),
    }
    println!("done: {task}");
    Ok(())
}

/// From the first call on: every layout, small and large blocks, parameters that move.
fn audio(entry: &PluginEntry) -> Result<()> {
    for layout in Layout::ALL {
        for (rate, block) in [(8_000, 16), (44_100, 333), (48_000, 512), (192_000, 8192)] {
            let mut plugin = Plugin::from_entry(entry)?;
            let parameters = plugin.parameters()?;
            let mut stream = plugin.start(layout, rate, block)?;
            fill_with_noise(stream.input_mut());
            for round in 0..200 {
                let parameter = &parameters[round % parameters.len()];
                let events = set_parameter(parameter.id, (round / 2 % 2) as f64);
                stream.process_with(block, &events.as_input())?;
            }
            plugin.stop(stream);
        }
    }
    Ok(())
}

/// Three minutes of sound as fast as the machine goes. The ring fills up, and the plugin, which
/// takes this pace for a render, waits in `process` for its worker: without allocating either.
fn overload(entry: &PluginEntry) -> Result<()> {
    let mut plugin = Plugin::from_entry(entry)?;
    let mut stream = plugin.start(Layout::Stereo, 48_000, 1024)?;
    fill_with_noise(stream.input_mut());
    let mut slowest = Duration::ZERO;
    for _ in 0..180 * 48_000 / 1024 {
        let start = Instant::now();
        stream.process(1024)?;
        slowest = slowest.max(start.elapsed());
    }
    plugin.stop(stream);
    println!("the slowest block took {} ms", slowest.as_millis());
    Ok(())
}

/// Makes the plugin allocate inside `process`: the host's event list, which the plugin reads
/// there, asks the plugin's library for another instance. This must not survive.
fn violate(entry: &PluginEntry) -> Result<()> {
    let mut plugin = Plugin::from_entry(entry)?;
    let mut stream = plugin.start(Layout::Stereo, 48_000, 64)?;
    stream.process(64)?;
    println!("a clean block went through");
    stream.process_with(64, &InputEvents::from_buffer(&Violator { entry }))?;
    plugin.stop(stream);
    Ok(())
}

struct Violator<'a> {
    entry: &'a PluginEntry,
}

impl InputEventBuffer for Violator<'_> {
    fn len(&self) -> u32 {
        drop(Plugin::from_entry(self.entry));
        0
    }

    fn get(&self, _index: u32) -> Option<&UnknownEvent> {
        None
    }
}

/// White noise by a linear congruential generator: the same in every run.
fn fill_with_noise(channels: &mut [Vec<f32>]) {
    let mut state = 1u32;
    for sample in channels.iter_mut().flatten() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
    }
}
