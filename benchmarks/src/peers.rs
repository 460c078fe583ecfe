//! The Python process that times PyTorch and ONNX Runtime.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::rounds::Contender;

const SCRIPT: &str = include_str!("../peers.py");

/// The process; it ends when this is dropped.
pub(crate) struct Peers {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    made: usize,
}

/// One contender in it.
pub(crate) struct Peer {
    peers: Rc<RefCell<Peers>>,
    id: usize,
}

impl Peers {
    /// Starts it, with more environment variables if need be.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(python: &Path, environment: &[(&str, &str)]) -> Result<Rc<RefCell<Self>>> {
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let input = child.stdin.take().context("the process has an input")?;
        let output = child.stdout.take().context("the process has an output")?;
        Ok(Rc::new(RefCell::new(Self {
            child,
            input,
            output: BufReader::new(output),
            made: 0,
        })))
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.input, "{request}").context("the Python process is gone")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let answer: Value =
            serde_json::from_str(&line).context("the Python process ended: is torch installed?")?;
        match answer.get("error") {
            Some(error) => bail!("{}", error.as_str().unwrap_or("unknown")),
            None => Ok(answer),
        }
    }

    /// Makes a contender.
    ///
    /// # Errors
    /// What Python said.
    pub(crate) fn make(peers: &Rc<RefCell<Self>>, engine: &str, shape: &Value) -> Result<Peer> {
        let mut this = peers.borrow_mut();
        this.made += 1;
        let id = this.made;
        this.ask(&json!({"make": id, "engine": engine, "shape": shape}))?;
        Ok(Peer {
            peers: peers.clone(),
            id,
        })
    }
}

impl Peer {
    /// Wall and processor seconds of each repeat.
    ///
    /// # Errors
    /// What Python said.
    pub(crate) fn times(&mut self, seconds: f64) -> Result<Vec<[f64; 2]>> {
        let request = json!({"run": self.id, "seconds": seconds});
        let answer = self.peers.borrow_mut().ask(&request)?;
        Ok(serde_json::from_value(answer["times"].clone())?)
    }
}

impl Contender for Peer {
    fn run(&mut self, seconds: f64) -> Result<Vec<f64>> {
        Ok(self
            .times(seconds)?
            .into_iter()
            .map(|[wall, _]| wall)
            .collect())
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
