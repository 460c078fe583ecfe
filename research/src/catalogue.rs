//! The table of a folder of models, made from their cards.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hamiltone_engine::model::{Accuracy, Card, ModelFile, TaskKind};
use hamiltone_engine::network::{Algebra, Architecture, TemporalPooling};

use hamiltone_training::files;

/// Writes `README.md` into a folder of models.
///
/// # Errors
/// If a model cannot be read, or the file cannot be written.
pub fn catalogue(folder: &Path) -> anyhow::Result<()> {
    files::replace(&folder.join("README.md"), &catalogue_text(folder)?)
}

/// The text that [`catalogue`] writes: the same for the same models.
///
/// # Errors
/// If a model cannot be read.
pub fn catalogue_text(folder: &Path) -> anyhow::Result<String> {
    let listing =
        std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listing
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    let mut text = "# Models\n\nMade by `hamiltone-research catalogue --models models` from the \
                    cards inside the files. A model has the licence of the sounds it learned from; \
                    `material.csv` names the sources of the general ones, and of the trunks that \
                    others have from them. Where a task was learned fold by fold, *all folds* is \
                    the mean over the networks of all folds, and *this file* what this one gets \
                    right of the fold that it has not seen. Data sets are partial copies \
                    (docs/RESULTS.md says of which size): these are no figures to compare with \
                    published ones.\n"
        .to_owned();
    let (mut table, mut details) = (String::new(), String::new());
    for path in paths {
        let card = ModelFile::read(&path)?.card;
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        table += &row(&name, &card, size);
        details += &section(&name, &card);
    }
    text += "\n| file | task | labels | parameters | multiply-adds a second | all folds | this file | \
             non-commercial sounds | MB |\n|---|---|---|---|---|---|---|---|---|\n";
    Ok(text + &table + &details)
}

fn row(name: &str, card: &Card, size: u64) -> String {
    let told = |accuracy: &Accuracy| {
        let Accuracy { measure, value, .. } = accuracy;
        format!("{measure} {:.1} %", 100.0 * value)
    };
    // A mean over folds has a spread; what the network itself gets right stands behind it.
    let (all_folds, this_file) = match &card.accuracy[..] {
        [] => (String::new(), String::new()),
        [mean, .., own] if mean.spread.is_some() => (told(mean), told(own)),
        [own, ..] => (String::new(), told(own)),
    };
    let licence = card.licence.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| licence.contains(word));
    let limits = match says(&["-nc", "non-commercial", "research"]) {
        true => "yes",
        false if says(&["not known", "no licence", "no sale"]) => "partly unknown",
        false => "",
    };
    format!(
        "| [{name}](#{}) | {} | {} | {:.0} k | {:.0} M | {all_folds} | {this_file} | {limits} | {:.1} |\n",
        name.replace('.', "").to_lowercase(),
        card.description,
        card.labels.len(),
        card.parameters as f64 / 1e3,
        card.multiply_adds_per_second as f64 / 1e6,
        size as f64 / 1e6
    )
}

/// Its input, and the number of its layers.
fn head(architecture: &Architecture) -> String {
    let features = architecture.features();
    let read = match architecture.temporal_pooling {
        TemporalPooling::MeanMax => "mean + max over time of the last block",
        TemporalPooling::Statistics => {
            "mean + max over time of the last block, mean and deviation of every block"
        }
    };
    match architecture.hidden {
        0 => format!("linear, on {features} features: {read}"),
        hidden => {
            let hidden = 4 * hidden;
            format!("a hidden layer of {hidden} on {features} features: {read}")
        }
    }
}

fn section(name: &str, card: &Card) -> String {
    let mut text = format!("\n## {name}\n\n");
    let channels: Vec<String> = card
        .architecture
        .blocks
        .iter()
        .map(|block| {
            let channels: Vec<String> = block.filters.iter().map(|f| (4 * f).to_string()).collect();
            channels.join("·")
        })
        .collect();
    let algebra = match card.architecture.algebra {
        Algebra::Quaternion => "quaternion",
        Algebra::Real => "real",
    };
    let kind = match card.task {
        TaskKind::SingleLabel => "one label a sound",
        TaskKind::MultiLabel => "any number of labels at a time",
    };
    let _ = writeln!(text, "- {}; {kind}", card.description);
    let _ = writeln!(text, "- Channels ({algebra}): {}", channels.join(" – "));
    let _ = writeln!(text, "- Head: {}", head(&card.architecture));
    let _ = writeln!(text, "- Learned from: {}", card.training_data);
    let _ = writeln!(text, "- Licence of that: {}", card.licence);
    for accuracy in &card.accuracy {
        let spread = accuracy
            .spread
            .map_or_else(String::new, |spread| format!(" ± {:.1}", 100.0 * spread));
        let (measure, value) = (&accuracy.measure, 100.0 * accuracy.value);
        let _ = writeln!(
            text,
            "- {measure} {value:.1} %{spread}: {}; {}",
            accuracy.protocol,
            accuracy.on_other_corpora()
        );
    }
    if let Some(calibration) = &card.calibration {
        let _ = writeln!(text, "- Calibrated: {}", calibration.protocol);
    }
    if let Some(parent) = &card.parent {
        let _ = writeln!(text, "- Made from: {parent}");
    }
    if let Some(pruning) = &card.pruning {
        let _ = writeln!(text, "- Pruned, {pruning}");
    }
    if card.labels.len() <= 60 {
        let _ = writeln!(text, "- Labels: {}", card.labels.join(", "));
    }
    text
}
