//! The rule by which some of a model's labels are compared, as a card states it.

use serde::{Deserialize, Serialize};

use crate::text::is_printable;

/// The chance from which the best label of a choice is on: it is then more likely right than not.
pub const CLEAR: f32 = 0.5;

/// The name of the rule for choices that are not all of one set.
pub const ANY_LABELS: &str = "any";

/// Bytes of a text of a rule.
const LONGEST_TEXT: usize = 4_000;

/// How labels are compared when only they compete.
///
/// The score of a label is `(logit − centring · mean) / deviation ^ scaling + depth · ancestors`, with the label's
/// mean and deviation over training audio ([`ClassStatistics`](super::ClassStatistics); without them 0 and 1) and the
/// number of its ancestors that compete as well ([`Card::parents`](super::Card::parents)). A label whose logit lies
/// more than `reach` below the highest logit of the choice loses the excess, so that a label that the model all but
/// excludes does not win by being unusual. A softmax of the scores over `temperature` gives each label its chance. The
/// temperature is such that the best label's chance is how often it is right (Guo et al., "On Calibration of Modern
/// Neural Networks", ICML 2017). Centring and scaling of 0 compare logits as they are, of 1 standard scores.
///
/// Where all labels that compete have a common ancestor (genres have "Music") whose uncalibrated probability is
/// below 0.3, all chances fall in proportion; the rest to 1 is the chance of none of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceRule {
    /// The label set that it is for, one of [`Card::label_sets`](super::Card::label_sets), or [`ANY_LABELS`] for every
    /// other choice.
    pub set: String,
    /// Share of a label's mean logit that is subtracted, 0 to 1.
    pub centring: f32,
    /// Power of a label's deviation that its logit is divided by, 0 to 1.
    pub scaling: f32,
    /// Added to the score for each ancestor that competes, −10 to 10; below 0 it favours the more general label.
    pub depth: f32,
    /// Logits that a label may lie below the highest one without a loss, 0 to 100.
    pub reach: f32,
    /// What scores are divided by before the softmax, 0.01 to 100.
    pub temperature: f32,
    /// Its measured accuracy, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<ChoiceFigures>,
}

/// The accuracy of a rule on all labels of its set, measured on clips that it was not fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceFigures {
    /// Share of clips whose best label is right, 0 to 1.
    pub right: f64,
    /// Standard deviation of that over folds.
    pub spread: f64,
    /// Number of clips.
    pub clips: usize,
    /// Number of labels that compete.
    pub labels: usize,
    /// Share of clips on which a label is on ([`CLEAR`]), 0 to 1.
    pub clear: f64,
    /// Share of these on which it is right, 0 to 1.
    pub right_where_clear: f64,
    /// Mean distance of the best label's chance from how often it is right, over 15 bins of equal width weighted
    /// by their clips, 0 to 1.
    pub calibration_error: f64,
    /// The clips and their split.
    pub protocol: String,
}

impl ChoiceFigures {
    /// `33 % right of 399 clips, 45 labels`.
    pub fn in_short(&self) -> String {
        let right = 100.0 * self.right;
        format!(
            "{right:.0} % right of {} clips, {} labels",
            self.clips, self.labels
        )
    }
}

impl ChoiceRule {
    /// The rule for cards that state none. It subtracts half of the mean, which was best for the label sets of general
    /// taggers (docs/research/general-tagger.md, "Choosing among labels").
    pub fn usual() -> Self {
        Self {
            set: ANY_LABELS.to_owned(),
            centring: 0.5,
            scaling: 0.5,
            depth: 0.0,
            reach: 6.0,
            temperature: 1.0,
            measured: None,
        }
    }

    /// The first number or text that is out of range, if any.
    pub(super) fn problem(&self) -> Option<String> {
        let ranges = [
            ("centring", self.centring, 0.0..=1.0),
            ("scaling", self.scaling, 0.0..=1.0),
            ("depth", self.depth, -10.0..=10.0),
            ("reach", self.reach, 0.0..=100.0),
            ("temperature", self.temperature, 0.01..=100.0),
        ];
        let set: String = self.set.chars().take(40).collect();
        let mut wrong = ranges
            .into_iter()
            .filter(|(_, value, range)| !range.contains(value));
        if let Some((name, value, range)) = wrong.next() {
            let (least, most) = (range.start(), range.end());
            return Some(format!(
                "the rule for choosing among {set:?} has a {name} of {value}, not {least} to {most}"
            ));
        }
        let figures = self.measured.as_ref();
        let texts = [Some(&self.set), figures.map(|figures| &figures.protocol)];
        let odd = |text: &&String| text.len() > LONGEST_TEXT || !text.chars().all(is_printable);
        texts.into_iter().flatten().find(odd).map(|_| {
            format!(
                "the rule for choosing among {set:?} has a text that is longer than {LONGEST_TEXT} bytes or not \
                 plain text"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        type Change = fn(&mut ChoiceRule);
        let changes: [(Change, &str); 5] = [
            (|r| r.centring = 1.5, "centring of 1.5"),
            (|r| r.scaling = -0.1, "scaling of -0.1"),
            (|r| r.depth = f32::NAN, "depth of NaN"),
            (|r| r.reach = -1.0, "reach of -1"),
            (|r| r.temperature = 0.0, "temperature of 0"),
        ];
        assert_eq!(ChoiceRule::usual().problem(), None);
        for (change, words) in changes {
            let mut rule = ChoiceRule::usual();
            change(&mut rule);
            let problem = rule.problem().unwrap();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
