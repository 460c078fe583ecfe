//! More features for a head that knows fewer.

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Architecture, TemporalPooling};

/// The network with another temporal pooling and the same answers: what its head did not know of counts
/// nothing at first.
///
/// # Errors
/// If its head knows more than it would have then.
pub(crate) fn pool_by(
    pooling: TemporalPooling,
    architecture: &mut Architecture,
    weights: &mut Weights,
) -> anyhow::Result<()> {
    if pooling == architecture.temporal_pooling {
        return Ok(());
    }
    ensure!(
        architecture.temporal_pooling == TemporalPooling::MeanMax,
        "the model's head knows more than mean + max: its temporal pooling cannot be taken back"
    );
    let before = architecture.feature_layout().units();
    architecture.temporal_pooling = pooling;
    let after = architecture.feature_layout().units();
    let name = match architecture.hidden {
        0 => "head.output.weight",
        _ => "head.hidden.kernel",
    };
    let kernel = weights
        .get_mut(name)
        .with_context(|| format!("the weights lack {name}"))?;
    // Rows of a matrix of quaternions or reals alike: those of r first, then of i, j and k (a quarter kernel
    // is four matrices of r columns, one after the other).
    let wider = kernel.chunks_exact(before).flat_map(|row| {
        let nothing = std::iter::repeat_n(&0.0, after - before);
        row.iter().chain(nothing)
    });
    *kernel = wider.copied().collect();
    debug_assert!(kernel.len().is_multiple_of(after * COMPONENTS));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hamiltone_engine::features::FeatureSettings;
    use hamiltone_engine::model::clip_logits;
    use hamiltone_engine::network::Algebra;
    use hamiltone_engine::network::streaming::PackedNetwork;

    use super::*;
    use crate::random::{normal, stream};
    use crate::run::initial_weights;

    #[test]
    fn a_head_that_knows_more_says_the_same_at_first() {
        let features = FeatureSettings::default();
        let size = COMPONENTS * features.mel_bands;
        let mut random = stream(1, &[]);
        let frames: Vec<f32> = (0..70 * size).map(|_| normal(&mut random)).collect();
        for (algebra, hidden) in [
            (Algebra::Quaternion, 3),
            (Algebra::Quaternion, 0),
            (Algebra::Real, 2),
        ] {
            let mut shape = Architecture::doubling(8, 3, true, 1.0, 5);
            (shape.algebra, shape.hidden) = (algebra, hidden);
            let norm = (vec![0.0; size], vec![1.0; size]);
            let mut weights = initial_weights(&shape, &features, norm, &mut random);
            let said = |shape: &Architecture, weights: &Weights| {
                let network = PackedNetwork::new(shape, features.mel_bands, weights);
                clip_logits(&Arc::new(network), &frames)
            };
            let before = said(&shape, &weights);
            pool_by(TemporalPooling::MeanMax, &mut shape, &mut weights).unwrap();
            let narrow = shape.clone();
            pool_by(TemporalPooling::Statistics, &mut shape, &mut weights).unwrap();
            assert!(shape.features() > 4 * narrow.features());
            for parameter in shape.parameters(features.mel_bands) {
                assert_eq!(weights[&parameter.name].len(), parameter.count());
            }
            for (before, after) in before.iter().zip(said(&shape, &weights)) {
                assert!((before - after).abs() < 1e-5, "{before} {after}");
            }
            assert!(pool_by(TemporalPooling::MeanMax, &mut shape, &mut weights).is_err());
        }
    }
}
