//! The distillation of the general tagger.

use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Context;
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::PackedNetwork;
use hamiltone_training::material::Source;
use hamiltone_training::progress_bar::progress_bar;
use hamiltone_training::statistics::{add_statistics, sources};
use hamiltone_training::trainer::{
    Learner, Optimisation, Schedule, TrainingFolder, train, training_device, weights_sha256,
};

use super::agreement::{HELD_OUT, HeldOut};
use super::arguments::GeneralArguments;
use super::card::card;
use super::crops::{Crops, seed_of_crops};
use super::folder::{claim, names};
use super::lesson::Lessons;
use super::material::load;
use super::progress::{ADVICE, MODEL, Progress, Record};
use super::start::{Beginning, begun, resumed};
use crate::material::{
    JudgedSegment, ask_second, covered, judge_all, read_verdicts, verdicts_file,
};
use crate::pictures::{self, Measurement};
use crate::teacher::{LastLayers, Mn04};

/// Share of the old average of the weights that each step keeps.
const AVERAGE_DECAY: f64 = 0.999;

/// Runs (or resumes) the distillation; with [`GeneralArguments::start`], of a finished model,
/// pruned if that is asked for. At the end the model gets its class statistics.
///
/// # Errors
/// If the material or the teacher cannot be read, the folder cannot be written, holds another run or has another process
/// at work, or candle fails.
pub fn distil(arguments: &GeneralArguments) -> anyhow::Result<()> {
    arguments.check()?;
    let features = FeatureSettings::default();
    let start = arguments.start.as_ref();
    let start = start.map(|path| ModelFile::read(path).context("--start"));
    let start = start.transpose()?;
    let shape = match &start {
        None => arguments.architecture()?,
        Some(start) => arguments.grown(&start.card.architecture)?,
    };
    if let Some(problem) = shape.problem(features.mel_bands) {
        anyhow::bail!("--channels, --blocks, --trunk-file or --widen: {problem}");
    }
    let folder = TrainingFolder::lock(&arguments.out, ADVICE)?;
    let (held_out, learned) = sources(&arguments.material, arguments.research)?;
    let before: Option<Progress> = folder.progress()?;
    let settings = arguments.settings()?;
    let sounds = names(&learned, &arguments.material);
    claim(&arguments.out, before.as_ref(), &settings, &sounds)?;
    let before = match before {
        None => None,
        Some(done) => Some((done, resumed(arguments)?)),
    };
    let parent = match &before {
        Some((_, beginning)) => beginning.origin.parent.clone(),
        None => start.as_ref().map(weights_sha256),
    };
    let teacher = Mn04::open(&arguments.teacher)?;
    let segments = judged_segments(arguments, &learned, &teacher)?;
    let measured = HeldOut::new(
        &load(&held_out, "reading held-out sounds", arguments.quiet)?,
        &teacher,
        &features,
        HELD_OUT,
        covered(&segments, &learned, &arguments.material),
    )?;
    let mut material = load(&learned, "reading sounds", arguments.quiet)?;
    material.prefer_rare(&arguments.material, &segments);
    if arguments.named_labels {
        material.learn_names(&learned);
    }
    if let Some(second) = &arguments.second_teacher {
        let teachers = [&*arguments.teacher, second];
        let opinions = ask_second(&learned, &arguments.material, teachers, arguments.quiet)?;
        material.learn_second(&arguments.material, opinions);
    }
    let crops = Crops {
        arguments,
        features: &features,
        seed: seed_of_crops(arguments.seed, parent.as_deref())?,
        material,
        teacher,
        last_layers: LastLayers::read(&arguments.teacher)?,
    };
    let (mut done, beginning) = before.map_or_else(|| begun(&crops), Ok)?;
    done.settings = settings;
    teach(&crops, &folder, (done, &beginning), &measured)?;
    finish(arguments, &learned)
}

/// The teacher's verdicts on the sounds to learn from, which `coverage` may have asked already: as it is
/// kept, rounded, so that a run that goes on draws the same segments as one that was never stopped.
fn judged_segments(
    arguments: &GeneralArguments,
    learned: &[Source],
    teacher: &Mn04,
) -> anyhow::Result<Vec<JudgedSegment>> {
    let file = verdicts_file(&arguments.material, &arguments.teacher)?;
    let bar = progress_bar(learned.len() as u64, "judging", arguments.quiet);
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

/// Trains to the last step. Measures and saves every [`GeneralArguments::every`] steps.
fn teach(
    crops: &Crops<'_>,
    folder: &TrainingFolder,
    (mut done, beginning): (Progress, &Beginning),
    measured: &HeldOut,
) -> anyhow::Result<()> {
    let arguments = crops.arguments;
    let mut learner = learner(crops, folder, &done, beginning)?;
    let lessons = Lessons::new(crops, &done, learner.device())?;
    let schedule = Schedule {
        steps: arguments.steps,
        every: arguments.every,
    };
    let bar = progress_bar(arguments.steps as u64, "distilling", arguments.quiet);
    bar.set_position(done.steps as u64);
    bar.reset_eta();
    train(
        &mut learner,
        &lessons,
        schedule,
        &|| bar.inc(1),
        |learner, stretch| {
            done.seconds += stretch.started.elapsed().as_secs_f64();
            let loss = stretch.loss;
            let record = measure(
                crops,
                folder,
                (learner, beginning),
                (&mut done, loss),
                measured,
            )?;
            bar.set_message(record.to_string());
            Ok(ControlFlow::Continue(()))
        },
    )?;
    bar.finish_and_clear();
    Ok(())
}

fn learner(
    crops: &Crops<'_>,
    folder: &TrainingFolder,
    done: &Progress,
    beginning: &Beginning,
) -> anyhow::Result<Learner> {
    let optimisation = Optimisation {
        learning_rate: crops.arguments.learning_rate,
        warm_up: 0.02,
        average_decay: AVERAGE_DECAY,
        ..Optimisation::default()
    };
    let network = (&beginning.architecture, &beginning.weights);
    let device = training_device()?;
    let mut learner = Learner::new(network, false, crops.features, optimisation, device)?;
    if done.steps > 0 {
        let tensors = folder.tensors(done.steps, learner.device())?;
        learner.restore(&tensors, done.steps)?;
    }
    Ok(learner)
}

/// Measures, and saves everything.
fn measure(
    crops: &Crops<'_>,
    folder: &TrainingFolder,
    (learner, beginning): (&Learner, &Beginning),
    (done, loss): (&mut Progress, f64),
    measured: &HeldOut,
) -> anyhow::Result<Record> {
    let (arguments, features) = (crops.arguments, crops.features);
    let architecture = &beginning.architecture;
    let weights = learner.averaged_weights()?;
    let packed = PackedNetwork::new(architecture, features.mel_bands, &weights);
    done.steps = learner.steps();
    let record = Record {
        step: done.steps,
        hours: done.seconds / 3_600.0,
        loss,
        agreement: measured.ask(&Arc::new(packed), features),
    };
    done.records.push(record.clone());
    let card = card(arguments, features, (architecture, &beginning.origin), done);
    ModelFile::seal(card, weights)?.write(&folder.path(MODEL))?;
    folder.save(done.steps, learner.tensors(), done)?;
    let curve = done.records.iter().map(|record| Measurement {
        hours: record.hours,
        mean_average_precision: record.agreement.all.mean_average_precision,
        top_1: record.agreement.all.top_1,
    });
    let curve: Vec<Measurement> = curve.collect();
    if let Err(error) = pictures::agreement(&folder.path("curve.svg"), &arguments.name, &curve) {
        eprintln!("{error:#}"); // no reason to end hours of training
    }
    Ok(record)
}
