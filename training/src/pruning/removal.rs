//! Taking filters out of a network.

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::kernels::TAPS;
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Algebra, Architecture};

/// For each convolution, in order, the filters that stay, in rising order.
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
    for ((block, convolution, old_inputs, old_outputs), outputs) in
        architecture.convolutions().zip(kept)
    {
        let layer = Layer { block, convolution };
        let kernel = tensor(weights, &layer.kernel())?;
        let kernel = pick(
            kernel,
            [COMPONENTS, old_outputs, old_inputs * TAPS],
            outputs,
        );
        let before = COMPONENTS * outputs.len();
        let kernel = pick(&kernel, [before, old_inputs, TAPS], &inputs);
        fewer.insert(layer.kernel(), kernel);
        for part in NORM {
            let name = layer.norm(part);
            let values = pick(
                tensor(weights, &name)?,
                [COMPONENTS, old_outputs, 1],
                outputs,
            );
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
    for ((block, convolution, all_inputs, all_outputs), outputs) in
        architecture.convolutions().zip(kept)
    {
        let layer = Layer { block, convolution };
        let size = [COMPONENTS * outputs.len(), all_inputs, TAPS];
        let read = spread(tensor(smaller, &layer.kernel())?, size, &inputs)?;
        let size = [COMPONENTS, all_outputs, all_inputs * TAPS];
        place_rows(&mut whole, &layer.kernel(), size, &read, outputs)?;
        for part in NORM {
            let name = layer.norm(part);
            let size = [COMPONENTS, all_outputs, 1];
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
    for ((block, convolution, _, outputs), kept) in architecture.convolutions().zip(kept) {
        let ends = convolution + 1 == architecture.blocks[block].filters.len();
        if ends && architecture.feeds_head(block) {
            column.extend(kept.iter().map(|filter| before + filter));
            before += outputs;
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
    for ((block, convolution, inputs, outputs), kept) in architecture.convolutions().zip(kept) {
        let layer = Layer { block, convolution };
        for (name, size) in [
            (layer.kernel(), inputs * TAPS),
            (layer.norm("weight"), 1),
            (layer.norm("bias"), 1),
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

/// Names of a layer's tensors.
pub(super) struct Layer {
    pub(super) block: usize,
    pub(super) convolution: usize,
}

impl Layer {
    pub(super) fn kernel(&self) -> String {
        format!(
            "blocks.{}.convolutions.{}.kernel",
            self.block, self.convolution
        )
    }

    fn norm(&self, part: &str) -> String {
        format!("blocks.{}.norms.{}.{part}", self.block, self.convolution)
    }
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
    let counts: Vec<usize> = architecture.convolutions().map(|layer| layer.3).collect();
    ensure!(
        counts.len() == kept.len(),
        "{} lists of filters for {} convolutions",
        kept.len(),
        counts.len()
    );
    for (filters, count) in kept.iter().zip(counts) {
        ensure!(!filters.is_empty(), "a layer would lose all its filters");
        ensure!(
            filters.is_sorted_by(|a, b| a < b) && filters.last().is_some_and(|last| *last < count),
            "filters {filters:?} of {count}"
        );
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
