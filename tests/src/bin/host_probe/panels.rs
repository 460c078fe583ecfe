//! Panels that are opened often or shown late.
#![allow(unsafe_code)] // one call: handing our window to a CLAP panel

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, Window as ClapWindow};
use hamiltone_tests::host::Plugin;
use hamiltone_tests::vst3::{Module, RunLoop};
use hamiltone_tests::window::Window;

/// Openings before descriptors are counted: drivers and libraries keep some from the first ones.
const WARM_UP: usize = 3;
/// Threads that a library started for a window may end later than the window.
const SETTLING: Duration = Duration::from_secs(1);
/// Time for a panel to draw.
const DRAWING: Duration = Duration::from_millis(1500);

/// How many are open, once windows that were closed have given back theirs.
fn descriptors() -> Result<usize> {
    std::thread::sleep(SETTLING);
    Ok(std::fs::read_dir("/proc/self/fd")?.count())
}

/// Opens and closes the panel, and counts what is left.
pub(crate) fn reopen(file: &Path, count: usize, takes_back: bool) -> Result<()> {
    let module = Module::load(file)?;
    let instance = module.create()?;
    let window = Window::open(800, 600)?;
    window.map()?;
    let mut handlers = 0;
    let mut open = |count: usize| -> Result<()> {
        for _ in 0..count {
            let panel = instance.open_panel(window.id(), RunLoop::Offered)?;
            panel.run_for(Duration::from_millis(20));
            handlers += panel.close(takes_back)?;
        }
        Ok(())
    };
    open(WARM_UP)?;
    let before = descriptors()?;
    open(count)?;
    let after = descriptors()?;
    println!("descriptors: {before} then {after}");
    println!("handlers left: {handlers}");
    Ok(())
}

/// Opens the panel with so many descriptors left, then with all of them.
pub(crate) fn exhausted(file: &Path, free: usize) -> Result<()> {
    let module = Module::load(file)?;
    let instance = module.create()?;
    let window = Window::open(800, 600)?;
    window.map()?;
    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    taken.truncate(taken.len().saturating_sub(free));
    match instance.open_panel(window.id(), RunLoop::Offered) {
        Ok(panel) => {
            panel.run_for(Duration::from_millis(300));
            panel.close(true)?;
            println!("opened");
        }
        Err(error) => println!("refused: {error}"),
    }
    drop(taken);
    let panel = instance.open_panel(window.id(), RunLoop::Offered)?;
    panel.run_for(Duration::from_millis(300));
    panel.close(true)?;
    Ok(())
}

/// The window into which the panel was put is shown later.
pub(crate) fn late_vst3(file: &Path, wait: Duration, picture: &Path) -> Result<()> {
    let module = Module::load(file)?;
    let instance = module.create()?;
    let window = Window::open(800, 600)?;
    let panel = instance.open_panel(window.id(), RunLoop::Offered)?;
    let (width, height) = panel.size()?;
    window.resize(width, height)?;
    panel.run_for(wait);
    window.map()?;
    panel.run_for(DRAWING);
    window.picture(picture)?;
    panel.close(true)?;
    Ok(())
}

/// Asks for the size before the scale factor is told, then for the size of the open panel.
pub(crate) fn scaled_vst3(file: &Path, factor: f32) -> Result<()> {
    let module = Module::load(file)?;
    let instance = module.create()?;
    let window = Window::open(800, 600)?;
    window.map()?;
    for opening in ["first", "second"] {
        let (panel, before) = instance.open_scaled_panel(window.id(), factor)?;
        panel.run_for(Duration::from_millis(100));
        let (after, asked) = (panel.size()?, panel.asked_for());
        println!("{opening}: {before:?} then {after:?}, asked for {asked:?}");
        panel.close(true)?;
    }
    Ok(())
}

/// Asks for the size when the panel was made, and again when the scale factor was told.
pub(crate) fn scaled_clap(file: &Path, factor: f64) -> Result<()> {
    let mut plugin = Plugin::open(file)?;
    let gui = plugin.gui()?;
    let embedded = GuiConfiguration {
        api_type: GuiApiType::X11,
        is_floating: false,
    };
    gui.create(&plugin.handle(), embedded)?;
    let before = gui.get_size(&plugin.handle()).context("no size")?;
    gui.set_scale(&plugin.handle(), factor)?;
    let after = gui.get_size(&plugin.handle()).context("no size")?;
    println!(
        "first: {:?} then {:?}",
        (before.width, before.height),
        (after.width, after.height)
    );
    gui.destroy(&plugin.handle());
    Ok(())
}

/// The panel is told to show itself later than it was given its window.
pub(crate) fn late_clap(file: &Path, wait: Duration, picture: &Path, hides: bool) -> Result<()> {
    let mut plugin = Plugin::open(file)?;
    let gui = plugin.gui()?;
    let embedded = GuiConfiguration {
        api_type: GuiApiType::X11,
        is_floating: false,
    };
    gui.create(&plugin.handle(), embedded)?;
    let size = gui
        .get_size(&plugin.handle())
        .context("the panel has no size")?;
    let window = Window::open(size.width, size.height)?;
    window.map()?;
    let parent = ClapWindow::from_x11_handle(window.id().into());
    // SAFETY: the window lives until the panel is destroyed, at the end of this function.
    unsafe { gui.set_parent(&plugin.handle(), parent)? };
    run(&mut plugin, wait);
    gui.show(&plugin.handle())?;
    run(&mut plugin, DRAWING);
    if hides {
        gui.hide(&plugin.handle())?;
        run(&mut plugin, wait);
        gui.show(&plugin.handle())?;
        run(&mut plugin, DRAWING);
    }
    window.picture(picture)?;
    gui.destroy(&plugin.handle());
    Ok(())
}

/// The host's main loop.
fn run(plugin: &mut Plugin, time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        plugin.pump();
        std::thread::sleep(Duration::from_millis(5));
    }
}
