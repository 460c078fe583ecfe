//! The entries of the model menu, with their cards as text.

use hamiltone_engine::model::{Accuracy, Card, LibraryEntry, ModelChoice, ModelSource, TaskKind};

use super::ModelFacts;

/// An entry of the model menu.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuEntry {
    /// The text of the entry.
    pub name: String,
    /// Whether it is inside the program, not in a folder.
    pub built_in: bool,
    /// SHA-256 of the file, lower-case hex; empty if it could not be read.
    pub hash: String,
    /// The choice for the settings.
    pub choice: ModelChoice,
    /// The task of the model, the same for all variants; empty if the model cannot be used.
    pub task: String,
    /// Accuracy, load and licence in a few words; empty if the model cannot be used.
    pub summary: String,
    /// The card in a few lines, or why the model cannot be used.
    pub card: Result<String, String>,
}

impl MenuEntry {
    /// The entry for a model of the library.
    pub fn of(entry: LibraryEntry) -> Self {
        let built_in = entry.source == ModelSource::BuiltIn;
        // Files are identified by their contents, built-in models by their name, so that a session opens with a newer
        // program's better model of that name.
        let choice = if built_in {
            ModelChoice {
                name: Some(entry.name.clone()),
                ..ModelChoice::default()
            }
        } else {
            entry.choice()
        };
        let (task, summary) = match &entry.summary {
            Ok(card) => (card.purpose(), summary(card)),
            Err(_) => Default::default(),
        };
        let card = entry.summary.map(|card| card_in_lines(&card));
        Self {
            task,
            summary,
            name: entry.name,
            built_in,
            hash: entry.hash,
            choice,
            card,
        }
    }

    /// Whether this is the model with these facts.
    pub fn is(&self, model: &ModelFacts) -> bool {
        self.hash == model.hash
    }
}

/// "92 % accuracy, low CPU load, attribution licence".
fn summary(card: &Card) -> String {
    let accuracy = card.accuracy.iter().find(|a| a.measure == "accuracy");
    let accuracy = accuracy.map(|a| format!("{:.0} % accuracy", 100.0 * a.value));
    let load = match card.multiply_adds_per_second {
        0..100_000_000 => "low CPU load",
        100_000_000..300_000_000 => "medium CPU load",
        _ => "high CPU load",
    };
    let parts = [
        accuracy,
        Some(load.to_owned()),
        Some(card.licence_in_short().to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn card_in_lines(card: &Card) -> String {
    let task = match card.task {
        TaskKind::SingleLabel => "one label at a time",
        TaskKind::MultiLabel => "any number of labels at a time",
    };
    let mut lines = vec![
        card.description.clone(),
        format!(
            "{task}; {:.2} M parameters, {:.2} G multiply-adds per second of audio, {:.0} MB of memory",
            card.parameters as f64 / 1e6,
            card.multiply_adds_per_second as f64 / 1e9,
            card.memory_bytes as f64 / 1e6
        ),
        format!(
            "{} labels: {}",
            card.labels.len(),
            labels_in_short(&card.labels)
        ),
    ];
    lines.extend(card.accuracy.iter().map(accuracy_in_words));
    let pruning = card.pruning.clone().unwrap_or_default();
    for (what, text) in [
        ("Pruned", &pruning),
        ("Trained on", &card.training_data),
        ("Licence", &card.licence),
    ] {
        if !text.is_empty() {
            lines.push(format!("{what}: {text}"));
        }
    }
    if card.checksums.is_none() {
        lines.push("No checksums: minor damage to the file would go unnoticed".to_owned());
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The first labels, for a tooltip.
fn labels_in_short(labels: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = if labels.len() > SHOWN { "; …" } else { "" };
    labels[..labels.len().min(SHOWN)].join("; ") + more
}

fn accuracy_in_words(accuracy: &Accuracy) -> String {
    let Accuracy {
        measure,
        value,
        spread,
        protocol,
        ..
    } = accuracy;
    let spread = spread.map_or_else(String::new, |spread| format!(" ± {:.1}", 100.0 * spread));
    format!(
        "{measure} {:.1}{spread} %: {protocol}; {}",
        100.0 * value,
        accuracy.on_other_corpora()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hamiltone_engine::model::Library;

    #[test]
    fn the_entry_of_the_built_in_model_opens_it() {
        let library = Library::with_folders(vec![]);
        let entry = MenuEntry::of(library.entries().remove(0));
        let model = library.open(&entry.choice).unwrap();
        assert!(entry.built_in && entry.is(&ModelFacts::of(&model)));
        assert_eq!(
            entry.choice.hash, None,
            "a newer program may bring a better one"
        );
        assert!(!entry.task.starts_with("Quaternion"), "{}", entry.task);
        assert!(entry.summary.contains("CPU load"), "{}", entry.summary);
        let card = entry.card.unwrap();
        assert!(card.contains("labels"), "{card}");
        assert!(card.contains("other corpora: "), "{card}");
    }

    #[test]
    fn the_entry_of_a_damaged_file_says_why() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broken.safetensors"), b"no model").unwrap();
        let library = Library::with_folders(vec![folder.path().to_owned()]);
        let entry = MenuEntry::of(library.entries().pop().unwrap());
        assert_eq!(entry.name, "broken");
        assert!(!entry.card.unwrap_err().is_empty());
    }
}
