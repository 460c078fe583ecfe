//! Answers of a model and the teacher to clips, window by window as in the plugin; kept on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hamiltone_engine::model::{Model, ModelFile, Probe};
use hamiltone_engine::tagging::Tagger;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::clips::Set;
use crate::teacher::{Mn04, RATE};
use crate::zero_shot::answers;
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::files;

/// Columns before this time say little: the window is not filled yet. Shorter clips have their last column.
const FIRST_S: f64 = 1.0;
/// Columns that are kept of a clip.
pub(super) const COLUMNS: usize = 3;
/// Changes when what is kept does.
const VERSION: &str = "hamiltone calibration 1";

/// A model's logits for a clip.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The highest of each label over all columns: what decides whether there is an event.
    pub(super) highest: Vec<f32>,
    /// Those of columns at the beginning, in the middle and at the end.
    pub(super) columns: Vec<Vec<f32>>,
}

/// A model that is asked without its calibration.
pub(super) struct Asked {
    model: Arc<Model>,
    window_s: f32,
    key: String,
}

impl Asked {
    /// # Errors
    /// If the model cannot be run.
    pub(super) fn new(file: &ModelFile) -> anyhow::Result<Self> {
        let mut file = file.clone();
        file.card.calibration = None;
        let model = Arc::new(Model::from_bytes(&file.to_bytes()?)?);
        let window_s = file.card.default_window_s;
        let mut hash = Sha256::new();
        hash.update(VERSION);
        hash.update(model.hash());
        hash.update(window_s.to_le_bytes());
        // What the live path makes of a sound: another engine has other answers.
        let card = model.card();
        let sound = Probe::sound(card.probe.seed, &card.features, &card.architecture);
        let quiet: Vec<f32> = sound.iter().map(|sample| 0.01 * sample).collect();
        for column in columns(
            &mut Tagger::new(model.clone(), RATE, window_s)?,
            &[sound, quiet].concat(),
        )
        .1
        {
            column
                .iter()
                .for_each(|logit| hash.update(logit.to_le_bytes()));
        }
        Ok(Self {
            window_s,
            key: files::hex(&hash.finalize()[..8]),
            model,
        })
    }

    /// Its answers for all clips of a set.
    ///
    /// # Errors
    /// If a clip cannot be read, or the answers cannot be kept.
    pub(super) fn answers_to(
        &self,
        set: &Set,
        audio: &AudioCache,
        folder: &Path,
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Vec<Answer>> {
        let file = file_of(folder, &self.key, set);
        let rows = answers(Some(&file), set.clips.len() * (1 + COLUMNS), || {
            let tagger = || Tagger::new(self.model.clone(), RATE, self.window_s);
            let each = set.clips.par_iter().map_init(tagger, |tagger, clip| {
                let tagger = tagger
                    .as_mut()
                    .map_err(|error| anyhow::anyhow!("{error}"))?;
                let (highest, columns) = columns(tagger, &clip.samples(audio)?);
                let last = columns.len().saturating_sub(1);
                let some = (0..COLUMNS).map(|i| columns[last * i / (COLUMNS - 1)].clone());
                done();
                Ok(std::iter::once(highest).chain(some).collect::<Vec<_>>())
            });
            let rows: Vec<Vec<Vec<f32>>> = each.collect::<anyhow::Result<_>>()?;
            Ok(rows.concat())
        })?;
        let answers = rows.chunks_exact(1 + COLUMNS).map(|rows| Answer {
            highest: rows[0].clone(),
            columns: rows[1..].to_vec(),
        });
        Ok(answers.collect())
    }
}

/// The highest logits of a clip over its columns, and these; at least one.
fn columns(tagger: &mut Tagger, samples: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
    tagger.reset();
    let (mut early, mut columns): (Vec<f32>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
    let mut take = |time_s: f64, probabilities: &[f32]| {
        let logits = probabilities.iter().map(|&p| logit(p));
        if time_s >= FIRST_S {
            columns.push(logits.collect());
        } else {
            early = logits.collect();
        }
    };
    tagger.push(samples, &mut |tags| take(tags.time_s, tags.probabilities));
    tagger.finish(&mut |tags| take(tags.time_s, tags.probabilities));
    if columns.is_empty() {
        columns.push(early);
    }
    let mut highest = columns[0].clone();
    for column in &columns[1..] {
        let pairs = highest.iter_mut().zip(column);
        pairs.for_each(|(highest, logit)| *highest = highest.max(*logit));
    }
    (highest, columns)
}

/// The logit behind a probability; beyond ±16 single precision has no more to tell.
fn logit(probability: f32) -> f32 {
    let p = f64::from(probability).clamp(1e-9, 1.0 - 1e-7);
    (p / (1.0 - p)).ln() as f32
}

/// The teacher's probabilities for all clips of a set.
///
/// # Errors
/// If a clip cannot be read, or the answers cannot be kept.
pub(super) fn teacher(
    teacher: &Mn04,
    set: &Set,
    audio: &AudioCache,
    folder: &Path,
    done: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<Vec<f32>>> {
    let file = file_of(folder, "mn04", set);
    answers(Some(&file), set.clips.len(), || {
        let each = set.clips.par_iter().map(|clip| {
            let mut samples = clip.samples(audio)?;
            Mn04::cut(&mut samples);
            let verdict = teacher.judge(&samples)?;
            done();
            Ok(verdict.probabilities())
        });
        each.collect()
    })
}

fn file_of(folder: &Path, key: &str, set: &Set) -> PathBuf {
    let names: Vec<String> = set.clips.iter().map(super::clips::Clip::name).collect();
    let hash = files::hex(&Sha256::digest(names.join("\n").as_bytes())[..4]);
    let plain: String = set
        .name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    folder.join(format!("{key}-{plain}-{hash}.safetensors"))
}
