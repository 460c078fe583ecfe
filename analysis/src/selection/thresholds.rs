use hamiltone_engine::model::{Among, Model};
use hamiltone_exports::Thresholds;

use super::similar::similar;

/// Thresholds of the labels of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelThresholds {
    /// One entry per label of the model; empty if no label has a threshold of its own.
    pub values: Vec<Option<f32>>,
    /// A message about listed labels that the model does not have.
    pub unknown: Option<String>,
}

/// Why thresholds of single labels do not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableThresholds {
    /// Labels compete.
    #[error(
        "the labels of {among} compete, so their probabilities are relative and thresholds of single labels do not apply; \
         leave out one of the two options"
    )]
    LabelsCompete {
        /// The option by which the labels were chosen.
        among: &'static str,
    },
    /// The model has none of the labels. Contains the message.
    #[error("{0}")]
    UnknownLabels(String),
}

/// The thresholds of a model's labels. `option_of_labels` is the option by which `among` was chosen, for the message.
///
/// # Errors
/// If the labels of `among` compete, or the model has none of the listed labels.
pub fn thresholds(
    model: &Model,
    among: &Among,
    option_of_labels: &'static str,
    listed: &Thresholds,
) -> Result<LabelThresholds, UnusableThresholds> {
    if among.is_choice() {
        return Err(UnusableThresholds::LabelsCompete {
            among: option_of_labels,
        });
    }
    let card = model.card();
    let values = listed.of_labels(&card.labels);
    let unknown = about_unknown(&listed.unknown(&card.labels), &card.labels, &card.name);
    match unknown {
        Some(message) if values.is_empty() => Err(UnusableThresholds::UnknownLabels(message)),
        unknown => Ok(LabelThresholds { values, unknown }),
    }
}

fn about_unknown(unknown: &[&str], labels: &[String], model: &str) -> Option<String> {
    let first = unknown.first()?;
    let near = similar(labels.iter().map(String::as_str), first);
    let hint = match near.is_empty() {
        false => format!(" (did you mean {}?)", near.join("; ")),
        true => String::new(),
    };
    let count = unknown.len();
    let noun = if count == 1 { "label" } else { "labels" };
    Some(format!(
        "{count} {noun} unknown to the model {model}: {first}{hint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::about_unknown;

    #[test]
    fn unknown_labels_are_counted_and_the_first_has_a_suggestion() {
        let labels = ["Speech", "Rain"].map(str::to_owned);
        let about = |unknown: &[&str]| about_unknown(unknown, &labels, "tiny");
        assert_eq!(about(&[]), None);
        let one = "1 label unknown to the model tiny: Spech (did you mean Speech?)";
        assert_eq!(about(&["Spech"]).as_deref(), Some(one));
        let two = "2 labels unknown to the model tiny: Owl";
        assert_eq!(about(&["Owl", "Zebra"]).as_deref(), Some(two));
    }
}
