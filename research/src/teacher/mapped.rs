//! AudioSet's teacher on other labels.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::{LABELS, MN04, Mn04};
use hamiltone_training::heritage::Heritage;
use hamiltone_training::teacher::Teacher;

/// mn04, each of our labels being some of its own: the largest of their logits counts.
pub struct MappedTeacher {
    net: Mn04,
    /// For each of our labels, indices into the teacher's.
    own: Vec<Vec<usize>>,
}

#[derive(Deserialize)]
struct Line {
    class: String,
    audioset527_index: usize,
}

impl MappedTeacher {
    /// With the network in an ONNX file, and a CSV of the columns `class` (one of `labels`,
    /// underscores for spaces if need be) and `audioset527_index`, any number of lines a class.
    ///
    /// # Errors
    /// If a file cannot be read, or a label has no line.
    pub fn open(net: &Path, map: &Path, labels: &[String]) -> anyhow::Result<Self> {
        let mut own = vec![Vec::new(); labels.len()];
        let mut lines = csv::Reader::from_path(map).with_context(|| map.display().to_string())?;
        for line in lines.deserialize::<Line>() {
            let line = line.with_context(|| map.display().to_string())?;
            let own_index = line.audioset527_index;
            ensure!(
                own_index < LABELS,
                "{}: index {own_index} is none of {LABELS} labels",
                map.display()
            );
            let class = line.class.replace('_', " ");
            if let Some(index) = labels.iter().position(|label| *label == class) {
                own[index].push(own_index);
            }
        }
        if let Some(index) = own.iter().position(Vec::is_empty) {
            bail!("{} has no line for {:?}", map.display(), labels[index]);
        }
        Ok(Self {
            net: Mn04::open(net)?,
            own,
        })
    }
}

impl Teacher for MappedTeacher {
    fn logits(&self, samples: &[f32], _frames: &[f32]) -> anyhow::Result<Vec<f32>> {
        let mut samples = samples.to_vec();
        Mn04::cut(&mut samples);
        let verdict = self.net.judge(&samples)?;
        let largest = |own: &Vec<usize>| {
            let logits = own.iter().map(|&index| verdict.logits[index]);
            logits.fold(f32::NEG_INFINITY, f32::max)
        };
        Ok(self.own.iter().map(largest).collect())
    }

    fn heritage(&self) -> Heritage {
        Heritage::new(MN04, "") // MIT asks for no more than its name
    }
}
