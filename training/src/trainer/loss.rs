//! Terms of losses, and dropout.

use candle_core::{Result, Tensor};
use rand::Rng;

/// T² · KL(teacher ‖ student) of both softened by T (arXiv 1503.02531, section 2): the factor keeps
/// gradients as large as those of the labels. On logits: a softmax of probabilities would be close
/// to uniform.
///
/// # Errors
/// If the shapes differ.
pub fn divergence(logits: &Tensor, teacher: &Tensor, temperature: f32) -> Result<Tensor> {
    let temperature = f64::from(temperature);
    let student = log_softmax(&(logits / temperature)?)?;
    let teacher = log_softmax(&(teacher / temperature)?)?;
    let divergence = (teacher.exp()? * (teacher - student)?)?;
    divergence.sum(1)?.mean(0)? * (temperature * temperature)
}

/// The mean over labels and clips of −t·ln σ(z) − (1 − t)·ln(1 − σ(z)), in the form that never
/// overflows: max(z, 0) − t·z + ln(1 + e^−|z|).
///
/// # Errors
/// If the shapes differ.
pub fn binary_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let tail = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    ((logits.relu()? - (targets * logits)?)? + tail)?.mean_all()
}

/// 1 / (1 + e^−z).
///
/// # Errors
/// If candle fails.
pub fn sigmoid(logits: &Tensor) -> Result<Tensor> {
    // Through tanh, which has no overflow either.
    ((logits * 0.5)?.tanh()? + 1.0)? * 0.5
}

fn log_softmax(logits: &Tensor) -> Result<Tensor> {
    logits.broadcast_sub(&logits.log_sum_exp(1)?.unsqueeze(1)?)
}

/// The mean over clips of −Σ t·ln softmax(z).
///
/// # Errors
/// If the shapes differ.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    (targets * log_softmax(logits)?)?.sum(1)?.mean(0)?.neg()
}

/// Dropout with a mask from our own random numbers, so that a seed reproduces it.
///
/// # Errors
/// If candle fails.
pub fn drop_some(x: &Tensor, share: f32, random: &mut impl Rng) -> Result<Tensor> {
    let keep = 1.0 / (1.0 - share);
    let mask: Vec<f32> = (0..x.elem_count())
        .map(|_| {
            if random.random::<f32>() < share {
                0.0
            } else {
                keep
            }
        })
        .collect();
    x * Tensor::from_vec(mask, x.shape(), x.device())?
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::stream;

    #[test]
    fn cross_entropy_is_that_of_the_definition() {
        let device = Device::Cpu;
        let logits = Tensor::new(&[[2f32.ln(), 0.0, 0.0], [500.0, -500.0, 0.0]], &device).unwrap();
        let targets = Tensor::new(&[[0.5f32, 0.5, 0.0], [1.0, 0.0, 0.0]], &device).unwrap();
        // The first row's probabilities are 1/2, 1/4, 1/4; the second is sure and right.
        let expected = (0.5 * 2f32.ln() + 0.5 * 4f32.ln()) / 2.0;
        let loss = cross_entropy(&logits, &targets).unwrap();
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn a_teacher_is_agreed_with_where_its_softened_answers_are_ours() {
        let device = Device::Cpu;
        let ours = Tensor::new(&[[2f32, 0.0]], &device).unwrap();
        let divergence = |logits: &[[f32; 2]; 1]| {
            let teacher = Tensor::new(logits, &device).unwrap();
            let divergence = divergence(&ours, &teacher, 2.0).unwrap();
            divergence.to_scalar::<f32>().unwrap()
        };
        assert!(divergence(&[[5f32, 3.0]]).abs() < 1e-6); // shifted by three: the same answer
        // By hand: teacher (1/2, 1/2), student softened (e, 1) / (e + 1).
        let e = 1f32.exp();
        let expected = 4.0 * (0.5f32.ln() - 0.5 * (e / (e + 1.0).powi(2)).ln());
        assert!((divergence(&[[1f32, 1.0]]) - expected).abs() < 1e-5);
    }

    #[test]
    fn dropout_keeps_the_mean() {
        let x = Tensor::ones(40_000, candle_core::DType::F32, &Device::Cpu).unwrap();
        let dropped = drop_some(&x, 0.2, &mut stream(1, &[])).unwrap();
        let values = dropped.to_vec1::<f32>().unwrap();
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        assert!((7_500..8_500).contains(&zeros), "{zeros}");
        assert!((values.iter().sum::<f32>() / 40_000.0 - 1.0).abs() < 0.02);
    }
}
