use hamiltone_engine::model::{Among, Model};

use super::similar::similar;

/// A word that is neither a label nor a set of labels of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLabel {
    word: String,
    model: String,
    similar: Vec<String>,
    sets: Vec<String>,
}

impl UnknownLabel {
    /// The message. `listed_by` names what lists the labels.
    pub fn message(&self, listed_by: &str) -> String {
        let Self {
            word,
            model,
            similar,
            sets,
        } = self;
        let hint = match (similar.is_empty(), sets.is_empty()) {
            (false, _) => format!("did you mean {}?", similar.join("; ")),
            (true, true) => format!("{listed_by} lists them"),
            (true, false) => {
                let sets = sets.join(", ");
                format!("it has the sets {sets}, and {listed_by} lists the labels")
            }
        };
        format!("{word}: the model {model} has no such label or set; {hint}")
    }
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// If a word is neither a label nor a set of labels of the model.
pub fn among(model: &Model, asked: &[String]) -> Result<Among, UnknownLabel> {
    let card = model.card();
    let unknown = |word: &&String| card.labels_meant(word).is_empty();
    if let Some(word) = asked.iter().find(unknown) {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let sets = card.label_sets();
        let labels = card.labels.iter().map(String::as_str);
        return Err(UnknownLabel {
            word: word.clone(),
            model: card.name.clone(),
            similar: names(&similar(sets.iter().copied().chain(labels), word)),
            sets: names(&sets),
        });
    }
    Ok(Among::new(card, asked))
}
