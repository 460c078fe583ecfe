//! The network a few frames at a time: what came before is kept, nothing is computed twice.
//!
//! Every convolution keeps the last two rows of its input; every chunk of frames is a whole number
//! of columns, so pooling never waits. The cost of a second of audio is constant.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::head::Head;
use super::settled::{Settled, SettledState, SettledStates};
use super::{Algebra, Architecture, BATCH_NORM_EPSILON, POOLING};
use crate::features::COMPONENTS;
use crate::kernels::{
    Convolution, Counts, InstructionSet, KernelWeights, Load, Map, Method, PackedConvolution,
    Shape, Workspace,
};

/// Weights made ready to run, batch norm folded in. Immutable; share it.
pub struct PackedNetwork {
    architecture: Architecture,
    mel_bands: usize,
    instructions: InstructionSet,
    input_scale: Vec<f32>,
    input_shift: Vec<f32>,
    layers: Vec<Layer>,
    head: Head,
    /// The head in half precision, once a stream of single columns has asked for it; none where that is in single
    /// precision.
    live_head: OnceLock<Option<Head>>,
    /// The states that streams began in, one for each chunk size and input that was asked for.
    settled: SettledStates,
}

/// A convolution and the batch norm behind it: y = ReLU(scale · (kernel ⊛ x) + shift).
struct Layer {
    weights: Vec<f32>,
    algebra: Algebra,
    scale: Vec<f32>,
    shift: Vec<f32>,
    counts: Counts,
    /// Mels of its input, and rows of a column on its time scale.
    mels: usize,
    rows_per_column: usize,
    pools: bool,
    /// Where in a component of a column what it gives begins, if it is part of it.
    place: Option<usize>,
    /// For each method that a stream has asked for.
    packed: [OnceLock<PackedConvolution>; Method::ALL.len()],
}

/// Name to elements, as a model file holds them; names and shapes have been checked.
pub type Weights = BTreeMap<String, Vec<f32>>;

impl PackedNetwork {
    /// Takes weights whose names and sizes are those of [`Architecture::parameters`], for the best
    /// instructions that the machine has.
    ///
    /// # Panics
    /// If one is missing or has another size.
    pub fn new(architecture: &Architecture, mel_bands: usize, weights: &Weights) -> Self {
        Self::for_instructions(architecture, mel_bands, weights, InstructionSet::best())
    }

    /// The same for a given instruction set.
    ///
    /// # Panics
    /// As [`new`](Self::new), and later if the machine does not have the instructions.
    pub fn for_instructions(
        architecture: &Architecture,
        mel_bands: usize,
        weights: &Weights,
        instructions: InstructionSet,
    ) -> Self {
        let (input_scale, input_shift) = running_affine(weights, "input_norm");
        let layers = layers(architecture, mel_bands, weights);
        Self {
            mel_bands,
            instructions,
            input_scale,
            input_shift,
            layers,
            head: Head::new(architecture, weights, instructions),
            live_head: OnceLock::new(),
            settled: SettledStates::default(),
            architecture: architecture.clone(),
        }
    }

    /// The shape of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Numbers in a quaternion frame.
    pub fn frame_size(&self) -> usize {
        COMPONENTS * self.mel_bands
    }

    /// Bytes of the weights, in all the forms in which they are packed by now, and of the states that streams begin in.
    pub fn size_bytes(&self) -> usize {
        let layers = self.layers.iter().map(|layer| {
            let packed = layer.packed.iter().filter_map(OnceLock::get);
            size_of_val(&layer.weights[..])
                + packed.map(PackedConvolution::size_bytes).sum::<usize>()
        });
        let live = self.live_head.get().into_iter().flatten();
        let heads = [&self.head].into_iter().chain(live);
        let heads = heads.map(Head::size_bytes).sum::<usize>();
        layers.sum::<usize>() + heads + self.settled.size_bytes()
    }

    /// The kernel of every convolution where `columns` columns come at a time: a single one live.
    pub fn methods(&self, columns: usize) -> Vec<Method> {
        let layers: Vec<Shape> = self.layers.iter().map(|l| l.shape(columns)).collect();
        match columns {
            1 => Method::for_live_layers(&layers, self.instructions),
            _ => Method::for_layers(&layers, self.instructions),
        }
    }

    /// What all convolutions together need for a chunk of `columns` columns.
    pub fn load(&self, columns: usize) -> Load {
        let layers = self.layers.iter().zip(self.methods(columns));
        let loads = layers.map(|(l, method)| method.load(l.shape(columns), self.instructions));
        loads.fold(Load::default(), |sum, load| Load {
            weight_bytes: sum.weight_bytes + load.weight_bytes,
            multiply_adds: sum.multiply_adds + load.multiply_adds,
        })
    }

    /// Window features (see [`Architecture::features`]) to logits, one a label. `hidden` is
    /// scratch. Allocates only where the two have to grow.
    pub fn logits_into(&self, features: &[f32], hidden: &mut Vec<f32>, logits: &mut Vec<f32>) {
        self.head.logits_into(features, hidden, logits);
    }

    /// The same as a stream of single columns is answered: where its convolutions are in half precision a
    /// head with a hidden layer is too. Allocates also before the first such stream was made.
    pub fn live_logits_into(&self, features: &[f32], hidden: &mut Vec<f32>, logits: &mut Vec<f32>) {
        let head = self.live_head().unwrap_or(&self.head);
        head.logits_into(features, hidden, logits);
    }

    fn live_head(&self) -> Option<&Head> {
        let live = self.live_head.get_or_init(|| {
            let halves = self.methods(1).into_iter().any(Method::halves);
            // A linear head is small, and its weights, of features of all sizes, may be too far apart.
            (halves && self.architecture.hidden > 0).then(|| self.head.halved())
        });
        live.as_ref()
    }
}

fn layers(architecture: &Architecture, mel_bands: usize, weights: &Weights) -> Vec<Layer> {
    let mut rows_per_column = architecture.frames_per_column();
    let mut units_before = 0;
    let mut layers = Vec::new();
    for (block, place, inputs, outputs) in architecture.convolutions() {
        let shape = &architecture.blocks[block];
        let ends = place + 1 == shape.filters.len();
        let (pools, heard) = (shape.pools && ends, ends && architecture.is_heard(block));
        let (scale, shift) = running_affine(weights, &format!("blocks.{block}.norms.{place}"));
        layers.push(Layer {
            weights: weights[&format!("blocks.{block}.convolutions.{place}.kernel")].clone(),
            algebra: architecture.algebra,
            scale,
            shift,
            counts: Counts {
                inputs: inputs * COMPONENTS / architecture.algebra.group(),
                outputs: outputs * COMPONENTS / architecture.algebra.group(),
            },
            mels: architecture.mels_after(mel_bands, block),
            rows_per_column,
            pools,
            place: heard.then_some(units_before),
            packed: Default::default(),
        });
        if pools {
            rows_per_column /= POOLING;
        }
        if heard {
            units_before += outputs;
        }
    }
    layers
}

fn running_affine(weights: &Weights, name: &str) -> (Vec<f32>, Vec<f32>) {
    let part = |part: &str| &weights[&format!("{name}.{part}")];
    let scales = part("weight").iter().zip(part("variance"));
    let scale: Vec<f32> = scales
        .map(|(weight, variance)| weight / (variance + BATCH_NORM_EPSILON).sqrt())
        .collect();
    let shifts = part("bias").iter().zip(part("mean")).zip(&scale);
    let shift = shifts
        .map(|((bias, mean), scale)| bias - mean * scale)
        .collect();
    (scale, shift)
}

impl Layer {
    fn shape(&self, columns: usize) -> Shape {
        Shape {
            group: self.algebra.group(),
            counts: self.counts,
            rows: self.rows_per_column * columns,
            mels: self.mels,
        }
    }

    /// Packed for a method; the first call for it allocates.
    fn packed(&self, method: Method, set: InstructionSet) -> &PackedConvolution {
        self.packed[method as usize].get_or_init(|| {
            let convolution = Convolution {
                weights: match self.algebra {
                    Algebra::Quaternion => KernelWeights::Quaternion(&self.weights),
                    Algebra::Real => KernelWeights::Real(&self.weights),
                },
                counts: self.counts,
                scale: &self.scale,
                shift: &self.shift,
                relu: true,
                pools: self.pools,
            };
            PackedConvolution::new(convolution, self.mels, method, set)
        })
    }
}

/// The state of one stream through a [`PackedNetwork`].
pub struct StreamingNetwork {
    network: Arc<PackedNetwork>,
    most_columns: usize,
    methods: Vec<Method>,
    /// The input of each convolution, and the output of the last.
    maps: Vec<Map>,
    workspace: Workspace,
    /// Sums of a map's part of a column, in the order of the map's lanes.
    sums: Vec<f32>,
    /// The columns of a chunk.
    columns: Vec<f32>,
    /// Where it begins; nothing: with zeros before it.
    beginning: Option<Arc<Settled>>,
}

impl StreamingNetwork {
    /// A stream at its beginning (zeros before it) that takes up to `most_columns` columns of
    /// frames at a time (1: least delay; 8 or more: files). Allocates everything it needs; the
    /// first stream of a size also packs the weights.
    pub fn new(network: Arc<PackedNetwork>, most_columns: usize) -> Self {
        let most_columns = most_columns.max(1);
        let (set, methods) = (network.instructions, network.methods(most_columns));
        if most_columns == 1 {
            network.live_head();
        }
        let (mut maps, mut workspace) = (Vec::new(), Workspace::default());
        let mut sums = 0;
        for (layer, &method) in network.layers.iter().zip(&methods) {
            let rows = layer.rows_per_column * most_columns;
            let packed = layer.packed(method, set);
            packed.reserve(&mut workspace, rows);
            let (inputs, outputs) = packed.channels();
            maps.push(Map::new(inputs, rows, layer.mels, set));
            sums = sums.max(outputs.next_multiple_of(set.lanes()));
        }
        if let Some(last) = network.layers.last() {
            let halved = |size: usize| if last.pools { size / POOLING } else { size };
            let rows = halved(last.rows_per_column * most_columns);
            let channels = last.algebra.group() * last.counts.outputs;
            maps.push(Map::new(channels, rows, halved(last.mels), set));
        }
        Self {
            most_columns,
            methods,
            maps,
            workspace,
            sums: vec![0.0; sums],
            columns: vec![0.0; most_columns * network.architecture.column_size()],
            beginning: None,
            network,
        }
    }

    /// As [`new`](Self::new), but with what a long stretch of `frame` (a quaternion frame, `4 × mel_bands`) leaves
    /// behind instead of zeros. The first call for a frame and a chunk size runs the network until nothing
    /// changes any more ([`Architecture::chunks_of_memory`], milliseconds); the state is kept with the weights.
    ///
    /// # Panics
    /// If `frame` has another size.
    pub fn after(network: Arc<PackedNetwork>, most_columns: usize, frame: &[f32]) -> Self {
        let mut stream = Self::new(network, most_columns);
        assert_eq!(frame.len(), stream.network.frame_size(), "one frame");
        let network = stream.network.clone();
        let histories = network
            .settled
            .get_or_make((stream.most_columns, frame), || stream.settle(frame));
        stream.beginning = Some(histories);
        stream.reset();
        stream
    }

    /// The column that the frame gives which the stream began [`after`](Self::after).
    pub fn column_before(&self) -> Option<&[f32]> {
        let beginning = self.beginning.as_ref()?;
        Some(&beginning.state().column)
    }

    /// Runs on one frame until nothing changes any more.
    fn settle(&mut self, frame: &[f32]) -> SettledState {
        let architecture = &self.network.architecture;
        let frames = self.most_columns * architecture.frames_per_column();
        let chunks = architecture.chunks_of_memory(self.most_columns) + 1;
        let chunk = frame.repeat(frames);
        let mut last = Vec::new();
        for _ in 0..chunks {
            self.advance(&chunk, &mut |column| {
                last.clear();
                last.extend_from_slice(column);
            });
        }
        SettledState {
            histories: self.maps.iter().map(Map::history).collect(),
            column: last,
        }
    }

    /// The weights it runs on.
    pub fn packed(&self) -> &Arc<PackedNetwork> {
        &self.network
    }

    /// Returns to the state it was made in. Allocates nothing.
    pub fn reset(&mut self) {
        self.maps.iter_mut().for_each(Map::clear);
        if let Some(beginning) = &self.beginning {
            for (map, history) in self.maps.iter_mut().zip(&beginning.state().histories) {
                map.set_history(history);
            }
        }
    }

    /// Takes quaternion frames (each `4 × mel_bands`, component-major, one after the other), as
    /// many as make one column or several, and hands each column to `sink`. Allocates
    /// nothing.
    ///
    /// # Panics
    /// If the frames are not a whole number of columns, or more than `most_columns`.
    pub fn advance(&mut self, frames: &[f32], sink: &mut dyn FnMut(&[f32])) {
        let frame = self.network.frame_size();
        let column_size = frame * self.network.architecture.frames_per_column();
        assert!(
            frames.len().is_multiple_of(column_size),
            "a whole number of columns"
        );
        let columns = frames.len() / column_size;
        assert!(
            columns <= self.most_columns,
            "at most {} columns",
            self.most_columns
        );
        if columns == 0 {
            return;
        }
        self.take_in(frames, frame);
        for index in 0..self.network.layers.len() {
            let layer = &self.network.layers[index];
            let rows = layer.rows_per_column * columns;
            let (before, after) = self.maps.split_at_mut(index + 1);
            let (input, output) = (&mut before[index], &mut after[0]);
            layer
                .packed(self.methods[index], self.network.instructions)
                .run(input, rows, output, &mut self.workspace);
            input.advance(rows);
            self.listen(index, columns);
        }
        let size = self.network.architecture.column_size();
        self.columns[..columns * size]
            .chunks_exact(size)
            .for_each(sink);
    }

    /// Writes normalised frames into the first map.
    fn take_in(&mut self, frames: &[f32], frame: usize) {
        let (network, mels) = (&self.network, self.network.mel_bands);
        for (row, frame) in frames.chunks_exact(frame).enumerate() {
            for (component, values) in frame.chunks_exact(mels).enumerate() {
                let affine = component * mels..(component + 1) * mels;
                let scales = &network.input_scale[affine.clone()];
                let shifts = &network.input_shift[affine];
                let normalised = (0..mels).map(|mel| values[mel] * scales[mel] + shifts[mel]);
                self.maps[0].write_row(component, row, normalised);
            }
        }
    }

    /// Writes the mean over mel (and over the rows of a column) of what a layer gave into each column, if it
    /// is part of it.
    fn listen(&mut self, index: usize, columns: usize) {
        let (layer, map) = (&self.network.layers[index], &self.maps[index + 1]);
        let Some(place) = layer.place else { return };
        let halved = |size: usize| if layer.pools { size / POOLING } else { size };
        let rows = halved(layer.rows_per_column);
        let (units, group) = (layer.counts.outputs, layer.algebra.group());
        let scale = 1.0 / (rows * halved(layer.mels)) as f32;
        let size = self.network.architecture.column_size();
        for (number, column) in self
            .columns
            .chunks_exact_mut(size)
            .take(columns)
            .enumerate()
        {
            self.sums.fill(0.0);
            map.add_rows(number * rows..(number + 1) * rows, &mut self.sums);
            // The map has quaternions side by side, a column all r, then all i, j, k.
            let of_component = group * units / COMPONENTS;
            for (component, values) in column.chunks_exact_mut(size / COMPONENTS).enumerate() {
                let values = &mut values[place..][..of_component];
                for (value, channel) in values.iter_mut().zip(component * of_component..) {
                    *value = scale * self.sums[channel % units * group + channel / units];
                }
            }
        }
    }
}
