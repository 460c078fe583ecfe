//! The teacher mn04 beside our trunks, a second of sound each: on files, and at the rate at which the plugin answers.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::model::Model;
use hamiltone_engine::network::Architecture;
use hamiltone_training::trunks::TrunkSize;
use serde_json::json;

use crate::networks::{Clip, FRAMES, packed};
use crate::peers::Peers;
use crate::report::Table;
use crate::rounds::{Contender, Effort, Ours, time};

/// The default model.
const MODEL: &[u8] = include_bytes!("../../models/general-half.safetensors");
/// mn04's input: one plane of 128 mels at 100 frames a second.
const TEACHER_MELS: usize = 128;
/// Seconds of a window on files, and live.
const WINDOWS_S: [usize; 2] = [10, 2];
/// Answers of the plugin in a second.
const ANSWERS: f64 = 6.25;
const SECONDS: usize = 4;

/// A contender with its times multiplied.
struct Scaled<C>(C, f64);

impl<C: Contender> Contender for Scaled<C> {
    fn run(&mut self, seconds: f64) -> Result<Vec<f64>> {
        let times = self.0.run(seconds)?.into_iter();
        Ok(times.map(|time| self.1 * time).collect())
    }
}

/// Trunks without front ends and windows; `teacher` is mn04's ONNX file.
pub(crate) fn tables(effort: Effort, python: &Path, teacher: &Path) -> Result<Vec<Table>> {
    let teacher = teacher
        .canonicalize()
        .with_context(|| format!("--teacher {}", teacher.display()))?;
    let peers = Peers::start(python, &[])?;
    let [files, live] = WINDOWS_S;
    let mut tables = Vec::new();
    for (title, columns, window_s, factor) in [
        ("on files", 8, files, 1.0 / files as f64),
        ("at 6.25 answers a second", 1, live, ANSWERS),
    ] {
        let mut contenders = ours(columns)?;
        for (engine, name) in [
            ("file-onnxruntime", "ONNX Runtime"),
            ("file-openvino", "OpenVINO"),
        ] {
            let input = [1, 1, TEACHER_MELS, window_s * FRAMES];
            let shape = json!({ "path": teacher, "input": input });
            match Peers::make(&peers, engine, &shape) {
                Ok(peer) => contenders.push((
                    format!("mn04 in {name}, windows of {window_s} s"),
                    Box::new(Scaled(peer, factor)) as Box<dyn Contender>,
                )),
                Err(error) => eprintln!("without mn04 in {name}: {error:#}"),
            }
        }
        let title = format!("A second of sound {title}, without front ends");
        tables.push(Table::new(&title, time("teacher", contenders, effort)));
    }
    Ok(tables)
}

/// The trunk of the default model and the small separable one, `columns` at a time.
fn ours(columns: usize) -> Result<Vec<(String, Box<dyn Contender>)>> {
    let model = Model::from_bytes(MODEL).context("the shipped model")?;
    let half = model.card().architecture.clone();
    let size = TrunkSize::SeparableSmall;
    let name = size.to_possible_value().context("a size without a name")?;
    let small = Architecture {
        blocks: size.blocks(),
        ..half.clone()
    };
    let networks = [("general-half", half), (name.get_name(), small)];
    let contender = |(name, network): (&str, Architecture)| {
        let frames = (SECONDS * FRAMES).next_multiple_of(8 * network.frames_per_column());
        let mut clip = Clip::new(packed(&network, InstructionSet::best()), frames, columns);
        let run = Ours(move || {
            clip.run();
            Ok(())
        });
        let scaled = Scaled(run, FRAMES as f64 / frames as f64);
        (
            format!("{name}'s trunk, {columns} columns at a time"),
            Box::new(scaled) as Box<dyn Contender>,
        )
    };
    Ok(networks.into_iter().map(contender).collect())
}
