//! The checks of a card that need no weights.

use super::card::Card;
use super::error::ModelError;
use super::probe::Probe;
use crate::network::{MAX_WINDOW_S, MIN_WINDOW_S};
use crate::text::is_printable;

const LONGEST_NAME: usize = 200;
/// Bytes of any other text: a page.
const LONGEST_TEXT: usize = 4_000;
/// Floats of the columns of the longest window: 64 MiB, sixty times what QCNN14 needs. A network
/// that does not pool can have thousands of columns a second.
const MOST_IN_A_WINDOW: f64 = (16u32 << 20) as f64;

impl Card {
    /// Checks the consistency of the card and the range of its numbers.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        self.features
            .problem()
            .map(|problem| format!("feature setting {problem}"))
            .or_else(|| self.architecture.problem(self.features.mel_bands))
            .or_else(|| self.problem_of_names())
            .or_else(|| self.problem_of_texts())
            .or_else(|| self.problem_of_the_window())
            .or_else(|| self.problem_of_the_probe())
            .or_else(|| self.problem_of_the_calibration())
            .or_else(|| self.problem_of_groups())
            .or_else(|| self.problem_of_the_class_statistics())
            .or_else(|| self.problem_of_parents())
            .or_else(|| self.problem_of_choices())
            .map_or(Ok(()), |problem| Err(ModelError::Inconsistent(problem)))
    }

    fn problem_of_names(&self) -> Option<String> {
        let named = |name: &str| !name.trim().is_empty() && is_plain(name, LONGEST_NAME);
        if !named(&self.name) {
            return Some("its name is empty, too long or not plain text".into());
        }
        if let Some(label) = self.labels.iter().find(|label| !named(label)) {
            let label: String = label.chars().take(40).collect();
            return Some(format!(
                "the label {label:?} is empty, too long or not plain text"
            ));
        }
        let (labels, outputs) = (self.labels.len(), self.architecture.labels);
        (labels != outputs).then(|| format!("{labels} labels for {outputs} outputs"))
    }

    /// Texts are shown in terminals: no control characters, limited length.
    fn problem_of_texts(&self) -> Option<String> {
        let texts = [
            ("description", Some(&self.description)),
            ("training_data", Some(&self.training_data)),
            ("licence", Some(&self.licence)),
            ("parent", self.parent.as_ref()),
            ("pruning", self.pruning.as_ref()),
        ];
        let figures = self.accuracy.iter().flat_map(|figure| {
            [
                ("measure", Some(&figure.measure)),
                ("protocol", Some(&figure.protocol)),
            ]
        });
        let corpora = self
            .accuracy
            .iter()
            .flat_map(|figure| &figure.other_corpora);
        let corpora = corpora.flat_map(|other| {
            [
                ("other corpus", Some(&other.corpus)),
                ("other corpus' protocol", Some(&other.protocol)),
            ]
        });
        let odd = |text: &&String| !is_plain(text, LONGEST_TEXT);
        let all = texts.into_iter().chain(figures).chain(corpora);
        all.into_iter().find_map(|(name, text)| {
            text.filter(odd).map(|_| {
                format!("its {name} is longer than {LONGEST_TEXT} bytes or not plain text")
            })
        })
    }

    fn problem_of_the_window(&self) -> Option<String> {
        if !(MIN_WINDOW_S..=MAX_WINDOW_S).contains(&self.default_window_s) {
            return Some(format!("a window of {} s", self.default_window_s));
        }
        let column_s = self.architecture.frames_per_column() as f64 * self.features.hop_s();
        if column_s > f64::from(MAX_WINDOW_S) {
            return Some(format!(
                "a column of {column_s:.1} s, longer than the longest window ({MAX_WINDOW_S} s)"
            ));
        }
        let columns = f64::from(MAX_WINDOW_S) / column_s;
        let floats = columns * self.architecture.column_size() as f64;
        (floats > MOST_IN_A_WINDOW).then(|| {
            format!(
                "a window of {MAX_WINDOW_S} s would hold {floats:.0} numbers, more than \
                 {MOST_IN_A_WINDOW}"
            )
        })
    }

    fn problem_of_the_calibration(&self) -> Option<String> {
        self.calibration.as_ref()?.problem(self.labels.len())
    }

    fn problem_of_the_class_statistics(&self) -> Option<String> {
        self.class_statistics.as_ref()?.problem(self.labels.len())
    }

    fn problem_of_the_probe(&self) -> Option<String> {
        let (logits, outputs) = (&self.probe.logits, self.architecture.labels);
        if logits.len() != outputs {
            return Some(format!("a probe of {} for {outputs} outputs", logits.len()));
        }
        // An infinite logit would allow any difference.
        if let Some(logit) = logits.iter().find(|logit| !logit.is_finite()) {
            return Some(format!("its probe states a logit of {logit}"));
        }
        let sound = Probe::sound(self.probe.seed, &self.features, &self.architecture);
        (self.probe.input_sha256 != Probe::hash(&sound))
            .then(|| "its probe was made with another sound than this program makes".into())
    }
}

/// Whether a text is one line of at most `longest` bytes, without characters that hide or reverse a part of it.
fn is_plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && text.chars().all(is_printable)
}
