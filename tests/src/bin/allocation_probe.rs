//! Drives the plugin through what its audio thread may meet, for `tests/allocation.rs`. The bundle
//! is built with a guard that aborts the process when `process` allocates or frees.
//!
//! usage: `allocation-probe BUNDLE audio | overload | violate | trace`. `trace` is for `tests/system_calls.rs`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clack_host::events::UnknownEvent;
use clack_host::events::io::InputEventBuffer;
use clack_host::prelude::{InputEvents, PluginEntry};
use clack_host::utils::ClapId;
use hamiltone_tests::host::{Layout, Plugin, Stream, load_entry, set_parameter};
use hamiltone_tests::state::State;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, task] = arguments.as_slice() else {
        bail!("usage: allocation-probe BUNDLE audio | overload | violate | trace");
    };
    let entry = load_entry(Path::new(bundle))?;
    match task.as_str() {
        "audio" => audio(&entry)?,
        "overload" => overload(&entry)?,
        "violate" => violate(&entry)?,
        "trace" => trace(&entry)?,
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

/// Blocks on an audio thread in real time, between two system calls that a tracer finds, while the main thread does
/// what a host and its user do, the panel included where there is a display. Then a render, which may wait, and back to
/// real time.
fn trace(entry: &PluginEntry) -> Result<()> {
    let mut plugin = Plugin::from_entry(entry)?;
    let good = plugin.save()?;
    let mut state = State::parse(&good)?;
    state.set_setting("model", serde_json::json!({ "name": "esc10" }))?;
    let other_model = state.to_bytes();
    let parameters = plugin.parameters()?;
    let ids: Vec<_> = parameters.iter().map(|parameter| parameter.id).collect();
    let live_part = |plugin: &mut Plugin, rate, block| -> Result<()> {
        let stream = plugin.start(Layout::Stereo, rate, block)?;
        let ids = ids.clone();
        let thread = std::thread::spawn(move || live(stream, rate, block, &ids));
        let mut round = 0;
        while !thread.is_finished() {
            plugin.load(if round % 2 == 0 { &other_model } else { &good })?;
            plugin.save()?;
            #[cfg(all(target_os = "linux", feature = "screen"))]
            panel::open_and_close(plugin)?;
            plugin.pump();
            round += 1;
            std::thread::sleep(Duration::from_millis(200));
        }
        let stream = thread
            .join()
            .map_err(|_| anyhow::anyhow!("the audio thread panicked"))??;
        plugin.stop(stream);
        Ok(())
    };
    for (rate, block) in [(48_000, 512), (44_100, 64), (96_000, 2_048)] {
        live_part(&mut plugin, rate, block)?;
    }
    plugin.set_offline(true)?;
    let mut stream = plugin.start(Layout::Stereo, 48_000, 512)?;
    fill_with_noise(stream.input_mut());
    for _ in 0..200 {
        mark("/hamiltone-trace/begin-render");
        stream.process(512)?;
        mark("/hamiltone-trace/end");
    }
    plugin.stop(stream);
    plugin.set_offline(false)?;
    live_part(&mut plugin, 48_000, 256)
}

#[cfg(all(target_os = "linux", feature = "screen"))]
mod panel {
    #![allow(unsafe_code, reason = "handing our window to a CLAP panel")]

    use std::time::Duration;

    use anyhow::{Context, Result};
    use clack_extensions::gui::{GuiApiType, GuiConfiguration, Window as ClapWindow};
    use hamiltone_tests::host::Plugin;
    use hamiltone_tests::window::Window;

    /// Shows the panel for a moment; does nothing without a display.
    pub(crate) fn open_and_close(plugin: &mut Plugin) -> Result<()> {
        if std::env::var_os("DISPLAY").is_none() {
            return Ok(());
        }
        let gui = plugin.gui()?;
        let embedded = GuiConfiguration {
            api_type: GuiApiType::X11,
            is_floating: false,
        };
        gui.create(&plugin.handle(), embedded)?;
        let size = gui.get_size(&plugin.handle()).context("no size")?;
        let window = Window::open(size.width, size.height)?;
        window.map()?;
        let parent = ClapWindow::from_x11_handle(window.id().into());
        // SAFETY: the window lives until the panel is destroyed, at the end of this function.
        unsafe { gui.set_parent(&plugin.handle(), parent)? };
        gui.show(&plugin.handle())?;
        for _ in 0..20 {
            plugin.pump();
            std::thread::sleep(Duration::from_millis(10));
        }
        gui.destroy(&plugin.handle());
        println!("panel opened");
        Ok(())
    }
}

/// Two seconds at the pace of the clock, with a parameter changed in each block (the bypass is one of them), the
/// transport started, stopped and moved, resets, and samples that are no numbers.
fn live(mut stream: Stream, rate: u32, block: usize, ids: &[ClapId]) -> Result<Stream> {
    fill_with_noise(stream.input_mut());
    let start = Instant::now();
    let blocks = 2 * rate as usize / block;
    for index in 0..blocks {
        if index % 40 == 0 {
            stream.play_from((index % 80 == 0).then_some(index as f64));
        }
        let events = set_parameter(ids[index % ids.len()], (index / 7 % 2) as f64);
        let events = events.as_input();
        let odd = [f32::NAN, f32::INFINITY, 1e-40, 0.1];
        stream.input_mut()[0][0] = odd[index % odd.len()];
        mark("/hamiltone-trace/begin-live");
        if index % 50 == 49 {
            stream.reset();
        }
        stream.process_with(block, &events)?;
        mark("/hamiltone-trace/end");
        let due = Duration::from_secs_f64((index * block) as f64 / f64::from(rate));
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
    Ok(stream)
}

/// A system call with a path that a tracer prints. Allocates nothing: an allocation between two marks may wait for other
/// threads, which a tracer could not tell from a wait of the plugin's.
fn mark(path: &'static str) {
    let _ = Path::new(path).symlink_metadata();
}

/// White noise by a linear congruential generator: the same in every run.
fn fill_with_noise(channels: &mut [Vec<f32>]) {
    let mut state = 1u32;
    for sample in channels.iter_mut().flatten() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
    }
}
