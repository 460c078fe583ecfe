//! Running a program with a time limit: what may abort or hang runs in a process of its own.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How a child ended and what it said (stdout, then stderr).
pub struct Outcome {
    /// Its exit status.
    pub status: ExitStatus,
    /// Everything it printed.
    pub output: String,
}

impl Outcome {
    /// Whether the child aborted itself.
    #[cfg(unix)]
    pub fn aborted(&self) -> bool {
        const SIGABRT: i32 = 6;
        std::os::unix::process::ExitStatusExt::signal(&self.status) == Some(SIGABRT)
    }
}

/// Runs `command` to its end; kills it after `limit`.
///
/// # Errors
/// It cannot be started, or it runs past the limit (the error holds what it printed).
pub fn run(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    // Read while it runs: a full pipe would stop it.
    let stdout = read_beside(child.stdout.take());
    let stderr = read_beside(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let join = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
    let output = join(stdout) + &join(stderr);
    match status {
        Some(status) => Ok(Outcome { status, output }),
        None => bail!("{command:?} ran past {limit:?} and was killed; it said:\n{output}"),
    }
}

fn read_beside(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What came before a broken pipe is still worth showing.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
