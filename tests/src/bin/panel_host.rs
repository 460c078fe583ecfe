//! Opens the plugin's panel in a bare X11 window while the demo plays, for `tests/panel.rs`.
//!
//! usage: `panel-host BUNDLE PICTURES [FROM [SETTINGS]]`, with DISPLAY set; FROM is where the demo
//! begins, in seconds, SETTINGS a JSON object of settings that differ from a new instance's. Writes
//! `panel.png` (while it plays), `panel-later.png` (the same a little later) and `panel-large.png`
//! (resized) to PICTURES, and prints what share of a core the analysis and the drawing of the panel take between the
//! first two, and what the drawing takes after the sound has stopped.
//!
//! To see these shares alone: `xvfb-run -a target/debug/panel-host target/bundled/Hamiltone.clap /tmp` (`cargo xtask
//! bundle` makes the bundle; one of `cargo xtask test` is slow). Without a graphics card, as under Xvfb, the processor
//! draws the pixels too: the share includes that, and is larger in a large window.

#![allow(unsafe_code)] // one call: handing our window to the plugin

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, Window as ClapWindow};
use hamiltone_tests::host::{Layout, Plugin, Stream};
use hamiltone_tests::window::Window;
use hamiltone_tests::{demo, state::State};
use serde_json::{Map, Value};

const BLOCK: usize = 512;
/// Where the demo begins: the first picture falls in a calm stretch, the second in another sound.
const PLAY_FROM_S: f64 = 7.9;
/// The name of the thread that computes.
const WORKER: &str = "hamiltone";
/// The name of our thread that plays the demo.
const PLAYER: &str = "player";
const EMBEDDED: GuiConfiguration<'static> = GuiConfiguration {
    api_type: GuiApiType::X11,
    is_floating: false,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, pictures, more @ ..] = arguments.as_slice() else {
        bail!("usage: panel-host BUNDLE PICTURES [FROM [SETTINGS]]");
    };
    let from_s: f64 = more.first().map_or(Ok(PLAY_FROM_S), |text| text.parse())?;
    let pictures = Path::new(pictures);
    let mut plugin = Plugin::open(Path::new(bundle))?;
    if let Some(settings) = more.get(1) {
        change_settings(&mut plugin, settings)?;
    }
    let size = open_panel(&mut plugin)?;
    let window = Window::open(size.width, size.height)?;
    window.map()?;
    embed(&mut plugin, &window)?;
    let audio = demo::audio()?;
    let stream = plugin.start(Layout::Stereo, audio.sample_rate, BLOCK)?;
    let player = Player::start(stream, audio, from_s)?;

    wait(&mut plugin, &window, 5.0)?;
    window.picture(&pictures.join("panel.png"))?;
    let [worker, panel] = shares(|| wait(&mut plugin, &window, 3.0))?;
    println!("worker: {worker}");
    println!("panel: {panel}");
    window.picture(&pictures.join("panel-later.png"))?;
    let large = resize(&mut plugin, &window)?;
    wait(&mut plugin, &window, 1.5)?;
    window.picture(&pictures.join("panel-large.png"))?;
    println!("large: {}x{}", large.width, large.height);

    // Hosts close and reopen the panel; the sound goes on.
    plugin.gui()?.destroy(&plugin.handle());
    let size = State::parse(&plugin.save()?)?.field("panel")?;
    println!("saved size: {size}");
    open_panel(&mut plugin)?;
    embed(&mut plugin, &window)?;
    wait(&mut plugin, &window, 1.0)?;
    let stream = player.stop()?;
    wait(&mut plugin, &window, 1.0)?;
    let [_, panel] = shares(|| wait(&mut plugin, &window, 3.0))?;
    println!("panel without sound: {panel}");
    plugin.gui()?.destroy(&plugin.handle());
    plugin.stop(stream);
    println!("closed");
    Ok(())
}

/// The shares of a core that the plugin's worker and the threads of its panel take while `wait` runs. The
/// panel's *Load* is time on the clock, waiting for a core included.
fn shares(wait: impl FnOnce() -> Result<()>) -> Result<[String; 2]> {
    let (before, start) = (times()?, Instant::now());
    wait()?;
    let (after, seconds) = (times()?, start.elapsed().as_secs_f64());
    let share = |index: usize| {
        let time = after[index].saturating_sub(before[index]);
        match after[index] {
            Duration::ZERO => "not measured: this system has no schedstat".to_owned(),
            _ => format!("{:.2} % of a core", 100.0 * time.as_secs_f64() / seconds),
        }
    };
    Ok([share(0), share(1)])
}

/// How long the plugin's worker, and the threads of its panel, have had a core, by the scheduler. The panel's are all
/// that are not this program's: the one of the window, and those of the graphics library.
fn times() -> Result<[Duration; 2]> {
    let mut times = [Duration::ZERO; 2];
    let own = std::process::id().to_string();
    for task in std::fs::read_dir("/proc/self/task")?.flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name));
        let (Ok(name), Ok(schedule)) = (read("comm"), read("schedstat")) else {
            continue; // it has just ended
        };
        let on_core = schedule.split_whitespace().next().unwrap_or_default();
        let on_core = Duration::from_nanos(on_core.parse().context("schedstat")?);
        match name.trim() {
            WORKER => times[0] += on_core,
            PLAYER => {}
            _ if task.file_name() == own.as_str() => {}
            _ => times[1] += on_core,
        }
    }
    Ok(times)
}

/// Gives an instance the settings of a JSON object over its own.
fn change_settings(plugin: &mut Plugin, changes: &str) -> Result<()> {
    let changes: Map<String, Value> = serde_json::from_str(changes).context("SETTINGS")?;
    let mut state = State::parse(&plugin.save()?)?;
    let mut settings = state.field("settings")?;
    for (name, value) in changes {
        settings[name] = value;
    }
    state.set_field("settings", &settings);
    plugin.load(&state.to_bytes())
}

/// Creates the panel and asks how large it wants to be.
fn open_panel(plugin: &mut Plugin) -> Result<GuiSize> {
    let gui = plugin.gui()?;
    ensure!(
        gui.is_api_supported(&plugin.handle(), EMBEDDED),
        "the panel cannot be embedded"
    );
    gui.create(&plugin.handle(), EMBEDDED)?;
    gui.get_size(&plugin.handle())
        .context("the panel has no size")
}

fn embed(plugin: &mut Plugin, window: &Window) -> Result<()> {
    let gui = plugin.gui()?;
    let parent = ClapWindow::from_x11_handle(window.id().into());
    // SAFETY: the window lives until the panel is destroyed: both end in `main`, the panel first.
    unsafe { gui.set_parent(&plugin.handle(), parent)? };
    // Some panels are visible from the start and answer that they cannot be shown again.
    let _ = gui.show(&plugin.handle());
    Ok(())
}

/// Half as large again, within what the panel allows.
fn resize(plugin: &mut Plugin, window: &Window) -> Result<GuiSize> {
    let gui = plugin.gui()?;
    let size = gui
        .get_size(&plugin.handle())
        .context("the panel has no size")?;
    ensure!(
        gui.can_resize(&plugin.handle()),
        "the panel cannot be resized"
    );
    let wish = GuiSize {
        width: size.width * 3 / 2,
        height: size.height * 3 / 2,
    };
    let size = gui.adjust_size(&plugin.handle(), wish).unwrap_or(wish);
    window.resize(size.width, size.height)?;
    gui.set_size(&plugin.handle(), size)?;
    Ok(size)
}

/// Lets the panel live, as a host's main loop does.
fn wait(plugin: &mut Plugin, window: &Window, seconds: f64) -> Result<()> {
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < seconds {
        plugin.pump();
        window.drain()?;
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Plays the demo in real time, over and over, on an audio thread.
struct Player {
    thread: std::thread::JoinHandle<Result<Stream>>,
    stop: Arc<AtomicBool>,
}

impl Player {
    fn start(mut stream: Stream, audio: demo::Audio, from_s: f64) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name(PLAYER.to_owned());
        let thread = thread.spawn(move || {
            let block_time = Duration::from_secs_f64(BLOCK as f64 / f64::from(audio.sample_rate));
            let from = (from_s * f64::from(audio.sample_rate)) as usize;
            let from = from.min(audio.samples.len());
            let mut due = Instant::now();
            let (before, after) = audio.samples.split_at(from);
            let blocks = after.chunks_exact(BLOCK).chain(before.chunks_exact(BLOCK));
            for samples in blocks.cycle() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                stream
                    .input_mut()
                    .iter_mut()
                    .for_each(|c| c.copy_from_slice(samples));
                stream.process(BLOCK)?;
                due += block_time;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            Ok(stream)
        })?;
        Ok(Self { thread, stop })
    }

    fn stop(self) -> Result<Stream> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow::anyhow!("the audio thread panicked"))?
    }
}
