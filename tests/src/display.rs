//! An X11 display without a screen.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A display in memory; it ends with this value.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one on a free number.
    ///
    /// # Panics
    /// Xvfb is not installed, or it does not start.
    pub fn start() -> Self {
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

    /// What a program needs to draw there, without a graphics card.
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        [("DISPLAY", &self.name), ("LIBGL_ALWAYS_SOFTWARE", "1")]
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
