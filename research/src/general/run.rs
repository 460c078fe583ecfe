//! The long training, which can stop at any time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::PackedNetwork;
use rand::Rng;
use rayon::prelude::*;

use super::agreement::{HELD_OUT, HeldOut};
use super::beginning::Student;
use super::card::card;
use super::folder::{Settings, claim, names};
use super::loss::{Lesson, loss};
use super::material::load;
use super::progress::{MODEL, Record};
use super::{GeneralArguments, Material, degrade, mixture};
use crate::material::{Heard, covered, judge_all, read_verdicts, verdicts_file};
use crate::pictures::{Measurement, agreement};
use crate::teacher::{HIDDEN, LABELS, LastLayers, Mn04};
use hamiltone_training::augmentation::frames_by_component;
use hamiltone_training::device::training_device;
use hamiltone_training::material::Source;
use hamiltone_training::random::stream;
use hamiltone_training::run::progress;
use hamiltone_training::statistics::{add_statistics, sources};

/// Of the weights, over steps.
pub(super) const AVERAGE_DECAY: f64 = 0.999;
/// Steps whose crops are made at once: what one of them does on a single core, the others hide.
const AT_ONCE: usize = 4;
/// Streams of random numbers; see also those of the beginning.
const MIX: u64 = 1;
const CODED: u64 = u64::from_le_bytes(*b"as coded");

/// Everything that stays the same from step to step.
pub(super) struct School<'a> {
    pub(super) arguments: &'a GeneralArguments,
    pub(super) settings: Settings,
    pub(super) features: FeatureSettings,
    seed_of_crops: u64,
    material: Material,
    teacher: Mn04,
    pub(super) last_layers: LastLayers,
    pub(super) device: Device,
}

/// A crop as the student sees it, and what the teacher says.
pub(super) struct Crop {
    planes: Vec<f32>,
    frames: usize,
    pub(super) logits: Vec<f32>,
    /// What the hidden layer is to say before its ReLU.
    pub(super) hidden: Vec<f32>,
}

/// Runs (or resumes) the distillation; with [`GeneralArguments::start`], of a finished model,
/// pruned if that is asked for. At the end the model gets its class statistics.
///
/// # Errors
/// If the material or the teacher cannot be read, the folder cannot be written or holds another
/// run, or candle fails.
pub fn distil(arguments: &GeneralArguments) -> anyhow::Result<()> {
    arguments.check()?;
    let features = FeatureSettings::default();
    let shape = match &arguments.start {
        None => arguments.architecture(),
        Some(start) => {
            arguments.grown(&ModelFile::read(start).context("--start")?.card.architecture)?
        }
    };
    if let Some(problem) = shape.problem(features.mel_bands) {
        anyhow::bail!("--channels, --blocks or --widen: {problem}");
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("{} cannot be the --out folder", arguments.out.display()))?;
    let (held_out, learned) = sources(&arguments.material, arguments.research)?;
    let settings = arguments.settings()?;
    let sounds = names(&learned, &arguments.material);
    claim(&arguments.out, &settings, &sounds)?;
    let teacher = Mn04::open(&arguments.teacher)?;
    let heard = hear(arguments, &learned, &teacher)?;
    let measured = HeldOut::new(
        &load(&held_out, "reading held-out sounds", arguments.quiet)?,
        &teacher,
        &features,
        HELD_OUT,
        covered(&heard, &learned, &arguments.material),
    )?;
    let mut material = load(&learned, "reading sounds", arguments.quiet)?;
    material.prefer_rare(&arguments.material, &heard);
    let school = School {
        arguments,
        settings,
        seed_of_crops: arguments.seed_of_crops()?,
        material,
        features,
        teacher,
        last_layers: LastLayers::read(&arguments.teacher)?,
        device: training_device()?,
    };
    school.teach(&measured)?;
    finish(arguments, &learned)
}

/// What the teacher hears in what is learned from, which `coverage` may have asked already: as it is
/// kept, rounded, so that a run that goes on draws the same places as one that was never stopped.
fn hear(
    arguments: &GeneralArguments,
    learned: &[Source],
    teacher: &Mn04,
) -> anyhow::Result<Vec<Heard>> {
    let file = verdicts_file(&arguments.material, &arguments.teacher)?;
    let bar = progress(learned.len() as u64, "judging", arguments.quiet);
    let judged = judge_all(learned, &arguments.material, teacher, &file, &|_| {
        bar.inc(1)
    });
    bar.finish_and_clear();
    if let Err(error) = judged {
        eprintln!("rare labels are drawn by what was judged before: {error:#}");
    }
    read_verdicts(&file)
}

/// Gives the finished model its class statistics, if it has none.
fn finish(arguments: &GeneralArguments, learned: &[Source]) -> anyhow::Result<()> {
    let path = arguments.out.join(MODEL);
    let model = ModelFile::read(&path)?;
    if model.card.class_statistics.is_some() {
        return Ok(());
    }
    add_statistics(model, learned, arguments.segments, arguments.quiet)?.write(&path)?;
    Ok(())
}

impl School<'_> {
    fn teach(&self, measured: &HeldOut) -> anyhow::Result<()> {
        let arguments = self.arguments;
        let mut student = self.begin()?;
        let scales = Scales {
            logits: over(&student.done.logit_deviations, &self.device)?,
            hidden: match student.done.hidden_deviations.as_slice() {
                [] => None,
                deviations => Some(over(deviations, &self.device)?),
            },
        };
        let bar = progress(arguments.steps as u64, "distilling", arguments.quiet);
        bar.set_position(student.done.steps as u64);
        bar.reset_eta();
        let (mut losses, mut since) = (0.0, 0usize);
        let mut started = Instant::now();
        let mut lessons =
            self.lessons(self.round(student.done.steps), student.done.coded, &scales)?;
        while !lessons.is_empty() {
            let coming = self.round(student.done.steps + lessons.len());
            let (coded, count) = (student.done.coded, lessons.len());
            // The next crops are made and judged meanwhile: neither keeps all cores busy alone.
            let (learned, made) = rayon::join(
                || {
                    let step = |lesson| self.step(&mut student, lesson).inspect(|_| bar.inc(1));
                    lessons.iter().map(step).sum::<anyhow::Result<f64>>()
                },
                || self.lessons(coming, coded, &scales),
            );
            losses += learned?;
            lessons = made?;
            since += count;
            let steps = student.done.steps;
            if !steps.is_multiple_of(arguments.every) && steps < arguments.steps {
                continue;
            }
            student.done.seconds += started.elapsed().as_secs_f64();
            let record = self.measure(&mut student, losses / since as f64, measured)?;
            bar.set_message(record.to_string());
            (losses, since) = (0.0, 0);
            started = Instant::now();
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// The steps from `first` on that are made at once; none after the last.
    fn round(&self, first: usize) -> Range<usize> {
        let measured = (first + 1).next_multiple_of(self.arguments.every);
        let last = (first + AT_ONCE).min(measured).min(self.arguments.steps);
        first..last.max(first)
    }

    /// Returns the loss.
    fn step(&self, student: &mut Student, lesson: &Lesson) -> anyhow::Result<f64> {
        let Student {
            done,
            network,
            adam,
            ..
        } = student;
        let loss = loss(network, lesson)?;
        adam.step(&loss.backward()?, self.arguments.steps)?;
        network.take_average(AVERAGE_DECAY, adam.steps_done())?;
        done.steps += 1;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    /// Measures, and saves everything.
    fn measure(
        &self,
        student: &mut Student,
        loss: f64,
        measured: &HeldOut,
    ) -> anyhow::Result<Record> {
        ensure!(
            loss.is_finite(),
            "the loss is no finite number any more: try a lower --learning-rate"
        );
        let weights = student.network.averaged_weights()?;
        let mels = self.features.mel_bands;
        let packed = PackedNetwork::new(&student.architecture, mels, &weights);
        let record = Record {
            step: student.done.steps,
            hours: student.done.seconds / 3_600.0,
            loss,
            agreement: measured.ask(&Arc::new(packed), &self.features),
        };
        student.done.records.push(record.clone());
        let card = card(self.arguments, &self.features, student);
        let mut tensors = student.network.state();
        tensors.extend(student.adam.moments());
        let model = ModelFile::seal(card, weights)?;
        student.done.save(&self.arguments.out, &model, tensors)?;
        let curve = student.done.records.iter().map(|record| Measurement {
            hours: record.hours,
            mean_average_precision: record.agreement.all.mean_average_precision,
            top_1: record.agreement.all.top_1,
        });
        let curve: Vec<Measurement> = curve.collect();
        let picture = self.arguments.out.join("curve.svg");
        if let Err(error) = agreement(&picture, &self.arguments.name, &curve) {
            eprintln!("{error:#}"); // no reason to end hours of training
        }
        Ok(record)
    }

    /// So many mixtures, as long as a step's; `coded` is the share with the marks of lossy
    /// coding. That has random numbers of its own, so that all else stays as it is without.
    pub(super) fn mixtures(
        &self,
        purpose: u64,
        step: usize,
        count: usize,
        coded: f64,
    ) -> Vec<Vec<f32>> {
        let rate = self.features.sample_rate;
        let length = self.arguments.crops_of(step).0 * rate as usize / 10;
        let mixing = self.arguments.mixing();
        let one = |place: usize| {
            let at = [purpose, step as u64, place as u64];
            let mut random = stream(self.seed_of_crops, &at);
            let mut crop = mixture(&self.material, length, rate, &mixing, &mut random);
            let of_code = [CODED].into_iter().chain(at).collect::<Vec<u64>>();
            let mut random = stream(self.seed_of_crops, &of_code);
            if random.random_bool(coded) {
                degrade(&mut crop, rate, &mut random);
            }
            crop
        };
        (0..count).into_par_iter().map(one).collect()
    }

    /// What student and teacher make of mixtures: of each so many candidates of the one whose labels are the rarest.
    pub(super) fn judge(
        &self,
        mixtures: &[Vec<f32>],
        candidates: usize,
    ) -> anyhow::Result<Vec<Crop>> {
        let one = |candidates: &[Vec<f32>]| {
            let judged = candidates
                .iter()
                .map(|samples| {
                    let verdict = self.teacher.judge(samples)?;
                    Ok((self.material.rarity(&verdict.logits), samples, verdict))
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            let (_, samples, verdict) = judged
                .into_iter()
                .max_by(|(one, ..), (other, ..)| one.total_cmp(other))
                .context("there is no candidate")?;
            let (planes, frames) = frames_by_component(&self.features, samples);
            Ok(Crop {
                planes,
                frames,
                hidden: self.last_layers.hidden_sums(&verdict.embedding),
                logits: verdict.logits,
            })
        };
        mixtures.par_chunks(candidates).map(one).collect()
    }

    fn lessons(
        &self,
        steps: Range<usize>,
        coded: f64,
        scales: &Scales,
    ) -> anyhow::Result<Vec<Lesson>> {
        let lesson = |step| self.lesson(step, coded, scales);
        steps.into_par_iter().map(lesson).collect()
    }

    fn lesson(&self, step: usize, coded: f64, scales: &Scales) -> anyhow::Result<Lesson> {
        let (_, count) = self.arguments.crops_of(step);
        let candidates = self.arguments.candidates;
        let mixtures = self.mixtures(MIX, step, count * candidates, coded);
        let crops = self.judge(&mixtures, candidates)?;
        let (count, frames) = (crops.len(), crops[0].frames);
        let (mut planes, mut logits, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for crop in crops {
            planes.extend(crop.planes);
            logits.extend(crop.logits);
            hidden.extend(crop.hidden);
        }
        let hidden = match &scales.hidden {
            None => None,
            Some(scale) => {
                let hidden = Tensor::from_vec(hidden, (count, HIDDEN), &self.device)?;
                Some((hidden, scale.clone()))
            }
        };
        let shape = (count, COMPONENTS, frames, self.features.mel_bands);
        let sigmoid = |logit: &f32| 1.0 / (1.0 + (-logit).exp());
        let probabilities: Vec<f32> = logits.iter().map(sigmoid).collect();
        Ok(Lesson {
            frames: Tensor::from_vec(planes, shape, &self.device)?,
            probabilities: Tensor::from_vec(probabilities, (count, LABELS), &self.device)?,
            logits: Tensor::from_vec(logits, (count, LABELS), &self.device)?,
            scale: scales.logits.clone(),
            hidden,
        })
    }
}

/// One over the deviations of the teacher's logits and of its hidden layer, in a row.
struct Scales {
    logits: Tensor,
    hidden: Option<Tensor>,
}

fn over(deviations: &[f32], device: &Device) -> candle_core::Result<Tensor> {
    let scale: Vec<f32> = deviations.iter().map(|deviation| 1.0 / deviation).collect();
    Tensor::from_vec(scale, (1, deviations.len()), device)
}
