//! The panel in an X11 host, on a display without a screen.
#![cfg(all(target_os = "linux", feature = "screen"))]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hamiltone_tests::{child, places};

/// A display in memory; it ends with this value.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            // The server picks a free number and tells it on its standard output.
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x1200x24",
                "-nolisten",
                "tcp",
            ])
            .args(["+extension", "GLX"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb does not start: `cargo xtask test` installs it (package xvfb)");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("the output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("Xvfb says its number");
        assert!(!number.trim().is_empty(), "Xvfb ended at once");
        Self {
            server,
            name: format!(":{}", number.trim()),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Self {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap()))
            .read_info()
            .unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        let pixels = bytes[..info.buffer_size()].as_chunks::<3>().0.to_vec();
        Self {
            width: info.width,
            height: info.height,
            pixels,
        }
    }

    /// How many colours, and the share of the commonest one.
    fn colours(&self) -> (usize, f64) {
        let mut counts = HashMap::new();
        for pixel in &self.pixels {
            *counts.entry(pixel).or_insert(0usize) += 1;
        }
        let most = counts.values().max().copied().unwrap_or(0);
        (counts.len(), most as f64 / self.pixels.len() as f64)
    }
}

fn assert_not_blank(path: &Path) -> Picture {
    let picture = Picture::read(path);
    let (colours, most) = picture.colours();
    assert!(colours > 40, "{} has {colours} colours", path.display());
    assert!(
        most < 0.95,
        "{} is {:.0} % one colour",
        path.display(),
        most * 100.0
    );
    picture
}

#[test]
fn the_panel_opens_lives_resizes_and_reopens() {
    let display = Display::start();
    let pictures = places::screenshots().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_panel-host"));
    command
        .arg(places::clap_bundle().unwrap())
        .arg(&pictures)
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1");
    let outcome = child::run(&mut command, Duration::from_secs(60)).unwrap();
    assert!(
        outcome.status.success(),
        "{}\n{}",
        outcome.status,
        outcome.output
    );

    let first = assert_not_blank(&pictures.join("panel.png"));
    let later = assert_not_blank(&pictures.join("panel-later.png"));
    assert!(
        first.pixels != later.pixels,
        "the panel stands still while another sound plays"
    );
    let large = assert_not_blank(&pictures.join("panel-large.png"));
    assert!(large.width > first.width && large.height > first.height);
    // The new space is used, not left in the colour of the bare window below.
    let corner = (large.height - 3) * large.width + large.width - 3;
    assert_ne!(
        large.pixels[corner as usize], [255; 3],
        "the panel did not grow with its window"
    );
    let size = format!("large: {}x{}", large.width, large.height);
    assert!(outcome.output.contains(&size), "{}", outcome.output);
}
