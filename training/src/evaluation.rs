//! What a network says of clips, by the engine's own streaming forward.

use std::sync::Arc;

use hamiltone_engine::features::quaternion_frames;
use hamiltone_engine::model::{Card, clip_logits};
use hamiltone_engine::network::streaming::{PackedNetwork, Weights};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Answers to labelled clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Share of clips whose most probable label is theirs.
    pub accuracy: f64,
    /// Mean recall of the labels (unweighted average recall).
    pub mean_recall: f64,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Counts: true label × answered label.
    pub confusion: Vec<Vec<usize>>,
}

/// Classifies whole clips (samples at the model's rate, and the true label), in parallel.
pub fn evaluate(card: &Card, weights: &Weights, clips: &[(&[f32], usize)]) -> Evaluation {
    let network = Arc::new(PackedNetwork::new(
        &card.architecture,
        card.features.mel_bands,
        weights,
    ));
    let answers: Vec<(usize, usize, f64)> = clips
        .par_iter()
        .map(|(samples, label)| {
            let frames = quaternion_frames(&card.features, samples);
            let logits = clip_logits(&network, &frames);
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let answer = logits
                .iter()
                .position(|&logit| logit == largest)
                .unwrap_or(0);
            let sum: f64 = logits
                .iter()
                .map(|logit| f64::from(logit - largest).exp())
                .sum();
            let loss = sum.ln() - f64::from(logits[*label] - largest);
            (*label, answer, loss)
        })
        .collect();
    summarise(card.labels.len(), &answers)
}

fn summarise(labels: usize, answers: &[(usize, usize, f64)]) -> Evaluation {
    let mut confusion = vec![vec![0usize; labels]; labels];
    for &(label, answer, _) in answers {
        confusion[label][answer] += 1;
    }
    let right: usize = (0..labels).map(|label| confusion[label][label]).sum();
    let recalls: Vec<f64> = confusion
        .iter()
        .enumerate()
        .filter(|(_, row)| row.iter().sum::<usize>() > 0)
        .map(|(label, row)| row[label] as f64 / row.iter().sum::<usize>() as f64)
        .collect();
    let count = answers.len().max(1) as f64;
    Evaluation {
        accuracy: right as f64 / count,
        mean_recall: recalls.iter().sum::<f64>() / recalls.len().max(1) as f64,
        loss: answers.iter().map(|(_, _, loss)| loss).sum::<f64>() / count,
        confusion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_and_recall() {
        let answers = [
            (0, 0, 1.0),
            (0, 0, 1.0),
            (0, 1, 1.0),
            (0, 0, 1.0),
            (1, 1, 3.0),
            (1, 0, 3.0),
        ];
        let evaluation = summarise(3, &answers);
        assert!((evaluation.accuracy - 4.0 / 6.0).abs() < 1e-9);
        assert!((evaluation.mean_recall - 0.625).abs() < 1e-9);
        assert!((evaluation.loss - 10.0 / 6.0).abs() < 1e-9);
        assert_eq!(evaluation.confusion[0], [3, 1, 0]);
    }
}
