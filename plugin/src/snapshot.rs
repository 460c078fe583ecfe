//! What the worker tells the panel. Published whole, read whole, never waited for.

use std::path::PathBuf;
use std::sync::Arc;

use hamiltone_engine::model::{
    Accuracy, Card, LibraryEntry, Model, ModelChoice, ModelSource, TaskKind,
};
use hamiltone_engine::tagging;

/// Everything the panel shows that is not a parameter.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The model that runs now. `None` until one is needed.
    pub model: Option<Arc<ModelFacts>>,
    /// The models to choose from.
    pub menu: Arc<[MenuEntry]>,
    /// What is happening to the sound.
    pub activity: Activity,
    /// Name of the model that is being loaded while the old one runs on.
    pub loading: Option<String>,
    /// What is wrong, in words for people. Empty when all is well.
    pub troubles: Vec<Trouble>,
    /// Probability of each label of the model, 0..=1; empty before the first tags.
    pub probabilities: Vec<f32>,
    /// The same after attack and release: what bars, notes and OSC follow.
    pub smoothed: Vec<f32>,
    /// Whether each label is on: over its level, with hysteresis.
    pub on: Vec<bool>,
    /// From which probability each label is on before the threshold moves it
    /// ([`OnLevels`](hamiltone_engine::model::OnLevels)); empty where the threshold alone says.
    pub on_levels: Vec<f32>,
    /// Places of the labels that compete, where the user chose some; empty for all.
    pub among: Vec<usize>,
    /// What to show where no label is on: "no clear genre" among chosen labels, "no answer yet" at the beginning of a
    /// stream. `None`: the label that leads.
    pub unclear: Option<String>,
    /// The set that the user chose and how well the model chooses among it, where that was measured.
    pub worth: Option<String>,
    /// The second model, while one is compared.
    pub compared: Option<Compared>,
    /// Audio time of the newest tags in seconds since processing began.
    pub time_s: f64,
    /// Where the host's transport was at the newest tags, in seconds; `None` where it does not say.
    pub host_s: Option<f64>,
    /// Whether the host's transport runs, as far as it says.
    pub playing: bool,
    /// Seconds between tags.
    pub refresh_s: f64,
    /// Seconds from a sound to the first tags that contain it (window not counted).
    pub latency_s: f64,
    /// Part of real time that the worker is busy: 0.05 is 5 %.
    pub load: f32,
    /// Frames lost since the instance was made.
    pub dropped_frames: u64,
    /// The running stream's rate in Hz and channels; `None` while the host does not process.
    pub stream: Option<(f64, u32)>,
    /// Where reports are being written, if they are.
    pub report_folder: Option<PathBuf>,
    /// What is being captured or was.
    pub bounce: Bounce,
}

/// A second model on the same audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What it is.
    pub model: Arc<ModelFacts>,
    /// Smoothed probability of each of its labels.
    pub smoothed: Vec<f32>,
    /// From which probability each is on before the threshold moves it; empty where the threshold alone says.
    pub on_levels: Vec<f32>,
    /// Places of its labels that compete, where the user chose some; empty for all.
    pub among: Vec<usize>,
    /// Part of real time that it keeps the worker busy.
    pub load: f32,
    /// Seconds between its tags.
    pub refresh_s: f64,
}

/// The state of captures and bounces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounce {
    /// Seconds captured so far, while one is running.
    pub capturing_s: Option<f64>,
    /// The host renders faster than real time or says so.
    pub rendering: bool,
    /// Files of the last bounce that was written.
    pub written: Vec<PathBuf>,
    /// Bounces that wait in memory, because there is no folder or it could not be written to.
    pub waiting: usize,
    /// Why the last one could not be written.
    pub problem: Option<String>,
}

impl Snapshot {
    /// The `count` most probable labels: index into the model's labels and probability, falling.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        tagging::top(&self.probabilities, count)
            .into_iter()
            .filter_map(|index| Some((index, *self.probabilities.get(index)?)))
            .collect()
    }

    /// The name of a label, if there is one at this index.
    pub fn label(&self, index: usize) -> Option<&str> {
        self.model.as_ref()?.labels.get(index).map(String::as_str)
    }
}

/// What is happening to the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// The host sends nothing: stopped, or not yet started.
    #[default]
    Waiting,
    /// Sound arrives and is tagged.
    Listening,
    /// The host sends silence.
    NoSignal,
    /// The user switched the analysis off.
    Bypassed,
    /// The stream cannot be analysed, at this sample rate for example: a trouble says why.
    Refused,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What: a few words.
    pub title: String,
    /// Why, and what to do about it.
    pub advice: String,
}

/// What people want to know about a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// The card's name.
    pub name: String,
    /// SHA-256 of the file, lower-case hex.
    pub hash: String,
    /// One name for each output.
    pub labels: Vec<String>,
    /// Whether exactly one label holds at a time.
    pub one_of: bool,
    /// The group of each label (`music`, `voice`, `nature`, `things`); empty where the model has none.
    pub groups: Vec<String>,
    /// The labels of which each label is a kind, as indices; empty where the model has no hierarchy.
    pub parents: Vec<Vec<usize>>,
    /// Words for sets of its labels, which it can be told to choose among.
    pub label_sets: Vec<String>,
    /// Number of weights.
    pub parameters: u64,
    /// Multiply-adds for a second of audio.
    pub multiply_adds_per_second: u64,
    /// Size of the file.
    pub size_bytes: usize,
}

impl ModelFacts {
    /// Reads them off a loaded model.
    pub fn of(model: &Model) -> Self {
        let card = model.card();
        Self {
            name: card.name.clone(),
            hash: model.hash().to_owned(),
            labels: card.labels.clone(),
            one_of: matches!(card.task, TaskKind::SingleLabel),
            groups: card.groups.clone(),
            parents: card.parents.clone(),
            label_sets: card.label_sets().into_iter().map(str::to_owned).collect(),
            parameters: card.parameters,
            multiply_adds_per_second: card.multiply_adds_per_second,
            size_bytes: model.size_bytes(),
        }
    }
}

/// A line of the model menu.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuEntry {
    /// What the line says.
    pub name: String,
    /// Inside the program, not in a folder.
    pub built_in: bool,
    /// SHA-256 of the file, lower-case hex; empty where it could not be read.
    pub hash: String,
    /// What to put into the settings to choose it.
    pub choice: ModelChoice,
    /// The card in a few lines, or why the file cannot be used.
    pub card: Result<String, String>,
}

impl MenuEntry {
    /// Makes the line for a model of the library.
    pub fn of(entry: LibraryEntry) -> Self {
        let built_in = entry.source == ModelSource::BuiltIn;
        // A file is meant by its contents. A built-in model is meant by its name, so that a session
        // still opens when a newer program brings a better model of that name.
        let choice = if built_in {
            ModelChoice {
                name: Some(entry.name.clone()),
                ..ModelChoice::default()
            }
        } else {
            entry.choice()
        };
        let card = entry.summary.map(|card| card_in_lines(&card));
        Self {
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

fn card_in_lines(card: &Card) -> String {
    let task = match card.task {
        TaskKind::SingleLabel => "one label at a time",
        TaskKind::MultiLabel => "any number of labels at a time",
    };
    let mut lines = vec![
        card.description.clone(),
        format!(
            "{task}; {:.2} M parameters, {:.2} G multiply-adds a second of audio, {:.0} MB of memory",
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
        lines.push("No checksum: small damage to the file would not be noticed".to_owned());
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The first labels, as many as fit a glance.
fn labels_in_short(labels: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = if labels.len() > SHOWN { ", …" } else { "" };
    labels[..labels.len().min(SHOWN)].join(", ") + more
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

    fn facts(labels: &[&str]) -> Arc<ModelFacts> {
        let labels = labels.iter().map(|label| label.to_string()).collect();
        let (name, hash) = ("test".to_owned(), "00".to_owned());
        Arc::new(ModelFacts {
            name,
            hash,
            labels,
            one_of: true,
            groups: Vec::new(),
            parents: Vec::new(),
            label_sets: Vec::new(),
            parameters: 1,
            multiply_adds_per_second: 1,
            size_bytes: 4,
        })
    }

    #[test]
    fn the_top_falls_and_is_no_longer_than_the_labels() {
        let snapshot = Snapshot {
            probabilities: vec![0.1, 0.7, 0.2],
            ..Snapshot::default()
        };
        assert_eq!(snapshot.top(2), [(1, 0.7), (2, 0.2)]);
        assert_eq!(snapshot.top(9).len(), 3);
        assert!(Snapshot::default().top(3).is_empty());
    }

    #[test]
    fn labels_are_looked_up_without_trust() {
        let snapshot = Snapshot {
            model: Some(facts(&["dog", "rain"])),
            ..Snapshot::default()
        };
        assert_eq!(snapshot.label(1), Some("rain"));
        assert_eq!(snapshot.label(2), None);
        assert_eq!(Snapshot::default().label(0), None);
    }

    #[test]
    fn the_built_in_model_has_a_line_that_finds_it_again() {
        let library = Library::with_folders(vec![]);
        let entry = MenuEntry::of(library.entries().remove(0));
        let model = library.open(&entry.choice).unwrap();
        assert!(entry.built_in && entry.is(&ModelFacts::of(&model)));
        assert_eq!(
            entry.choice.hash, None,
            "a newer program may bring a better one"
        );
        let card = entry.card.unwrap();
        assert!(card.contains("labels"), "{card}");
        assert!(card.contains("other corpora: "), "{card}");
    }

    #[test]
    fn a_damaged_file_has_a_line_that_says_why() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broken.safetensors"), b"no model").unwrap();
        let library = Library::with_folders(vec![folder.path().to_owned()]);
        let entry = MenuEntry::of(library.entries().pop().unwrap());
        assert_eq!(entry.name, "broken");
        assert!(!entry.card.unwrap_err().is_empty());
    }
}
