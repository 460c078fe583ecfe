//! A larger network with the same answers: more features for its head, more filters.

use anyhow::{Context, bail, ensure};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Algebra, Architecture, TemporalPooling};
use rand_chacha::ChaCha8Rng;

use crate::pruning::{Kept, put_back};
use crate::trainer::initial_weights;

/// The network with another temporal pooling and the same answers: what its head did not know of counts
/// nothing at first.
///
/// # Errors
/// If its head knows more than it would have then.
pub fn pool_by(
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

/// The shape with so many channels in each convolution of each block.
///
/// # Errors
/// If that is no list of whole quaternion filters, one number a block, none less than there are, or the network
/// is a real one or has separable blocks.
pub fn wider(architecture: &Architecture, channels: &[usize]) -> anyhow::Result<Architecture> {
    ensure!(
        architecture.algebra == Algebra::Quaternion,
        "only quaternion networks can be widened"
    );
    let blocks = &architecture.blocks;
    ensure!(
        channels.len() == blocks.len(),
        "{} counts of channels for {} blocks",
        channels.len(),
        blocks.len()
    );
    if let Some(block) = blocks.iter().position(|block| block.separable.is_some()) {
        bail!(
            "block {} is separable: only 3×3 blocks can be widened; train a wider network from fresh weights",
            block + 1
        );
    }
    let mut counts = Vec::new();
    for (index, (channels, block)) in channels.iter().zip(blocks).enumerate() {
        let filters = channels / COMPONENTS;
        let most = block.filters.iter().copied().max().unwrap_or(0);
        ensure!(
            channels % COMPONENTS == 0 && filters >= most,
            "{channels} channels for block {}: it takes a multiple of {COMPONENTS} and {} at least, which it \
             has now",
            index + 1,
            COMPONENTS * most
        );
        counts.extend(vec![filters; block.filters.len()]);
    }
    Ok(architecture.with_filters(counts))
}

/// A quaternion network in a wider shape (of [`wider`]), with the same answers: fresh filters come after the others
/// of each convolution, and what reads them does so with zeros at first (after Chen, Goodfellow and
/// Shlens, *Net2Net*, arXiv 1511.05641, who split filters instead of adding fresh ones).
///
/// # Errors
/// If the weights are not of the shape `before`.
pub fn widen(
    before: &Architecture,
    weights: &Weights,
    after: &Architecture,
    features: &FeatureSettings,
    random: &mut ChaCha8Rng,
) -> anyhow::Result<Weights> {
    let statistic = |part: &str| -> anyhow::Result<Vec<f32>> {
        let name = format!("input_norm.{part}");
        let values = weights.get(&name);
        Ok(values
            .with_context(|| format!("the weights lack {name}"))?
            .clone())
    };
    let norm = (statistic("mean")?, statistic("variance")?);
    let fresh = initial_weights(after, features, norm, random);
    let old = all_filters(before);
    put_back(after, fresh, weights, &old)
}

fn all_filters(architecture: &Architecture) -> Kept {
    let layers = architecture.layers();
    let all = layers.iter().map(|layer| (0..layer.outputs).collect());
    all.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hamiltone_engine::features::FeatureSettings;
    use hamiltone_engine::model::clip_logits;
    use hamiltone_engine::network::streaming::PackedNetwork;
    use hamiltone_engine::network::{Algebra, Block};

    use hamiltone_engine::kernels::TAPS;

    use super::*;
    use crate::pruning::remove;
    use crate::random::{normal, stream};
    use crate::trainer::initial_weights;

    /// Frames of noise.
    fn frames(random: &mut ChaCha8Rng, features: &FeatureSettings) -> Vec<f32> {
        let numbers = 70 * COMPONENTS * features.mel_bands;
        (0..numbers).map(|_| normal(random)).collect()
    }

    /// Two networks, and what they say of frames: nearly the same.
    fn say_the_same(
        features: &FeatureSettings,
        frames: &[f32],
        before: (&Architecture, &Weights),
        after: (&Architecture, &Weights),
    ) {
        let [before, after] = [before, after].map(|(shape, weights)| {
            for parameter in shape.parameters(features.mel_bands) {
                assert_eq!(weights[&parameter.name].len(), parameter.count());
            }
            let network = PackedNetwork::new(shape, features.mel_bands, weights);
            clip_logits(&Arc::new(network), frames)
        });
        for (before, after) in before.iter().zip(&after) {
            assert!((before - after).abs() < 1e-5, "{before} {after}");
        }
    }

    #[test]
    fn a_head_that_knows_more_says_the_same_at_first() {
        let features = FeatureSettings::default();
        let size = COMPONENTS * features.mel_bands;
        let mut random = stream(1, &[]);
        let frames = frames(&mut random, &features);
        for (algebra, hidden) in [
            (Algebra::Quaternion, 3),
            (Algebra::Quaternion, 0),
            (Algebra::Real, 2),
        ] {
            let mut shape = Architecture::doubling(8, 3, true, 1.0, 5);
            (shape.algebra, shape.hidden) = (algebra, hidden);
            let norm = (vec![0.0; size], vec![1.0; size]);
            let mut weights = initial_weights(&shape, &features, norm, &mut random);
            let before = weights.clone();
            pool_by(TemporalPooling::MeanMax, &mut shape, &mut weights).unwrap();
            let narrow = shape.clone();
            pool_by(TemporalPooling::Statistics, &mut shape, &mut weights).unwrap();
            assert!(shape.features() > 4 * narrow.features());
            say_the_same(&features, &frames, (&narrow, &before), (&shape, &weights));
            assert!(pool_by(TemporalPooling::MeanMax, &mut shape, &mut weights).is_err());
        }
    }

    #[test]
    fn a_wider_network_says_the_same_at_first_and_is_the_old_one_without_what_is_new() {
        let features = FeatureSettings::default();
        let size = COMPONENTS * features.mel_bands;
        let mut random = stream(2, &[]);
        let frames = frames(&mut random, &features);
        for (pooling, hidden) in [
            (TemporalPooling::MeanMax, 3),
            (TemporalPooling::Statistics, 3),
            (TemporalPooling::Statistics, 0),
        ] {
            let mut narrow = Architecture::doubling(8, 3, true, 1.0, 5);
            (narrow.temporal_pooling, narrow.hidden) = (pooling, hidden);
            let norm = (vec![0.5; size], vec![2.0; size]);
            let mut before = initial_weights(&narrow, &features, norm, &mut random);
            for (_, values) in before.iter_mut().filter(|(name, _)| name.contains("norms")) {
                values
                    .iter_mut()
                    .for_each(|value| *value = 1.0 + normal(&mut random).abs());
            }
            let wide = wider(&narrow, &[8, 24, 44]).unwrap();
            let after = widen(&narrow, &before, &wide, &features, &mut random).unwrap();
            say_the_same(&features, &frames, (&narrow, &before), (&wide, &after));
            // Only what the old filters would read of the new ones is zero.
            let new = &after["blocks.1.convolutions.1.kernel"];
            let zeros = new.iter().filter(|weight| **weight == 0.0).count();
            assert_eq!(zeros, COMPONENTS * 4 * (6 - 4) * TAPS);
            let old = all_filters(&narrow);
            assert_eq!(remove(&wide, &after, &old).unwrap(), (narrow, before));
        }
    }

    #[test]
    fn a_shape_that_is_not_wider_is_refused() {
        let shape = Architecture::doubling(8, 3, true, 1.0, 5);
        for (channels, problem) in [
            (&[8, 16][..], "2 counts of channels for 3 blocks"),
            (&[8, 16, 30], "30 channels for block 3"),
            (&[8, 12, 32], "12 channels for block 2"),
        ] {
            let error = wider(&shape, channels).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
        assert_eq!(wider(&shape, &[8, 16, 32]).unwrap(), shape);
        let mut separable = shape;
        separable.blocks[1] = Block::separable(vec![4], vec![8], 3, true);
        let error = wider(&separable, &[8, 16, 32]).unwrap_err().to_string();
        assert!(error.contains("block 2 is separable"), "{error}");
    }
}
