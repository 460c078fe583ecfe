//! Choosing among some labels of a general tagger: the rule of each set of labels, fitted to labelled clips and
//! measured on clips that it was not fitted to.
//!
//! The rules and what they do is in [`ChoiceRule`]. They have four numbers a set, fitted by the likelihood of the
//! right label on clips of developers' sets (`fit`); recordings, tracks and files are dealt to five folds, and
//! every figure is of clips of the fold that the rule was not fitted to.

mod fit;
mod table;
mod trials;

use std::path::PathBuf;

use anyhow::{Context, ensure};
use hamiltone_engine::model::{ANY_LABELS, Card, ChoiceFigures, ChoiceRule, ModelFile};
use serde::Serialize;

use self::fit::{Grid, Tried};
use self::trials::Trials;
use crate::teacher::{RATE, audioset_labels, audioset_parents};
use crate::zero_shot::listener::Listener;
use crate::zero_shot::sets::{Set, sets};
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::files;
use hamiltone_training::progress_bar::progress_bar;

/// Arguments of `choices`.
#[derive(clap::Args, Debug, Clone)]
pub struct ChoicesArguments {
    /// The general tagger; each of several has its own rules.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of data sets, with the maps of their classes in its folder `maps`.
    #[arg(long)]
    pub data: PathBuf,
    /// Write the hierarchy of AudioSet's labels and the rules with their figures into each model's card. Its file is
    /// replaced, its weights are not touched.
    #[arg(long)]
    pub into_cards: bool,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Folder for `choices.md` and `choices.json`.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// No progress, no table.
    #[arg(long)]
    pub quiet: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The fit for one model.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The model's name.
    pub model: String,
    /// The rules, fitted to all clips, with figures of clips that they were not fitted to.
    pub rules: Vec<ChoiceRule>,
    /// Every set of clips under every rule.
    pub rows: Vec<Row>,
}

/// A set of clips under one rule.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The labels to choose among: a set of labels, or [`ANY_LABELS`].
    pub choice: String,
    /// The rule: `logits`, `standard scores` (the only rule before there were others), or `fitted`.
    pub rule: &'static str,
    /// Name of the clips.
    pub clips: String,
    /// How well it does.
    pub figures: ChoiceFigures,
}

/// The sets of labels that have rules: name, the depths that are tried, the sets of clips.
const FITTED: [(&str, &[f32]); 3] = [
    // GTZAN's ten genres are nine roots and one kind of rock, so it cannot say how much more than this the kinds
    // of a genre have to give way.
    ("genres", &[-0.5, -0.25, 0.0]),
    ("instruments", &[0.0, 0.25, 0.5]),
    (ANY_LABELS, &[0.0]),
];

/// Fits, measures, prints a table and writes what is asked for.
///
/// # Errors
/// If a model or a clip cannot be read, a model is no general tagger, no set is there, or a file cannot be written.
pub fn choices(arguments: &ChoicesArguments) -> anyhow::Result<()> {
    let outcomes = fit_all(arguments)?;
    let json = serde_json::to_string_pretty(&outcomes)?;
    if let Some(folder) = &arguments.report {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("--report {}", folder.display()))?;
        files::replace(&folder.join("choices.md"), &table::markdown(&outcomes))?;
        files::replace(&folder.join("choices.json"), &json)?;
    }
    if arguments.json {
        println!("{json}");
    } else if !arguments.quiet {
        println!("{}", table::markdown(&outcomes));
    }
    if arguments.into_cards {
        for (path, outcome) in arguments.model.iter().zip(outcomes) {
            let mut file = ModelFile::read(path)?;
            file.card.parents = audioset_parents();
            file.card.choices = outcome.rules;
            file.write(path)?;
        }
    }
    Ok(())
}

fn fit_all(arguments: &ChoicesArguments) -> anyhow::Result<Vec<Outcome>> {
    let (sets, missing) = sets(&arguments.data)?;
    if !missing.is_empty() && !arguments.quiet {
        eprintln!("not there: {}", missing.join(", "));
    }
    let cache = arguments.cache.clone();
    let audio = AudioCache::new(&cache.unwrap_or_else(AudioCache::default_folder), RATE);
    let one = |path: &PathBuf| {
        let mut card = ModelFile::read(path)?.card;
        let names = audioset_labels().iter().map(|label| &label.name);
        ensure!(
            card.labels.iter().eq(names) && card.class_statistics.is_some(),
            "--model {}: no general tagger with class statistics (`statistics` adds them)",
            path.display()
        );
        card.parents = audioset_parents();
        let listener = Listener::student(path)?;
        let mut answers = Vec::new();
        for set in &sets {
            let message = format!("{}: {}", listener.name, set.name);
            let bar = progress_bar(set.clips.len() as u64, &message, arguments.quiet);
            answers
                .push(listener.answers_to(set, &audio, std::path::Path::new(""), &|| bar.inc(1))?);
            bar.finish_and_clear();
        }
        Ok(fit_model(&card, &sets, &answers))
    };
    arguments.model.iter().map(one).collect()
}

/// Fits the rules of a model to its answers: for each set of clips, the logits of each clip.
fn fit_model(card: &Card, sets: &[Set], answers: &[Vec<Vec<f32>>]) -> Outcome {
    let (mut rules, mut rows) = (Vec::new(), Vec::new());
    for (name, depths) in FITTED {
        let trials = Trials::of(card, name, sets, answers);
        if trials.is_empty() {
            continue; // its data sets are not there
        }
        let grid = Grid::new(depths);
        for (rule, fixed) in [
            ("logits", fit::plain(name)),
            ("standard scores", fit::standard(name)),
        ] {
            let tried = trials
                .iter()
                .map(|trials| (trials, Tried::by(card, trials, &fixed)));
            rows.extend(tried.map(|(trials, tried)| row(name, rule, trials, &[&tried])));
        }
        let (mut rule, tried) = grid.fit(card, name, &trials);
        rows.extend(
            trials
                .iter()
                .zip(&tried)
                .map(|(trials, tried)| row(name, "fitted", trials, &[tried])),
        );
        if name != ANY_LABELS {
            // A choice among any labels is among others each time, so no figure holds for it.
            let all: Vec<&Tried> = tried.iter().collect();
            rule.measured = Some(Tried::figures(&all, &trials::protocol(&trials)));
        }
        rules.push(rule);
    }
    Outcome {
        model: card.name.clone(),
        rules,
        rows,
    }
}

fn row(choice: &str, rule: &'static str, trials: &Trials, tried: &[&Tried]) -> Row {
    Row {
        choice: choice.to_owned(),
        rule,
        clips: trials.name.clone(),
        figures: Tried::figures(tried, &trials::protocol(std::slice::from_ref(trials))),
    }
}
