//! Calibration of probabilities.

use serde::{Deserialize, Serialize};

use super::on_levels::OnLevels;
use crate::text::is_printable;

/// The range of a factor.
const SCALES: std::ops::RangeInclusive<f32> = 0.01..=100.0;
/// The largest offset, either way.
const LARGEST_OFFSET: f32 = 100.0;
const LONGEST_TEXT: usize = 4_000;

/// Maps a network's logits to calibrated ones; fitted on held-out audio.
///
/// In models for any number of labels (a sigmoid each), a label's probability is
/// `sigmoid(scale · logit + offset)` with numbers of its own: Platt scaling (J. Platt, "Probabilistic outputs for
/// support vector machines", 1999), shrunk towards numbers that all labels share, the more the fewer examples the
/// label has. In models for one label at a time (a softmax), `scale` is a single number, the inverse of a
/// temperature (Guo et al., "On calibration of modern neural networks", 2017, section 4.2), and there is no offset.
/// A scale is positive, so the order of a label's answers does not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Factor of the logit: one a label, or one for all.
    pub scale: Vec<f32>,
    /// Added after the factor: one a label, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offset: Vec<f32>,
    /// Calibrated probability from which each label is on, over 0 and at most 1; empty: the user's threshold holds for
    /// all labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<f32>,
    /// Positive recordings behind each label's numbers; where there are few, they are close to those that all labels
    /// share. Empty where the scale is shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<u32>,
    /// The share of labels that are on and right, for which the levels were chosen, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Clips that it was fitted to.
    pub clips: u64,
    /// The data it was fitted to, and its error on data it was not fitted to.
    pub protocol: String,
}

impl Calibration {
    /// Logits to calibrated logits, in place. Does not allocate.
    pub(super) fn apply(&self, logits: &mut [f32]) {
        if let [scale] = self.scale[..] {
            let offset = self.offset.first().copied().unwrap_or(0.0);
            logits
                .iter_mut()
                .for_each(|logit| *logit = scale * *logit + offset);
            return;
        }
        for (label, (logit, scale)) in logits.iter_mut().zip(&self.scale).enumerate() {
            *logit = scale * *logit + self.offset.get(label).copied().unwrap_or(0.0);
        }
    }

    /// The probability from which each label is on.
    pub fn on_levels(&self) -> OnLevels<'_> {
        OnLevels::of(&self.on)
    }

    /// The first inconsistency, if any, for this number of labels.
    pub(super) fn problem(&self, labels: usize) -> Option<String> {
        let fits = |count: usize, others: &[usize]| count == labels || others.contains(&count);
        for (name, count, others) in [
            ("scales", self.scale.len(), &[1][..]),
            ("offsets", self.offset.len(), &[0]),
            ("levels", self.on.len(), &[0]),
            ("counts of examples", self.examples.len(), &[0]),
        ] {
            if !fits(count, others) {
                return Some(format!(
                    "a calibration of {count} {name} for {labels} labels"
                ));
            }
        }
        if let Some(odd) = self.scale.iter().find(|scale| !SCALES.contains(scale)) {
            let (least, most) = (SCALES.start(), SCALES.end());
            return Some(format!(
                "a calibration scale of {odd}, not {least} to {most}"
            ));
        }
        let bearable = |offset: &&f32| offset.abs() <= LARGEST_OFFSET;
        if let Some(odd) = self.offset.iter().find(|offset| !bearable(offset)) {
            return Some(format!(
                "a calibration offset of {odd}, beyond ±{LARGEST_OFFSET}"
            ));
        }
        let level = |on: &&f32| **on > 0.0 && **on <= 1.0;
        if let Some(odd) = self.on.iter().find(|on| !level(on)) {
            return Some(format!("a label that is on from a probability of {odd}"));
        }
        if self.precision.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Some("a calibration whose precision is not 0 to 1".into());
        }
        let plain = self.protocol.len() <= LONGEST_TEXT && self.protocol.chars().all(is_printable);
        (!plain).then(|| {
            format!(
                "its calibration's protocol is longer than {LONGEST_TEXT} bytes or not plain text"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use hamiltone_models::ESC10;

    use super::*;
    use crate::model::{Card, Model, ModelError, ModelFile, TaskKind};

    fn calibration() -> Calibration {
        Calibration {
            scale: (0..10).map(|label| 0.5 + 0.1 * label as f32).collect(),
            offset: (0..10).map(|label| label as f32 - 5.0).collect(),
            on: vec![0.6; 10],
            examples: vec![12; 10],
            precision: Some(0.9),
            clips: 100,
            protocol: "made for a test".into(),
        }
    }

    /// The model with another card, written and read again.
    fn model(change: impl FnOnce(&mut Card)) -> Result<Model, ModelError> {
        let mut file = ModelFile::from_bytes(ESC10).unwrap();
        file.card.calibration = None;
        change(&mut file.card);
        Model::from_bytes(&file.to_bytes()?)
    }

    fn sigmoid(x: f32) -> f32 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn labels_have_numbers_of_their_own_in_models_for_any_number_of_labels() {
        let model = model(|card| {
            card.task = TaskKind::MultiLabel;
            card.calibration = Some(calibration());
        })
        .unwrap();
        let mut probabilities = vec![2.0; 10];
        model.activate(&mut probabilities);
        for (label, probability) in probabilities.iter().enumerate() {
            let label = label as f32;
            let expected = sigmoid((0.5 + 0.1 * label) * 2.0 + label - 5.0);
            assert!((probability - expected).abs() < 1e-6);
        }
        assert_eq!(model.on_levels().level(3, 0.3), 0.6);
        assert_eq!(
            model.card().calibration,
            Some(calibration()),
            "as it was written"
        );
    }

    #[test]
    fn models_for_one_label_at_a_time_have_one_temperature() {
        let logits: Vec<f32> = (0..10).map(|label| (label as f32).sin()).collect();
        let plain = model(|_| ()).unwrap();
        let cooler = model(|card| {
            card.calibration = Some(Calibration {
                scale: vec![0.5],
                offset: Vec::new(),
                on: Vec::new(),
                examples: Vec::new(),
                precision: None,
                ..calibration()
            });
        })
        .unwrap();
        let (mut halves, mut shown) = (logits.clone(), logits);
        halves.iter_mut().for_each(|logit| *logit *= 0.5);
        plain.activate(&mut halves);
        cooler.activate(&mut shown);
        assert_eq!(shown, halves);
        assert_eq!(cooler.on_levels(), OnLevels::COMMON);
    }

    #[test]
    fn a_model_without_a_calibration_is_written_without_one() {
        let plain = model(|_| ()).unwrap();
        assert!(plain.card().calibration.is_none());
        assert!(
            !serde_json::to_string(plain.card())
                .unwrap()
                .contains("calibration")
        );
        assert_eq!(plain.on_levels(), OnLevels::COMMON);
    }

    #[test]
    fn inconsistent_calibrations_are_refused() {
        type Change = fn(&mut Calibration);
        let refusals: [(Change, &str); 9] = [
            (|c| c.scale.truncate(9), "9 scales"),
            (|c| c.offset.truncate(1), "1 offsets"),
            (|c| c.on.push(0.5), "11 levels"),
            (|c| c.examples.truncate(2), "2 counts"),
            (|c| c.scale[3] = -1.0, "scale of -1"),
            (|c| c.offset[0] = 1e9, "offset of 1000000000"),
            (|c| c.on[0] = 0.0, "probability of 0"),
            (|c| c.precision = Some(2.0), "precision"),
            (|c| c.protocol = "a\nb".into(), "protocol"),
        ];
        for (change, word) in refusals {
            let refused = model(|card| {
                let mut odd = calibration();
                change(&mut odd);
                card.calibration = Some(odd);
            });
            let error = refused.err().expect(word).to_string();
            assert!(error.contains(word), "{error}");
        }
        // JSON has no such number, so that it cannot come from a file.
        let mut odd = calibration();
        odd.offset[1] = f32::NAN;
        assert!(odd.problem(10).is_some());
    }
}
