//! General taggers on labelled sets that they were not trained on, by AudioSet's labels.
//!
//! Each class of a set is some of AudioSet's labels, by maps that were written before any score was
//! seen; its answer is the class with the most likely labels, by the logits as they
//! are and by each label's statistics over training audio
//! ([`ClassStatistics`](hamiltone_engine::model::ClassStatistics)). The teacher and YAMNet are asked
//! by the same rule. The sets are there to measure only: nothing is chosen by them.

mod beginnings;
pub(crate) mod listener;
pub(crate) mod sets;
mod table;

use std::path::PathBuf;

use anyhow::{Context, ensure};
use hamiltone_engine::model::{ModelFile, OtherCorpus};
use serde::Serialize;

pub use self::beginnings::{BeginningsArguments, beginnings};
use self::listener::Listener;
pub(crate) use self::listener::answers;
pub(crate) use self::sets::read_map;
use self::sets::{Rule, Set, sets};
use crate::other_corpora::carry;
use crate::pictures;
use crate::teacher::RATE;
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::files;
use hamiltone_training::progress_bar::progress_bar;
use hamiltone_training::statistics::{SEGMENTS, Segment, sources};

/// Arguments of `zero-shot`.
#[derive(clap::Args, Debug, Clone)]
pub struct ZeroShotArguments {
    /// The general tagger; more of them are compared.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of data sets, with the maps of their classes in its folder `maps`.
    #[arg(long)]
    pub data: PathBuf,
    /// The teacher, mn04_audioset527.onnx.
    #[arg(long)]
    pub teacher: Option<PathBuf>,
    /// YAMNet, yamnet_body.onnx.
    #[arg(long)]
    pub yamnet: Option<PathBuf>,
    /// Folder that `gather` filled: from its training audio come the statistics of the teachers,
    /// and of models without any.
    #[arg(long)]
    pub material: Option<PathBuf>,
    /// Segments of that audio.
    #[arg(long, default_value_t = SEGMENTS)]
    pub segments: usize,
    /// Folder for decoded audio and the teachers' answers [default: hamiltone in the user's cache
    /// folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Folder for `zero-shot.md`, `.json` and `.svg`.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Write each set's share of right answers by the plain logits into the models' cards, beside their figures, as
    /// what they get right of other corpora; their files are replaced.
    #[arg(long)]
    pub into_cards: bool,
    /// No progress, no table.
    #[arg(long)]
    pub quiet: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Shares of clips answered right, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// By the logits as they are.
    pub plain: f64,
    /// By their statistics over training audio, where these are known.
    pub scaled: Option<f64>,
}

/// A set, and what each network gets right of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The set.
    pub set: String,
    /// Its clips.
    pub clips: usize,
    /// Its classes; none where only one label is listened for: such a set is not in the means.
    pub classes: Option<usize>,
    /// One for each of [`Outcome::networks`].
    pub figures: Vec<Figure>,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The models, then the teacher and YAMNet where they were asked.
    pub networks: Vec<String>,
    /// Index of the teacher among them.
    pub teacher: Option<usize>,
    /// Set by set.
    pub rows: Vec<Row>,
    /// Mean over the sets with classes, one for each network.
    pub means: Vec<Figure>,
}

/// Measures, prints a table and writes the report that is wanted.
///
/// # Errors
/// If a network or a clip cannot be read, no set is there, or a file cannot be written.
pub fn zero_shot(arguments: &ZeroShotArguments) -> anyhow::Result<()> {
    let outcome = measure(arguments)?;
    let json = serde_json::to_string_pretty(&outcome)?;
    if let Some(folder) = &arguments.report {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("--report {}", folder.display()))?;
        files::replace(&folder.join("zero-shot.md"), &table::markdown(&outcome))?;
        files::replace(&folder.join("zero-shot.json"), &json)?;
        draw(&folder.join("zero-shot.svg"), &outcome)?;
    }
    if arguments.into_cards {
        into_cards(arguments, &outcome)?;
    }
    if arguments.json {
        println!("{json}");
    } else if !arguments.quiet {
        println!("{}", table::markdown(&outcome));
    }
    Ok(())
}

/// Models come first among the networks, in their order.
fn into_cards(arguments: &ZeroShotArguments, outcome: &Outcome) -> anyhow::Result<()> {
    for (index, path) in arguments.model.iter().enumerate() {
        let mut file = ModelFile::read(path)?;
        for row in &outcome.rows {
            let classes = match row.classes {
                Some(classes) => format!("the {classes} classes of the set allowed"),
                None => "all labels allowed".to_owned(),
            };
            let reach = OtherCorpus {
                corpus: row.set.clone(),
                clips: row.clips as u64,
                recall: row.figures[index].plain,
                protocol: format!(
                    "whole clips, first label by the plain logits, {classes}; by `hamiltone-research zero-shot`"
                ),
            };
            carry(&mut file, reach)?;
        }
        file.write(path)?;
    }
    Ok(())
}

fn measure(arguments: &ZeroShotArguments) -> anyhow::Result<Outcome> {
    let (sets, missing) = sets(&arguments.data)?;
    if !missing.is_empty() && !arguments.quiet {
        eprintln!("not there: {}", missing.join(", "));
    }
    let (mut listeners, teacher) = listeners(arguments)?;
    let cache = arguments.cache.clone();
    let cache = cache.unwrap_or_else(AudioCache::default_folder);
    let kept = cache.join("zero-shot");
    if let Some(material) = &arguments.material {
        let (_, learned) = sources(material, false)?;
        let segments = Segment::draw(&learned, arguments.segments);
        for listener in &mut listeners {
            let message = format!("{}: statistics", listener.name);
            let bar = progress_bar(segments.len() as u64, &message, arguments.quiet);
            listener.take_statistics(&segments, &kept, &|| bar.inc(1))?;
            bar.finish_and_clear();
        }
    }
    let audio = AudioCache::new(&cache, RATE);
    let mut rows = Vec::new();
    for set in &sets {
        let mut figures = Vec::new();
        for listener in &listeners {
            let message = format!("{}: {}", listener.name, set.name);
            let bar = progress_bar(set.clips.len() as u64, &message, arguments.quiet);
            let answers = listener.answers_to(set, &audio, &kept, &|| bar.inc(1))?;
            bar.finish_and_clear();
            figures.push(figure(listener, set, &answers));
        }
        rows.push(Row {
            set: set.name.to_owned(),
            clips: set.clips.len(),
            classes: match &set.rule {
                Rule::Class(classes) => Some(classes.len()),
                Rule::Present(_) => None,
            },
            figures,
        });
    }
    Ok(Outcome {
        means: (0..listeners.len())
            .map(|index| mean(&rows, index))
            .collect(),
        networks: listeners.into_iter().map(|l| l.name).collect(),
        teacher,
        rows,
    })
}

/// All networks, and the index of the teacher.
fn listeners(arguments: &ZeroShotArguments) -> anyhow::Result<(Vec<Listener>, Option<usize>)> {
    let mut listeners = Vec::new();
    for path in &arguments.model {
        listeners.push(Listener::student(path)?);
    }
    ensure!(
        !listeners.is_empty(),
        "--model: there is nothing to measure"
    );
    let teacher = arguments.teacher.as_ref().map(|_| listeners.len());
    if let Some(path) = &arguments.teacher {
        listeners.push(Listener::teacher(path)?);
    }
    if let Some(path) = &arguments.yamnet {
        listeners.push(Listener::yamnet(path)?);
    }
    Ok((listeners, teacher))
}

fn figure(listener: &Listener, set: &Set, answers: &[Vec<f32>]) -> Figure {
    let share = |scaled: bool| {
        let pairs = set.clips.iter().zip(answers);
        let right =
            pairs.filter(|(clip, logits)| listener.is_right(&set.rule, clip, logits, scaled));
        right.count() as f64 / set.clips.len().max(1) as f64
    };
    // Statistics are for choosing among classes, not for whether a label is present.
    let chooses = matches!(set.rule, Rule::Class(_)) && listener.statistics.is_some();
    Figure {
        plain: share(false),
        scaled: chooses.then(|| share(true)),
    }
}

/// Over the sets with classes.
fn mean(rows: &[Row], index: usize) -> Figure {
    let of = |value: &dyn Fn(&Figure) -> Option<f64>| {
        let rows = rows.iter().filter(|row| row.classes.is_some());
        let values: Option<Vec<f64>> = rows.map(|row| value(&row.figures[index])).collect();
        values
            .filter(|values| !values.is_empty())
            .map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    Figure {
        plain: of(&|figure| Some(figure.plain)).unwrap_or(0.0),
        scaled: of(&|figure| figure.scaled),
    }
}

fn draw(path: &std::path::Path, outcome: &Outcome) -> anyhow::Result<()> {
    let groups: Vec<(String, Vec<f64>)> = outcome
        .rows
        .iter()
        .map(|row| {
            let figures = row.figures.iter();
            let values = figures.map(|f| 100.0 * f.scaled.unwrap_or(f.plain));
            (format!("{} ({})", row.set, row.clips), values.collect())
        })
        .collect();
    let title = "Right without having learned it, %";
    pictures::bars(path, title, &outcome.networks, &groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_sets_with_classes_and_lack_what_a_set_lacks() {
        let row = |classes, plain, scaled| Row {
            set: "a".into(),
            clips: 1,
            classes,
            figures: vec![Figure { plain, scaled }],
        };
        let rows = [
            row(Some(2), 0.5, Some(0.6)),
            row(Some(3), 0.25, Some(0.8)),
            row(None, 1.0, None),
        ];
        let both = mean(&rows, 0);
        assert_eq!(both.plain, 0.375);
        assert!((both.scaled.unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(mean(&[row(Some(2), 0.5, None)], 0).scaled, None);
    }
}
