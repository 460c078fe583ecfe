//! The long training, which can stop at any time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::{PackedNetwork, Weights};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::agreement::HeldOut;
use super::card::card;
use super::loss::{Lesson, loss};
use super::{Agreement, Material, Mixing, mixture};
use crate::augmentation::frames_by_component;
use crate::files;
use crate::material::{Source, read_material};
use crate::optimisation::{AdamW, Optimisation};
use crate::random::stream;
use crate::run::{TrainingNetwork, initial_weights, input_statistics, progress};
use crate::teacher::{LABELS, Mn04};

/// What `distil` is told.
#[derive(clap::Args, Debug, Clone)]
pub struct GeneralArguments {
    /// Folder that `gather` filled.
    #[arg(long)]
    pub material: PathBuf,
    /// The teacher: mn04_audioset527.onnx.
    #[arg(long)]
    pub teacher: PathBuf,
    /// Folder for checkpoints, model and curve; a run in it is resumed.
    #[arg(long)]
    pub out: PathBuf,
    /// Also learns from sounds whose licence forbids commercial use: the model does too, then.
    #[arg(long)]
    pub research: bool,
    /// Steps in all; the learning rate falls to zero over them.
    #[arg(long, default_value_t = 60_000)]
    pub steps: usize,
    /// Crops a step.
    #[arg(long, default_value_t = 24)]
    pub batch: usize,
    /// Length of a crop in tenths of a second.
    #[arg(long, default_value_t = 20)]
    pub crop_tenths: usize,
    /// Channels of the first block, twice as many in each further one.
    #[arg(long, default_value_t = 32)]
    pub channels: usize,
    /// Blocks of two convolutions, all of which pool.
    #[arg(long, default_value_t = 4)]
    pub blocks: usize,
    /// Learning rate at the top of its schedule.
    #[arg(long, default_value_t = 2e-3)]
    pub learning_rate: f64,
    /// Steps between two measurements, each with a checkpoint.
    #[arg(long, default_value_t = 500)]
    pub every: usize,
    /// Mixtures from which the statistics of the input and of the teacher's logits are taken.
    #[arg(long, default_value_t = 2_000)]
    pub survey: usize,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    step: usize,
    /// Hours of training so far.
    hours: f64,
    /// Mean loss since the last measurement.
    loss: f64,
    pub(super) agreement: Agreement,
}

impl std::fmt::Display for Record {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mean, top_1) = (self.agreement.mean_average_precision, self.agreement.top_1);
        write!(
            to,
            "loss {:.3} mAP {mean:.3} top-1 {:.1} %",
            self.loss,
            100.0 * top_1
        )
    }
}

/// How far the run has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Progress {
    steps: usize,
    seconds: f64,
    /// Mean and deviation of each of the teacher's logits over mixtures.
    logit_means: Vec<f32>,
    logit_deviations: Vec<f32>,
    records: Vec<Record>,
}

/// Of the weights, over steps.
const AVERAGE_DECAY: f64 = 0.999;
const PROGRESS: &str = "progress.json";
const CHECKPOINT: &str = "checkpoint.safetensors";
const MODEL: &str = "model.safetensors";
/// Segments that measure.
const HELD_OUT: usize = 1_200;
/// Streams of random numbers.
const MIX: u64 = 1;
const SURVEYED: u64 = 2;
const INITIAL: u64 = 3;

/// Everything that stays the same from step to step.
struct School<'a> {
    arguments: &'a GeneralArguments,
    features: FeatureSettings,
    material: Material,
    teacher: Mn04,
}

/// A crop as the student sees it, and what the teacher says.
struct Crop {
    planes: Vec<f32>,
    frames: usize,
    logits: Vec<f32>,
}

/// Runs (or resumes) the distillation.
///
/// # Errors
/// If the material or the teacher cannot be read, the folder cannot be written, or candle fails.
pub fn distil(arguments: &GeneralArguments) -> anyhow::Result<()> {
    ensure!(
        arguments.batch > 1
            && arguments.survey > 1
            && arguments.every > 0
            && arguments.crop_tenths >= 5,
        "--batch and --survey must be 2 or more, --every 1 or more, --crop-tenths 5 or more"
    );
    let architecture =
        Architecture::doubling(arguments.channels, arguments.blocks, true, 1.0, LABELS);
    let features = FeatureSettings::default();
    if let Some(problem) = architecture.problem(features.mel_bands) {
        anyhow::bail!("--channels and --blocks: {problem}");
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("{} cannot be the --out folder", arguments.out.display()))?;
    let (held_out, learned): (Vec<Source>, Vec<Source>) = read_material(&arguments.material)?
        .into_iter()
        .filter(|source| arguments.research || source.commercial || source.held_out)
        .partition(|source| source.held_out);
    let load = |sources: &[Source], what: &str| {
        let bar = progress(sources.len() as u64, what, arguments.quiet);
        let material = Material::load(sources, &|| bar.inc(1)).context(what.to_owned());
        bar.finish_and_clear();
        material
    };
    let teacher = Mn04::open(&arguments.teacher)?;
    let measured = HeldOut::new(
        &load(&held_out, "reading held-out sounds")?,
        &teacher,
        &features,
        HELD_OUT,
    )?;
    let school = School {
        arguments,
        material: load(&learned, "reading sounds")?,
        features,
        teacher,
    };
    school.teach(&architecture, &measured)
}

impl School<'_> {
    fn teach(&self, architecture: &Architecture, measured: &HeldOut) -> anyhow::Result<()> {
        let arguments = self.arguments;
        let (mut done, mut network, mut adam) = self.begin(architecture)?;
        let scale: Vec<f32> = done.logit_deviations.iter().map(|d| 1.0 / d).collect();
        let scale = Tensor::from_vec(scale, (1, LABELS), &Device::Cpu)?;
        let bar = progress(arguments.steps as u64, "distilling", arguments.quiet);
        bar.set_position(done.steps as u64);
        let (mut losses, mut since) = (0.0, 0usize);
        let mut started = Instant::now();
        while done.steps < arguments.steps {
            let lesson = self.lesson(done.steps, &scale)?;
            let loss = loss(&network, &lesson)?;
            losses += f64::from(loss.to_scalar::<f32>()?);
            since += 1;
            adam.step(&loss.backward()?, arguments.steps)?;
            network.take_average(AVERAGE_DECAY, adam.steps_done())?;
            done.steps += 1;
            bar.inc(1);
            if !done.steps.is_multiple_of(arguments.every) && done.steps < arguments.steps {
                continue;
            }
            done.seconds += started.elapsed().as_secs_f64();
            let weights = network.averaged_weights()?;
            let packed = PackedNetwork::new(architecture, self.features.mel_bands, &weights);
            let record = Record {
                step: done.steps,
                hours: done.seconds / 3_600.0,
                loss: losses / since as f64,
                agreement: measured.ask(&Arc::new(packed), &self.features),
            };
            ensure!(
                record.loss.is_finite(),
                "the loss is no finite number any more: try a lower --learning-rate"
            );
            bar.set_message(record.to_string());
            done.records.push(record);
            let mut tensors = network.state();
            tensors.extend(adam.moments());
            self.save(architecture, &done, weights, tensors)?;
            (losses, since) = (0.0, 0);
            started = Instant::now();
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// A new run, or where the one in the folder stopped.
    fn begin(
        &self,
        architecture: &Architecture,
    ) -> anyhow::Result<(Progress, TrainingNetwork, AdamW)> {
        let (arguments, device) = (self.arguments, Device::Cpu);
        let (done, weights) = match self.progress()? {
            Some(done) => (done, ModelFile::read(&arguments.out.join(MODEL))?.weights),
            None => self.survey(architecture)?,
        };
        let mut network = TrainingNetwork::new(architecture, &self.features, &weights, &device)?;
        let settings = Optimisation {
            learning_rate: arguments.learning_rate,
            warm_up: 0.02,
            average_decay: AVERAGE_DECAY,
            ..Optimisation::default()
        };
        let mut adam = AdamW::new(settings, network.trained())?;
        if done.steps > 0 {
            let tensors = std::fs::read(arguments.out.join(CHECKPOINT))
                .context("the checkpoint of the run in --out")?;
            let tensors = candle_core::safetensors::load_buffer(&tensors, &device)?;
            let tensors: BTreeMap<String, Tensor> = tensors.into_iter().collect();
            network.restore(&tensors)?;
            adam.restore(&tensors, done.steps)?;
        }
        Ok((done, network, adam))
    }

    /// Mixtures of a step, `--crop-tenths` long.
    fn mixtures(&self, purpose: u64, step: usize, count: usize) -> Vec<Vec<f32>> {
        let rate = self.features.sample_rate;
        let length = self.arguments.crop_tenths * rate as usize / 10;
        let mixing = Mixing::default();
        let one = |place: usize| {
            let mut random = stream(self.arguments.seed, &[purpose, step as u64, place as u64]);
            mixture(&self.material, length, rate, &mixing, &mut random)
        };
        (0..count).into_par_iter().map(one).collect()
    }

    /// What student and teacher make of mixtures.
    fn judge(&self, mixtures: &[Vec<f32>]) -> anyhow::Result<Vec<Crop>> {
        let one = |samples: &Vec<f32>| {
            let (planes, frames) = frames_by_component(&self.features, samples);
            let logits = self.teacher.judge(samples)?.logits;
            Ok(Crop {
                planes,
                frames,
                logits,
            })
        };
        mixtures.par_iter().map(one).collect()
    }

    fn lesson(&self, step: usize, scale: &Tensor) -> anyhow::Result<Lesson> {
        let crops = self.judge(&self.mixtures(MIX, step, self.arguments.batch))?;
        let (count, frames) = (crops.len(), crops[0].frames);
        let (mut planes, mut logits) = (Vec::new(), Vec::new());
        for crop in crops {
            planes.extend(crop.planes);
            logits.extend(crop.logits);
        }
        let shape = (count, COMPONENTS, frames, self.features.mel_bands);
        let sigmoid = |logit: &f32| 1.0 / (1.0 + (-logit).exp());
        let probabilities: Vec<f32> = logits.iter().map(sigmoid).collect();
        Ok(Lesson {
            frames: Tensor::from_vec(planes, shape, &Device::Cpu)?,
            probabilities: Tensor::from_vec(probabilities, (count, LABELS), &Device::Cpu)?,
            logits: Tensor::from_vec(logits, (count, LABELS), &Device::Cpu)?,
            scale: scale.clone(),
        })
    }

    /// Statistics of inputs and of the teacher over mixtures, and fresh weights that begin at the
    /// teacher's mean answer.
    fn survey(&self, architecture: &Architecture) -> anyhow::Result<(Progress, Weights)> {
        let mixtures = self.mixtures(SURVEYED, 0, self.arguments.survey);
        let crops = self.judge(&mixtures)?;
        let mean = |label: usize| {
            crops
                .iter()
                .map(|crop| f64::from(crop.logits[label]))
                .sum::<f64>()
                / crops.len() as f64
        };
        let means: Vec<f64> = (0..LABELS).map(mean).collect();
        let deviation = |label: usize| {
            let of = |crop: &Crop| (f64::from(crop.logits[label]) - means[label]).powi(2);
            let variance = crops.iter().map(of).sum::<f64>() / crops.len() as f64;
            variance.sqrt().max(0.1) as f32
        };
        let some = mixtures.iter().take(mixtures.len().div_ceil(4));
        let samples: Vec<&[f32]> = some.map(Vec::as_slice).collect();
        let norm = input_statistics(&self.features, &samples);
        let mut random = stream(self.arguments.seed, &[INITIAL]);
        let mut weights = initial_weights(architecture, &self.features, norm, &mut random);
        let bias = means.iter().map(|mean| *mean as f32).collect();
        weights.insert("head.output.bias".to_owned(), bias);
        let done = Progress {
            steps: 0,
            seconds: 0.0,
            logit_means: means.iter().map(|mean| *mean as f32).collect(),
            logit_deviations: (0..LABELS).map(deviation).collect(),
            records: Vec::new(),
        };
        Ok((done, weights))
    }

    fn progress(&self) -> anyhow::Result<Option<Progress>> {
        let path = self.arguments.out.join(PROGRESS);
        match std::fs::read_to_string(&path) {
            Err(_) => Ok(None), // a new run
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged", path.display())),
        }
    }

    /// The tensors first: progress without them would be a lie.
    fn save(
        &self,
        architecture: &Architecture,
        done: &Progress,
        weights: Weights,
        tensors: BTreeMap<String, Tensor>,
    ) -> anyhow::Result<()> {
        let out = &self.arguments.out;
        let card = card(
            self.arguments,
            &self.features,
            architecture,
            done.records.last(),
        );
        let (file, part) = (out.join(CHECKPOINT), files::part(&out.join(CHECKPOINT)));
        let tensors: std::collections::HashMap<String, Tensor> = tensors.into_iter().collect();
        candle_core::safetensors::save(&tensors, &part).context("saving the checkpoint")?;
        ModelFile::seal(card, weights)?.write(&out.join(MODEL))?;
        std::fs::rename(&part, &file).context("saving the checkpoint")?;
        files::replace(&out.join(PROGRESS), &serde_json::to_string_pretty(done)?)
    }
}
