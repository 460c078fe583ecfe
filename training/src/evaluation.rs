//! A network's answers to clips, by the engine's own streaming forward.

use std::sync::Arc;

use hamiltone_engine::model::{Card, TaskKind};
use hamiltone_engine::network::streaming::{PackedNetwork, Weights};
use hamiltone_engine::tagging::ClipFeatures;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Answers to labelled clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Clips that were asked.
    #[serde(default)]
    pub clips: usize,
    /// Share of clips with a right label as the most probable one.
    pub accuracy: f64,
    /// Mean recall of the labels (unweighted average recall); with any number of labels a clip,
    /// what is more probable than not counts as answered.
    pub mean_recall: f64,
    /// With any number of labels a clip: the mean over labels of the average precision (mAP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_average_precision: Option<f64>,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Counts: true label × answered label; empty where clips have any number of labels.
    pub confusion: Vec<Vec<usize>>,
}

impl Evaluation {
    /// The name of the measure that a task of this kind is judged by.
    pub fn measure(&self) -> &'static str {
        match self.mean_average_precision {
            Some(_) => "mAP",
            None => "accuracy",
        }
    }

    /// Its value, 0 to 1.
    pub fn value(&self) -> f64 {
        self.mean_average_precision.unwrap_or(self.accuracy)
    }
}

/// A clip's logits and true labels.
pub(crate) type Answer<'a> = (Vec<f32>, &'a [usize]);

/// Classifies whole clips (samples at the model's rate, and the true labels), in parallel. Clips that are
/// too short for one column are filled up with silence, as everywhere else.
pub fn evaluate(card: &Card, weights: &Weights, clips: &[(&[f32], &[usize])]) -> Evaluation {
    summarise(card.labels.len(), card.task, &answers(card, weights, clips))
}

/// The network's logits for whole clips, as [`evaluate`] takes them.
pub(crate) fn answers<'a>(
    card: &Card,
    weights: &Weights,
    clips: &[(&[f32], &'a [usize])],
) -> Vec<Answer<'a>> {
    let network = Arc::new(PackedNetwork::new(
        &card.architecture,
        card.features.mel_bands,
        weights,
    ));
    clips
        .par_iter()
        .map(|(samples, labels)| {
            let logits = ClipFeatures::logits(&network, &card.features, samples)
                .expect("a card's sample rate was checked");
            (logits, *labels)
        })
        .collect()
}

/// The figures of answers to clips, with so many labels.
pub(crate) fn summarise(labels: usize, kind: TaskKind, answers: &[Answer<'_>]) -> Evaluation {
    let count = answers.len().max(1) as f64;
    let right = answers
        .iter()
        .filter(|(logits, own)| own.contains(&largest(logits)));
    let mut evaluation = Evaluation {
        clips: answers.len(),
        accuracy: right.count() as f64 / count,
        mean_recall: 0.0,
        mean_average_precision: None,
        loss: 0.0,
        confusion: Vec::new(),
    };
    match kind {
        TaskKind::SingleLabel => {
            let mut confusion = vec![vec![0usize; labels]; labels];
            for (logits, own) in answers {
                confusion[own[0]][largest(logits)] += 1;
            }
            let of = |row: &Vec<usize>, label| (row[label], row.iter().sum());
            let recalls = confusion
                .iter()
                .enumerate()
                .map(|(label, row)| of(row, label));
            evaluation.mean_recall = mean_share(recalls);
            let losses = answers
                .iter()
                .map(|(logits, own)| cross_entropy(logits, own[0]));
            evaluation.loss = losses.sum::<f64>() / count;
            evaluation.confusion = confusion;
        }
        TaskKind::MultiLabel => {
            let with = |label: usize| {
                let answers = answers.iter();
                answers.map(move |(logits, own)| (logits[label], own.contains(&label)))
            };
            evaluation.mean_recall = mean_share((0..labels).map(|label| {
                let own = with(label).filter(|(_, own)| *own);
                let found = own.clone().filter(|(logit, _)| *logit > 0.0).count();
                (found, own.count())
            }));
            let precisions: Vec<f64> = (0..labels)
                .filter_map(|label| average_precision(with(label).collect()))
                .collect();
            let mean = precisions.iter().sum::<f64>() / precisions.len().max(1) as f64;
            evaluation.mean_average_precision = Some(mean);
            let losses = answers
                .iter()
                .map(|(logits, own)| binary_cross_entropy(logits, own));
            evaluation.loss = losses.sum::<f64>() / count;
        }
    }
    evaluation
}

/// The first label with the largest logit.
pub fn largest(logits: &[f32]) -> usize {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().position(|&logit| logit == most).unwrap_or(0)
}

/// Of a softmax, in nats.
pub(crate) fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|logit| f64::from(logit - most).exp())
        .sum();
    sum.ln() - f64::from(logits[label] - most)
}

fn binary_cross_entropy(logits: &[f32], own: &[usize]) -> f64 {
    let of_label = |(label, logit): (usize, &f32)| {
        let towards = if own.contains(&label) {
            *logit
        } else {
            -*logit
        };
        let towards = f64::from(towards);
        (-towards).max(0.0) + (-towards.abs()).exp().ln_1p()
    };
    logits.iter().enumerate().map(of_label).sum::<f64>() / logits.len().max(1) as f64
}

/// The mean of shares given as (part, whole), without those of nothing.
fn mean_share(shares: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (sum, count) = shares
        .filter(|(_, whole)| *whole > 0)
        .fold((0.0, 0usize), |(sum, count), (part, whole)| {
            (sum + part as f64 / whole as f64, count + 1)
        });
    sum / count.max(1) as f64
}

/// The mean of the precision at each clip that has the label, from the most to the least probable;
/// none, if no clip has it. Clips with equal logits count together.
pub fn average_precision(mut ranked: Vec<(f32, bool)>) -> Option<f64> {
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut found, mut sum) = (0usize, 0usize, 0.0);
    for equal in ranked.chunk_by(|a, b| a.0 == b.0) {
        let own = equal.iter().filter(|(_, own)| *own).count();
        seen += equal.len();
        found += own;
        sum += own as f64 * found as f64 / seen as f64;
    }
    (found > 0).then(|| sum / found as f64)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use hamiltone_engine::model::{Model, ModelFile};
    use hamiltone_engine::tagging::ClipClassifier;

    use super::*;

    #[test]
    fn accuracy_and_recall() {
        let (first, second) = (vec![2f32, 1.0, 0.0], vec![0f32, 1.0, 0.0]);
        let answers: Vec<Answer<'_>> = [
            (&first, &[0][..]),
            (&first, &[0]),
            (&second, &[0]),
            (&first, &[0]),
            (&second, &[1]),
            (&first, &[1]),
        ]
        .map(|(logits, own)| (logits.clone(), own))
        .to_vec();
        let evaluation = summarise(3, TaskKind::SingleLabel, &answers);
        assert!((evaluation.accuracy - 4.0 / 6.0).abs() < 1e-9);
        assert!((evaluation.mean_recall - 0.625).abs() < 1e-9);
        assert_eq!(evaluation.confusion[0], [3, 1, 0]);
        assert_eq!(evaluation.measure(), "accuracy");
        let expected = |logits: &[f64], label: usize| {
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            -(logits[label].exp() / sum).ln()
        };
        let (first, second) = ([2.0, 1.0, 0.0], [0.0, 1.0, 0.0]);
        let losses = 3.0 * expected(&first, 0)
            + expected(&second, 0)
            + expected(&second, 1)
            + expected(&first, 1);
        assert!((evaluation.loss - losses / 6.0).abs() < 1e-9);
    }

    #[test]
    fn average_precision_by_hand() {
        let ranked = |own: &[bool]| -> Vec<(f32, bool)> {
            own.iter()
                .enumerate()
                .map(|(i, own)| (-(i as f32), *own))
                .collect()
        };
        assert_eq!(average_precision(ranked(&[true, true, false])), Some(1.0));
        let expected = (1.0 / 2.0 + 2.0 / 4.0) / 2.0;
        assert_eq!(
            average_precision(ranked(&[false, true, false, true])),
            Some(expected)
        );
        assert_eq!(average_precision(ranked(&[false])), None);
        // The same answer to everything: as good as chance, in whatever order clips come.
        let same = [(0.0, true), (0.0, false), (0.0, false), (0.0, true)];
        assert_eq!(average_precision(same.to_vec()), Some(0.5));
    }

    #[test]
    fn any_number_of_labels() {
        let answers: Vec<Answer<'_>> = vec![
            (vec![3.0, 1.0, -4.0], &[0, 1]),
            (vec![-1.0, 2.0, -4.0], &[1]),
            (vec![1.0, -2.0, -4.0], &[]),
        ];
        let evaluation = summarise(3, TaskKind::MultiLabel, &answers);
        assert_eq!(evaluation.mean_average_precision, Some(1.0)); // label 2 is nowhere
        assert_eq!((evaluation.mean_recall, evaluation.measure()), (1.0, "mAP"));
        assert!((evaluation.accuracy - 2.0 / 3.0).abs() < 1e-9);
        let terms = [3.0, 1.0, 4.0, 1.0, 2.0, 4.0, -1.0, 2.0, 4.0];
        let sum: f64 = terms.iter().map(|z: &f64| (1.0 + (-z).exp()).ln()).sum();
        assert!((evaluation.loss - sum / 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_clip_of_a_tenth_of_a_second_is_heard_as_it_will_be() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/esc10.safetensors");
        let mut file = ModelFile::read(&path).unwrap();
        file.card.calibration = None; // the loss is that of the network
        let model = Arc::new(Model::from_bytes(&file.to_bytes().unwrap()).unwrap());
        let losses = [0.05f32, 0.6].map(|step| {
            let wave = |index: usize| 0.5 * (index as f32 * step).sin();
            let clip: Vec<f32> = (0..3_200).map(wave).collect();
            let measured = evaluate(&file.card, &file.weights, &[(&clip, &[3])]);
            let mut classifier = ClipClassifier::new(model.clone(), 32_000).unwrap();
            classifier.push(&clip);
            let answered = -f64::from(classifier.finish()[3].ln());
            assert!((measured.loss - answered).abs() < 1e-3, "{measured:?}");
            measured.loss
        });
        assert!((losses[0] - losses[1]).abs() > 0.01, "{losses:?}");
    }
}
