//! How far a student is from its teacher.

use candle_core::{Result, Tensor};

use hamiltone_training::run::{TrainingNetwork, binary_cross_entropy};

/// What a teacher says of a batch.
pub(super) struct Lesson {
    /// `batch × 4 × frames × mels`.
    pub(super) frames: Tensor,
    /// The teacher's logits, `batch × labels`.
    pub(super) logits: Tensor,
    /// The teacher's probabilities, `batch × labels`.
    pub(super) probabilities: Tensor,
    /// One over the deviation of each of the teacher's logits, `1 × labels`.
    pub(super) scale: Tensor,
    /// What the hidden layer is to say before its ReLU, `batch × HIDDEN`, and one over the deviation of each unit of it;
    /// none if the student's hidden layer has another size.
    pub(super) hidden: Option<(Tensor, Tensor)>,
}

/// Cross-entropies of single labels are tiny on average, most labels being absent: times this they
/// weigh as much as the distance of the logits.
const PROBABILITIES: f64 = 30.0;

/// The cross-entropy with the teacher's probabilities, and the squared distances, in deviations, from
/// its logits, which also teaches what is only a little likely, and from its hidden layer, which
/// teaches what the labels have in common; and the batch's statistics taken.
pub(super) fn loss(network: &TrainingNetwork, lesson: &Lesson) -> Result<Tensor> {
    let student = &network.network;
    let (columns, statistics) = student.training_columns(&lesson.frames)?;
    let sums = student.hidden_sums(&student.window_features(&columns)?)?;
    let logits = student.logits(&sums.relu()?)?;
    network.take_statistics(statistics)?;
    let of_labels = (binary_cross_entropy(&logits, &lesson.probabilities)? * PROBABILITIES)?;
    let distance = (logits - &lesson.logits)?.broadcast_mul(&lesson.scale)?;
    let loss = (of_labels + distance.sqr()?.mean_all()?)?;
    let Some((of_teacher, scale)) = &lesson.hidden else {
        return Ok(loss);
    };
    let distance = (sums - of_teacher)?.broadcast_mul(scale)?;
    loss + distance.sqr()?.mean_all()?
}
