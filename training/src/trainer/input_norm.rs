//! Statistics of the input, which the first layer normalises by.

use hamiltone_engine::features::{COMPONENTS, FeatureSettings, quaternion_frames};
use rayon::prelude::*;

/// A mel's variance counts as this share of its component's mean variance at least. In clips that
/// were recorded at 16 or 22 kHz the highest mels are always silent; divided by next to nothing,
/// the first noise that augmentation adds there would drown everything else.
const LEAST_VARIANCE: f64 = 0.1;

/// Mean and variance of each component and mel over clips, for the input norm.
pub fn input_statistics(features: &FeatureSettings, clips: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
    let size = COMPONENTS * features.mel_bands;
    let sums: Vec<(Vec<f64>, Vec<f64>, usize)> = clips
        .par_iter()
        .map(|clip| {
            let (mut sum, mut squares) = (vec![0.0; size], vec![0.0; size]);
            let frames = quaternion_frames(features, clip);
            for frame in frames.chunks_exact(size) {
                for (index, value) in frame.iter().enumerate() {
                    sum[index] += f64::from(*value);
                    squares[index] += f64::from(*value).powi(2);
                }
            }
            (sum, squares, frames.len() / size)
        })
        .collect();
    let count = sums.iter().map(|(_, _, count)| count).sum::<usize>().max(1) as f64;
    let total = |index: usize, square: bool| -> f64 {
        sums.iter()
            .map(|(sum, squares, _)| if square { squares[index] } else { sum[index] })
            .sum()
    };
    let mean: Vec<f64> = (0..size).map(|index| total(index, false) / count).collect();
    let mut variance: Vec<f64> = (0..size)
        .map(|i| total(i, true) / count - mean[i] * mean[i])
        .collect();
    for of_component in variance.chunks_exact_mut(features.mel_bands) {
        let usual = of_component.iter().sum::<f64>() / of_component.len() as f64;
        let least = (LEAST_VARIANCE * usual).max(1e-4);
        of_component.iter_mut().for_each(|v| *v = v.max(least));
    }
    (
        mean.iter().map(|mean| *mean as f32).collect(),
        variance.iter().map(|v| *v as f32).collect(),
    )
}
