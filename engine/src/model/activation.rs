//! Logits to probabilities.

/// Softmax, in place. A score that is not finite gets 0; so do all where none is finite.
pub(super) fn softmax(scores: &mut [f32]) {
    let finite = scores.iter().filter(|score| score.is_finite());
    let largest = finite.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = match score.is_finite() {
            true => (*score - largest).exp(),
            false => 0.0,
        };
        sum += *score;
    }
    if sum > 0.0 {
        scores.iter_mut().for_each(|score| *score /= sum);
    }
}

/// The logistic function, in place. A logit that is not finite gets 0.
pub(super) fn sigmoid(logits: &mut [f32]) {
    for logit in logits {
        *logit = match logit.is_finite() {
            true => 1.0 / (1.0 + (-*logit).exp()),
            false => 0.0,
        }
    }
}
