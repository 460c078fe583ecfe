//! Taking filters out of a network.

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Algebra, Architecture, ConvolutionKind, TrunkConvolution};

use super::ties::ties;

/// For each convolution ([`Architecture::layers`]), in order, the filters that stay, in rising order. An expansion and its
/// depthwise convolution have the same, and so have convolutions whose outputs residual units add up.
pub type Kept = Vec<Vec<usize>>;

/// The parameters of a batch norm for each channel.
const NORM: [&str; 4] = ["weight", "bias", "mean", "variance"];

/// The network without the filters that are not kept: fewer outputs here, fewer inputs in
/// what reads them, the layer behind or the head.
///
/// # Errors
/// If it is not a quaternion network, or `kept` does not fit it.
pub fn remove(
    architecture: &Architecture,
    weights: &Weights,
    kept: &Kept,
) -> anyhow::Result<(Architecture, Weights)> {
    check(architecture, kept)?;
    let mut fewer = weights.clone();
    let mut inputs: Vec<usize> = vec![0]; // the one quaternion of the input
    for (layer, outputs) in architecture.layers().iter().zip(kept) {
        let [read, taps] = row(layer);
        let kernel = tensor(weights, &layer.kernel())?;
        let mut kernel = pick(kernel, [COMPONENTS, layer.outputs, read * taps], outputs);
        if layer.kind != ConvolutionKind::Depthwise {
            kernel = pick(&kernel, [COMPONENTS * outputs.len(), read, taps], &inputs);
        }
        fewer.insert(layer.kernel(), kernel);
        for part in NORM {
            let name = norm(layer, part);
            let size = [COMPONENTS, layer.outputs, 1];
            let values = pick(tensor(weights, &name)?, size, outputs);
            fewer.insert(name, values);
        }
        inputs.clone_from(outputs);
    }
    let (name, rows) = head(architecture);
    let features = architecture.feature_layout().units();
    let read = kept_features(architecture, kept);
    let head = pick(tensor(weights, name)?, [rows, features, 1], &read);
    fewer.insert(name.to_owned(), head);
    let architecture = architecture.with_filters(kept.iter().map(Vec::len));
    Ok((architecture, fewer))
}

/// The opposite of [`remove`]: `fresh`, the weights of a network of the shape `architecture`, with the
/// filters `kept` as in the smaller network. It gives the same answers: the old filters read the other filters with zeros,
/// which keep what is fresh in them.
///
/// # Errors
/// As [`remove`], or if the smaller network's weights are not of the shape that `kept` says.
pub(crate) fn put_back(
    architecture: &Architecture,
    fresh: Weights,
    smaller: &Weights,
    kept: &Kept,
) -> anyhow::Result<Weights> {
    check(architecture, kept)?;
    let mut whole = fresh;
    let mut inputs: Vec<usize> = vec![0]; // the one quaternion of the input
    for (layer, outputs) in architecture.layers().iter().zip(kept) {
        let [read, taps] = row(layer);
        let mut kernel = tensor(smaller, &layer.kernel())?.to_vec();
        if layer.kind != ConvolutionKind::Depthwise {
            let size = [COMPONENTS * outputs.len(), read, taps];
            kernel = spread(&kernel, size, &inputs)?;
        }
        let size = [COMPONENTS, layer.outputs, read * taps];
        place_rows(&mut whole, &layer.kernel(), size, &kernel, outputs)?;
        for part in NORM {
            let name = norm(layer, part);
            let size = [COMPONENTS, layer.outputs, 1];
            place_rows(&mut whole, &name, size, tensor(smaller, &name)?, outputs)?;
        }
        inputs.clone_from(outputs);
    }
    let (name, rows) = head(architecture);
    let features = architecture.feature_layout().units();
    let read = kept_features(architecture, kept);
    let spread = spread(tensor(smaller, name)?, [rows, features, 1], &read)?;
    whole.insert(name.to_owned(), spread);
    for (same, values) in smaller {
        if same != name && !same.starts_with("blocks.") {
            whole.insert(same.clone(), values.clone());
        }
    }
    Ok(whole)
}

/// Name and rows of what reads the features: each of its rows has those of r first, then of i, j and k.
fn head(architecture: &Architecture) -> (&'static str, usize) {
    match architecture.hidden {
        0 => ("head.output.weight", COMPONENTS * architecture.labels),
        hidden => ("head.hidden.kernel", COMPONENTS * hidden),
    }
}

/// Of each component's features, those that stay.
fn kept_features(architecture: &Architecture, kept: &Kept) -> Vec<usize> {
    let layout = architecture.feature_layout();
    let (mut column, mut last, mut before) = (Vec::new(), Vec::new(), 0);
    for (layer, kept) in architecture.layers().iter().zip(kept) {
        if layer.ends_block && architecture.feeds_head(layer.block) {
            column.extend(kept.iter().map(|filter| before + filter));
            before += layer.outputs;
            last.clone_from(kept);
        }
    }
    if layout.statistics {
        let of_means = column.iter().map(|unit| layout.last + unit);
        let of_deviations = column.iter().map(|unit| layout.last + layout.column + unit);
        last.extend(of_means.chain(of_deviations));
    }
    last
}

/// The weights of the same network in which the filters that are not kept say nothing: their
/// kernels, scales and shifts are zero.
///
/// # Errors
/// As [`remove`].
pub fn silence(
    architecture: &Architecture,
    weights: &Weights,
    kept: &Kept,
) -> anyhow::Result<Weights> {
    check(architecture, kept)?;
    let mut silenced = weights.clone();
    for (layer, kept) in architecture.layers().iter().zip(kept) {
        let outputs = layer.outputs;
        for (name, size) in [
            (layer.kernel(), row(layer).iter().product()),
            (norm(layer, "weight"), 1),
            (norm(layer, "bias"), 1),
        ] {
            let values = silenced.get_mut(&name).with_context(|| missing(&name))?;
            for (row, values) in values.chunks_exact_mut(size).enumerate() {
                if !kept.contains(&(row % outputs)) {
                    values.fill(0.0);
                }
            }
        }
    }
    Ok(silenced)
}

/// Inputs that a filter reads, and the taps of each.
fn row(layer: &TrunkConvolution) -> [usize; 2] {
    let read = match layer.kind {
        ConvolutionKind::Depthwise => 1,
        _ => layer.inputs,
    };
    [read, layer.kernel_size * layer.kernel_size]
}

fn norm(layer: &TrunkConvolution, part: &str) -> String {
    format!("{}.{part}", layer.norm())
}

pub(super) fn tensor<'a>(weights: &'a Weights, name: &str) -> anyhow::Result<&'a [f32]> {
    Ok(weights.get(name).with_context(|| missing(name))?)
}

fn missing(name: &str) -> String {
    format!("the weights lack {name}")
}

fn check(architecture: &Architecture, kept: &Kept) -> anyhow::Result<()> {
    ensure!(
        architecture.algebra == Algebra::Quaternion,
        "only quaternion networks can be pruned: a real one has no quaternion filters"
    );
    let layers = architecture.layers();
    ensure!(
        layers.len() == kept.len(),
        "{} lists of filters for {} convolutions",
        kept.len(),
        layers.len()
    );
    for (filters, layer) in kept.iter().zip(&layers) {
        let count = layer.outputs;
        ensure!(!filters.is_empty(), "a layer would lose all its filters");
        ensure!(
            filters.is_sorted_by(|a, b| a < b) && filters.last().is_some_and(|last| *last < count),
            "filters {filters:?} of {count}"
        );
    }
    for tie in ties(architecture) {
        let first = &kept[tie.layers[0]];
        for &layer in &tie.layers {
            let count = layers[layer].outputs;
            ensure!(
                kept[layer] == *first && (!tie.fixed || first.len() == count),
                "{} cannot keep filters {:?}: it keeps those of {}{}",
                layers[layer].kernel(),
                kept[layer],
                layers[tie.layers[0]].kernel(),
                if tie.fixed { ", which are all" } else { "" }
            );
        }
    }
    Ok(())
}

/// Of values of shape `a × b × c`, those with these indices in the middle.
fn pick(values: &[f32], [_, b, c]: [usize; 3], indices: &[usize]) -> Vec<f32> {
    let planes = values.chunks_exact(b * c);
    planes
        .flat_map(|plane| indices.iter().flat_map(move |&i| &plane[i * c..][..c]))
        .copied()
        .collect()
}

/// The opposite of [`pick`]: zeros of shape `a × b × c` with `values` at these indices in the middle.
fn spread(values: &[f32], [a, b, c]: [usize; 3], indices: &[usize]) -> anyhow::Result<Vec<f32>> {
    let mut all = vec![0.0; a * b * c];
    scatter(&mut all, [b, c], values, indices)?;
    Ok(all)
}

/// Puts `values` at these indices in the middle of the tensor `name`, of shape `a × b × c`.
fn place_rows(
    weights: &mut Weights,
    name: &str,
    [_, b, c]: [usize; 3],
    values: &[f32],
    indices: &[usize],
) -> anyhow::Result<()> {
    let all = weights.get_mut(name).with_context(|| missing(name))?;
    scatter(all, [b, c], values, indices).with_context(|| name.to_owned())
}

fn scatter(
    all: &mut [f32],
    [b, c]: [usize; 2],
    values: &[f32],
    indices: &[usize],
) -> anyhow::Result<()> {
    let planes = all.len() / (b * c);
    ensure!(
        values.len() == planes * indices.len() * c,
        "{} numbers where {} belong",
        values.len(),
        planes * indices.len() * c
    );
    let rows = (0..planes).flat_map(|plane| indices.iter().map(move |index| plane * b + index));
    for (row, values) in rows.zip(values.chunks_exact(c)) {
        all[row * c..][..c].copy_from_slice(values);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hamiltone_engine::network::Block;

    use super::*;
    use crate::random::{normal, stream};

    #[test]
    fn put_back_is_the_opposite_of_remove() {
        let architecture = Architecture {
            blocks: vec![
                Block::new(vec![3], true),
                Block::separable(vec![4, 4], vec![6, 5], 5, false),
            ],
            ..Architecture::doubling(16, 1, true, 1.0, 3)
        };
        let mut random = stream(3, &[]);
        let weights: Weights = architecture
            .parameters(16)
            .into_iter()
            .map(|shape| {
                let values = (0..shape.count()).map(|_| normal(&mut random));
                (shape.name.clone(), values.collect())
            })
            .collect();
        let kept: Kept = vec![
            vec![0, 2],
            vec![1, 2, 5],
            vec![1, 2, 5],
            vec![0, 3],
            vec![4],
            vec![4],
            vec![0, 3],
        ];
        let (smaller, fewer) = remove(&architecture, &weights, &kept).unwrap();
        for shape in smaller.parameters(16) {
            assert_eq!(fewer[&shape.name].len(), shape.count(), "{}", shape.name);
        }
        let whole = put_back(&architecture, weights.clone(), &fewer, &kept).unwrap();
        assert_eq!(
            remove(&architecture, &whole, &kept).unwrap(),
            (smaller, fewer)
        );
        // What is new stays fresh, but what old filters read of it is zero.
        let name = "blocks.1.convolutions.1.kernel";
        assert_eq!(whole[name], weights[name]);
        let name = "blocks.1.convolutions.2.kernel";
        let zeros = whole[name].iter().filter(|weight| **weight == 0.0).count();
        assert_eq!(zeros, COMPONENTS * 2 * (6 - 3));
    }
}
