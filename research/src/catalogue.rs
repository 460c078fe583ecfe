//! The table of a folder of models and a page per model, made from their cards.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::{Accuracy, Card, ModelFile, TaskKind};
use hamiltone_engine::network::{Algebra, Architecture, Block, TemporalPooling};

use hamiltone_training::files;

/// First line of a generated page.
const MARK: &str =
    "<!-- Generated from the model's card by the command `catalogue`; edits are lost. -->";

const INTRODUCTION: &str = "\
# Models

Generated from the cards inside the files by the command `catalogue`. Each model has a page with its labels, figures, cost \
and licence.

A model has the licence of the audio it was trained on. `material.csv` lists the sources of the general models, and so of \
the models that were made from them.

*All folds* is the mean over the networks of all cross-validation folds. *This file* is the accuracy of this network on \
the fold it was not trained on. The data sets are partial copies (docs/RESULTS.md gives their sizes), so these \
figures cannot be compared with published ones. docs/RESULTS.md also has the date and the command of each figure.

| model | task | labels | parameters | multiply-adds per second | all folds | this file | commercial use restricted | MB |
|---|---|---|---|---|---|---|---|---|
";

/// A model file with what its page needs.
struct Entry {
    /// The file's name without its ending.
    name: String,
    card: Card,
    bytes: u64,
}

/// Writes `README.md` and a page for each model into a folder of models, and removes generated pages of models that are
/// gone.
///
/// # Errors
/// If a model cannot be read, or a file cannot be written.
pub fn catalogue(folder: &Path) -> anyhow::Result<()> {
    let entries = entries(folder)?;
    for page in generated_pages(folder)? {
        if !entries
            .iter()
            .any(|entry| page.file_stem().is_some_and(|stem| *stem == *entry.name))
        {
            std::fs::remove_file(&page).with_context(|| page.display().to_string())?;
        }
    }
    for entry in &entries {
        files::replace(&folder.join(format!("{}.md", entry.name)), &page(entry))?;
    }
    files::replace(&folder.join("README.md"), &table(&entries))
}

/// The text of the `README.md` that [`catalogue`] writes: the same for the same models.
///
/// # Errors
/// If a model cannot be read.
pub fn catalogue_text(folder: &Path) -> anyhow::Result<String> {
    Ok(table(&entries(folder)?))
}

/// The models of a folder, by name.
fn entries(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in listing(folder, "safetensors")? {
        entries.push(Entry {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            card: ModelFile::read(&path)?.card,
            bytes: path.metadata().map_or(0, |metadata| metadata.len()),
        });
    }
    Ok(entries)
}

fn generated_pages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut pages = listing(folder, "md")?;
    pages.retain(|page| std::fs::read_to_string(page).is_ok_and(|text| text.starts_with(MARK)));
    Ok(pages)
}

fn listing(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == ending));
    paths.sort();
    Ok(paths)
}

fn table(entries: &[Entry]) -> String {
    INTRODUCTION.to_owned() + &entries.iter().map(row).collect::<String>()
}

fn row(Entry { name, card, bytes }: &Entry) -> String {
    let told = |accuracy: &Accuracy| {
        let Accuracy { measure, value, .. } = accuracy;
        format!("{measure} {:.1} %", 100.0 * value)
    };
    // A mean over folds has a spread; this network's own figure comes after it.
    let (all_folds, this_file) = match &card.accuracy[..] {
        [] => (String::new(), String::new()),
        [mean, .., own] if mean.spread.is_some() => (told(mean), told(own)),
        [own, ..] => (String::new(), told(own)),
    };
    format!(
        "| [{name}]({name}.md) | {} | {} | {:.0} k | {:.0} M | {all_folds} | {this_file} | {} | {:.1} |\n",
        card.description,
        card.labels.len(),
        card.parameters as f64 / 1e3,
        card.multiply_adds_per_second as f64 / 1e6,
        restriction(card),
        *bytes as f64 / 1e6
    )
}

/// Whether the licences of a model's sounds restrict commercial use.
fn restriction(card: &Card) -> &'static str {
    let licence = card.licence.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| licence.contains(word));
    match says(&["-nc", "non-commercial", "research"]) {
        true => "yes",
        false if says(&["not known", "no licence", "no sale"]) => "partly unknown",
        false => "",
    }
}

/// The layers of the head and their input.
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

/// The page of one model.
fn page(entry: &Entry) -> String {
    let Entry { name, card, bytes } = entry;
    let kind = match card.task {
        TaskKind::SingleLabel => "It gives one label per sound.",
        TaskKind::MultiLabel => "Any number of its labels can be on at a time.",
    };
    let mut text = format!("{MARK}\n\n# {name}\n\n{}. {kind}\n\n", card.description);
    let _ = write!(text, "```\nhamiltone classify --model {name} FILE\n```\n\n");
    text += &labels(card);
    text += &figures(card);
    let _ = write!(
        text,
        "\n## Cost\n\n\
         | parameters | multiply-adds per second of audio | memory | file | first tags after | default window |\n\
         |---|---|---|---|---|---|\n\
         | {:.0} k | {:.0} M | {:.0} MB | {:.1} MB | {:.2} s | {} s |\n",
        card.parameters as f64 / 1e3,
        card.multiply_adds_per_second as f64 / 1e6,
        card.memory_bytes as f64 / 1e6,
        *bytes as f64 / 1e6,
        card.first_tags_s(),
        card.default_window_s,
    );
    text += &origin(card);
    text
}

fn labels(card: &Card) -> String {
    let mut text = format!("## Labels\n\n{} labels", card.labels.len());
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for group in &card.groups {
        *groups.entry(group).or_default() += 1;
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(group, count)| format!("{count} in the group `{group}`"))
        .collect();
    if !groups.is_empty() {
        let _ = write!(text, ", {}", groups.join(", "));
    }
    if card.labels.len() <= 60 {
        let _ = write!(text, ": {}", card.labels.join(", "));
    } else {
        text += "; `hamiltone inspect` lists them";
    }
    text += ".\n";
    text
}

fn figures(card: &Card) -> String {
    let mut text = "\n## Accuracy\n\n".to_owned();
    if card.accuracy.is_empty() {
        text += "Not measured.\n";
        return text;
    }
    text += "| measure | value | measured on | other recordings |\n|---|---|---|---|\n";
    for accuracy in &card.accuracy {
        let spread = accuracy
            .spread
            .map_or_else(String::new, |spread| format!(" ± {:.1}", 100.0 * spread));
        let _ = writeln!(
            text,
            "| {} | {:.1} %{spread} | {} | {} |",
            accuracy.measure,
            100.0 * accuracy.value,
            accuracy.protocol,
            accuracy
                .on_other_corpora()
                .trim_start_matches("other corpora: ")
        );
    }
    text += "\n± is the standard deviation over folds. docs/RESULTS.md has dates and commands.\n";
    for rule in &card.choices {
        if let Some(figures) = &rule.measured {
            let _ = write!(
                text,
                "\nChoosing one of the {} labels of `{}`: {:.0} % right (± {:.0}, n = {}); a label is on in {:.0} % of \
                 the clips.\n",
                figures.labels,
                rule.set,
                100.0 * figures.right,
                100.0 * figures.spread,
                figures.clips,
                100.0 * figures.clear
            );
        }
    }
    if let Some(calibration) = &card.calibration {
        let _ = write!(
            text,
            "\nCalibration: {}.\n",
            calibration.protocol.trim_end_matches('.')
        );
    }
    text
}

/// The channels of each convolution of a block, or of each unit of a separable one.
fn block(block: &Block) -> String {
    let channels = |filters: &[usize]| {
        let channels = filters.iter().map(|f| (COMPONENTS * f).to_string());
        channels.collect::<Vec<_>>().join("·")
    };
    match &block.separable {
        None => channels(&block.filters),
        Some(units) => format!(
            "{} (separable {size}×{size}, expanded to {})",
            channels(&block.filters),
            channels(&units.expanded),
            size = units.kernel_size
        ),
    }
}

/// What the model was made from, its shape and its licence.
fn origin(card: &Card) -> String {
    let channels: Vec<String> = card.architecture.blocks.iter().map(block).collect();
    let algebra = match card.architecture.algebra {
        Algebra::Quaternion => "quaternion",
        Algebra::Real => "real",
    };
    let mut text = "\n## Network and training\n\n".to_owned();
    let _ = writeln!(text, "- Channels ({algebra}): {}", channels.join(" – "));
    let _ = writeln!(text, "- Head: {}", head(&card.architecture));
    let _ = writeln!(text, "- Training data: {}", card.training_data);
    if let Some(parent) = &card.parent {
        let _ = writeln!(text, "- Made from: {parent}");
    }
    if let Some(pruning) = &card.pruning {
        let _ = writeln!(text, "- Pruned: {pruning}");
    }
    let _ = write!(text, "\n## Licence\n\n{}", card.licence);
    text += match restriction(card) {
        "yes" => "\n\nThe sounds may not be used commercially; nor may this model.\n",
        "" => "\n",
        _ => "\n\nThe licences of some of the sounds are not known.\n",
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separable_blocks_are_told_from_others() {
        assert_eq!(block(&Block::new(vec![8, 12], true)), "32·48");
        let units = Block::separable(vec![8, 8], vec![16, 24], 5, true);
        assert_eq!(block(&units), "32·32 (separable 5×5, expanded to 64·96)");
    }

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
    }

    #[test]
    fn every_shipped_model_has_its_page() {
        let folder = shipped();
        let entries = entries(&folder).unwrap();
        for entry in &entries {
            let file = folder.join(format!("{}.md", entry.name));
            let there = std::fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(
                there,
                page(entry),
                "run the command `catalogue` ({})",
                entry.name
            );
        }
        assert_eq!(generated_pages(&folder).unwrap().len(), entries.len());
    }

    #[test]
    fn pages_of_models_that_are_gone_are_removed_and_others_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::copy(
            shipped().join("esc10.safetensors"),
            path("esc10.safetensors"),
        )
        .unwrap();
        std::fs::write(path("gone.md"), format!("{MARK}\nold")).unwrap();
        std::fs::write(path("notes.md"), "mine").unwrap();
        catalogue(folder.path()).unwrap();
        assert!(!path("gone.md").exists() && path("notes.md").exists());
        let page = std::fs::read_to_string(path("esc10.md")).unwrap();
        for part in [
            "clock tick",
            "80 clips",
            "calibration error",
            "CC BY 3.0",
            "316 k",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let table = std::fs::read_to_string(path("README.md")).unwrap();
        assert!(table.contains("[esc10](esc10.md)"), "{table}");
    }
}
