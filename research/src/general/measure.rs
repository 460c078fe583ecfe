//! How far finished general taggers agree with their teacher, all on the same held-out segments.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Model, ModelFile};
use rand::seq::IndexedRandom;
use serde_json::json;

use super::agreement::{Agreement, HELD_OUT, HeldOut};
use super::material::load;
use crate::material::{covered, read_verdicts, verdicts_file};
use crate::teacher::{Mn04, audioset_labels};
use hamiltone_training::material::Source;
use hamiltone_training::random::stream;
use hamiltone_training::statistics::sources;

/// Arguments of `agreement`.
#[derive(clap::Args, Debug, Clone)]
pub struct AgreementArguments {
    /// The general tagger; more of them are compared.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder that `gather` filled and `coverage` judged: its held-out sounds measure.
    #[arg(long)]
    pub material: PathBuf,
    /// The teacher: mn04_audioset527.onnx.
    #[arg(long)]
    pub teacher: PathBuf,
    /// Answers as the plugin and the command line give them, the mean over windows of this many seconds, instead
    /// of one answer to each whole segment.
    #[arg(long)]
    pub window: Option<f32>,
    /// Measures on sounds that are learned from, as many as are held out, instead of these. They are of other
    /// kinds, so only differences between models say who knows more by heart.
    #[arg(long)]
    pub learned: bool,
    /// Segments of five seconds, if there are as many: more waver less, and take .7 MB of memory each.
    #[arg(long, default_value_t = HELD_OUT)]
    pub segments: usize,
    /// Write each model's mAP into its card; its file is replaced. So all of them have figures of the same
    /// segments.
    #[arg(long, conflicts_with_all = ["window", "learned"])]
    pub into_cards: bool,
    /// No progress, no table.
    #[arg(long)]
    pub quiet: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Measures and prints a table.
///
/// # Errors
/// As [`agreements`], or if a model's file cannot be written.
pub fn agreement(arguments: &AgreementArguments) -> anyhow::Result<()> {
    let outcomes = agreements(arguments)?;
    print(&outcomes, arguments.json, arguments.quiet);
    if arguments.into_cards {
        for (path, (_, agreement)) in arguments.model.iter().zip(&outcomes) {
            let ModelFile { mut card, weights } = ModelFile::read(path)?;
            let mut figure = agreement.accuracy();
            // What is known of other corpora stays: the weights are the same.
            if let Some(before) = card.accuracy.first_mut() {
                figure.other_corpora = std::mem::take(&mut before.other_corpora);
            }
            card.accuracy = vec![figure];
            ModelFile::seal(card, weights)?.write(path)?;
        }
    }
    Ok(())
}

/// Measures. Returns the name of each model with its figures.
///
/// # Errors
/// If the material or a model cannot be read, or a model is no general tagger.
pub fn agreements(arguments: &AgreementArguments) -> anyhow::Result<Vec<(String, Agreement)>> {
    let AgreementArguments {
        material, teacher, ..
    } = arguments;
    ensure!(arguments.segments > 0, "--segments must be 1 or more");
    let models = arguments.model.iter().map(|path| {
        let model = Model::read(path).with_context(|| format!("--model {}", path.display()))?;
        let names = audioset_labels().iter().map(|label| &label.name);
        ensure!(
            model.card().labels.iter().eq(names)
                && model
                    .card()
                    .features
                    .equals_but_for_level(&FeatureSettings::default()),
            "--model {}: not a general tagger: its labels or features differ",
            path.display()
        );
        Ok(Arc::new(model))
    });
    let models = models.collect::<anyhow::Result<Vec<_>>>()?;
    let (held_out, learned) = sources(material, false)?;
    let segments = read_verdicts(&verdicts_file(material, teacher)?)?;
    ensure!(
        !segments.is_empty(),
        "{} has no verdicts of this teacher: run `coverage` on it first",
        material.display()
    );
    let (which, what) = match arguments.learned {
        true => (some_of(&learned, held_out.len()), "reading sounds"),
        false => (held_out, "reading held-out sounds"),
    };
    let measured = HeldOut::new(
        &load(&which, what, arguments.quiet)?,
        &Mn04::open(teacher)?,
        &FeatureSettings::default(),
        arguments.segments,
        covered(&segments, &learned, material),
    )?;
    let outcomes = models.into_iter().map(|model| {
        let agreement = match arguments.window {
            Some(seconds) => measured.ask_live(&model, seconds)?,
            None => measured.ask(model.network(), &model.card().features),
        };
        Ok((model.card().name.clone(), agreement))
    });
    outcomes.collect()
}

/// So many of the sources at random, the same ones each time.
fn some_of(sources: &[Source], count: usize) -> Vec<Source> {
    let mut random = stream(7, &[u64::from_le_bytes(*b"learned ")]);
    sources
        .choose_multiple(&mut random, count)
        .cloned()
        .collect()
}

fn print(outcomes: &[(String, Agreement)], as_json: bool, quiet: bool) {
    if as_json {
        let list = outcomes.iter();
        let list = list.map(|(model, agreement)| json!({ "model": model, "agreement": agreement }));
        println!("{}", serde_json::Value::from_iter(list));
    } else if !quiet {
        println!("| model | mAP | first label | of covered labels |\n|---|---|---|---|");
        for (name, Agreement { all, covered, .. }) in outcomes {
            let covered = covered.map_or(0.0, |covered| covered.top_1);
            println!(
                "| {name} | {:.3} | {:.1} % | {:.1} % |",
                all.mean_average_precision,
                100.0 * all.top_1,
                100.0 * covered
            );
        }
        if let Some((_, Agreement { all, segments, .. })) = outcomes.first() {
            println!(
                "\n{segments} segments, {} labels; the teacher is sure of {}.",
                all.labels, all.sure
            );
        }
    }
}
