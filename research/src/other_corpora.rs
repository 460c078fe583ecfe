//! How far a model's figure carries: recordings of a corpus that it has learned nothing from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hamiltone_engine::model::{Model, ModelFile, OtherCorpus};
use hamiltone_engine::tagging::{ClipClassifier, top};
use rayon::prelude::*;

use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::dataset::{Clip, Dataset, Task};

/// Arguments of `other-corpus`.
#[derive(clap::Args, Debug, Clone)]
pub struct OtherCorpusArguments {
    /// The model; its card gets the recall, its file is replaced. Several are asked the same.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// The corpus to ask about, of which the model has learned nothing.
    #[arg(long, value_enum)]
    pub task: Task,
    /// A class of this corpus and the model's label that it is, such as `dog_bark=dog`; may be repeated.
    #[arg(long, required = true, value_parser = pair, num_args = 1..)]
    pub class: Vec<(String, String)>,
    /// The corpus that the model learned from: recordings of the same name (Freesound's numbers) are left out.
    #[arg(long, value_enum)]
    pub learned: Option<Task>,
    /// Do not write the cards.
    #[arg(long)]
    pub dry_run: bool,
    /// No table.
    #[arg(long)]
    pub quiet: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (class, label) = text.split_once('=').ok_or("CLASS=LABEL is expected")?;
    Ok((class.trim().to_owned(), label.trim().to_owned()))
}

/// Asks, prints the recall of each class and writes the cards.
///
/// # Errors
/// If the corpus has no such class or no clip of it, the model no such label, or a file cannot be read or written.
pub fn other_corpus(arguments: &OtherCorpusArguments) -> anyhow::Result<()> {
    let clips = clips(arguments)?;
    for path in &arguments.model {
        let mut file = ModelFile::read(path)?;
        let model = Arc::new(Model::read(path)?);
        let recalls = recalls(&model, &clips)?;
        let (right, all) = recalls
            .values()
            .fold((0, 0), |(a, b), (right, all)| (a + right, b + all));
        let corpus = corpus(arguments);
        if !arguments.quiet {
            println!("{}: {corpus}: {right} of {all}", model.card().name);
            for (class, (right, all)) in &recalls {
                println!("  {class}: {right} of {all}");
            }
        }
        let reach = OtherCorpus {
            corpus,
            clips: all as u64,
            recall: right as f64 / all as f64,
            protocol: format!(
                "whole clips, first label, all labels of the model allowed; {}; by \
                 `hamiltone-training other-corpus`",
                classes(arguments)
            ),
        };
        if !arguments.dry_run {
            carry(&mut file, reach)?;
            file.write(path)?;
        }
    }
    Ok(())
}

/// Puts a corpus beside each figure of a card, replacing an earlier one of the same corpus.
///
/// # Errors
/// If the card has no figure to put it beside.
pub(crate) fn carry(file: &mut ModelFile, reach: OtherCorpus) -> anyhow::Result<()> {
    let name = file.card.name.clone();
    ensure!(
        !file.card.accuracy.is_empty(),
        "{name} states no figure, so there is nothing to say how far it carries"
    );
    for figure in &mut file.card.accuracy {
        let corpora = &mut figure.other_corpora;
        match corpora
            .iter_mut()
            .find(|known| known.corpus == reach.corpus)
        {
            Some(known) => *known = reach.clone(),
            None => corpora.push(reach.clone()),
        }
    }
    Ok(())
}

fn corpus(arguments: &OtherCorpusArguments) -> String {
    let classes: Vec<&str> = arguments.class.iter().map(|(class, _)| &**class).collect();
    format!("{} ({})", arguments.task.name(), classes.join(", "))
}

fn classes(arguments: &OtherCorpusArguments) -> String {
    let told = |(class, label): &(String, String)| format!("{class} is {label:?}");
    arguments
        .class
        .iter()
        .map(told)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Clips with the class and the label that is right.
fn clips(arguments: &OtherCorpusArguments) -> anyhow::Result<Vec<(Clip, &str, &str)>> {
    let corpus = Dataset::open_to_measure(&arguments.data, arguments.task)?;
    for (class, _) in &arguments.class {
        let task = arguments.task.name();
        ensure!(
            corpus.labels.contains(class),
            "--class {class}: {task} has no such class"
        );
    }
    let learned: BTreeSet<String> = match arguments.learned {
        Some(task) => {
            let clips = Dataset::open_to_measure(&arguments.data, task)?.clips;
            clips.into_iter().map(|clip| clip.group).collect()
        }
        None => BTreeSet::new(),
    };
    let right = |clip: Clip| {
        let name = &corpus.labels[clip.label()];
        let (class, label) = arguments.class.iter().find(|(class, _)| class == name)?;
        (!learned.contains(&clip.group)).then_some((clip, &**class, &**label))
    };
    let clips: Vec<_> = corpus.clips.iter().cloned().filter_map(right).collect();
    ensure!(!clips.is_empty(), "there is no clip of these classes");
    Ok(clips)
}

/// For each class, clips that were answered right, and all.
fn recalls<'a>(
    model: &Arc<Model>,
    clips: &[(Clip, &'a str, &str)],
) -> anyhow::Result<BTreeMap<&'a str, (usize, usize)>> {
    let rate = model.card().features.sample_rate;
    let audio = AudioCache::none(rate);
    let labels = &model.card().labels;
    for (_, _, label) in clips {
        let name = &model.card().name;
        ensure!(
            labels.iter().any(|l| l == label),
            "{name} has no label {label:?}"
        );
    }
    let answers = clips.par_iter().map(|(clip, _, label)| {
        let samples = audio.sound(&clip.path, clip.duration_s)?.to_f32();
        let mut classifier = ClipClassifier::new(model.clone(), rate)
            .with_context(|| clip.path.display().to_string())?;
        classifier.push(&samples);
        let best = top(&classifier.finish(), 1);
        Ok(best.first().is_some_and(|best| labels[*best] == *label))
    });
    let answers: Vec<bool> = answers.collect::<anyhow::Result<_>>()?;
    let mut recalls = BTreeMap::new();
    for ((_, class, _), right) in clips.iter().zip(answers) {
        let (known, all) = recalls.entry(*class).or_insert((0, 0));
        *known += usize::from(right);
        *all += 1;
    }
    Ok(recalls)
}
