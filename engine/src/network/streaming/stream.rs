//! The state of one stream.

use std::sync::Arc;

use super::packed::PackedNetwork;
use super::steady_state::SteadyState;
use crate::Interrupt;
use crate::features::COMPONENTS;
use crate::kernels::{Map, Method, Workspace};
use crate::network::POOLING;

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
    /// The state in which the stream begins; `None`: zeros.
    beginning: Option<Arc<SteadyState>>,
    interrupt: Interrupt,
}

impl StreamingNetwork {
    /// A stream that begins with zeros before it, and takes the frames of up to `most_columns` columns
    /// at a time (1 for the least latency, 8 or more for files). Allocates everything it needs; the
    /// first stream of a chunk size also packs the weights.
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
            columns: vec![0.0; most_columns * network.architecture().column_size()],
            beginning: None,
            interrupt: Interrupt::default(),
            network,
        }
    }

    /// A stream that begins in the state after a long constant input: `frame`, a quaternion frame of `4 × mel_bands`.
    /// The first call for a frame and a chunk size runs the network for as many chunks as it has memory
    /// ([`Architecture::chunks_of_memory`](crate::network::Architecture::chunks_of_memory): milliseconds); the state
    /// is kept with the weights. Allocates; waits while another thread computes such a state.
    ///
    /// # Panics
    /// If `frame` has another size.
    pub fn after(network: Arc<PackedNetwork>, most_columns: usize, frame: &[f32]) -> Self {
        let mut stream = Self::new(network, most_columns);
        assert_eq!(frame.len(), stream.network.frame_size(), "one frame");
        let network = stream.network.clone();
        let settled = network
            .steady_states
            .get_or_make(stream.most_columns, frame, || stream.settle(frame));
        stream.beginning = Some(settled);
        stream.reset();
        stream
    }

    /// The column of the constant input that the stream began [`after`](Self::after).
    pub fn column_before(&self) -> Option<&[f32]> {
        let beginning = self.beginning.as_ref()?;
        Some(&beginning.column)
    }

    /// Runs on one frame until the output is constant.
    fn settle(&mut self, frame: &[f32]) -> SteadyState {
        let architecture = self.network.architecture();
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
        SteadyState {
            histories: self.maps.iter().map(Map::history).collect(),
            column: last,
        }
    }

    /// Makes [`advance`](Self::advance) check `interrupt` before each layer.
    pub fn interrupt_by(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// The most columns that it takes at a time.
    pub fn most_columns(&self) -> usize {
        self.most_columns
    }

    /// The weights.
    pub fn packed(&self) -> &Arc<PackedNetwork> {
        &self.network
    }

    /// Returns to the initial state. Allocates nothing.
    pub fn reset(&mut self) {
        self.maps.iter_mut().for_each(Map::clear);
        if let Some(beginning) = &self.beginning {
            for (map, history) in self.maps.iter_mut().zip(&beginning.histories) {
                map.set_history(history);
            }
        }
    }

    /// Takes the quaternion frames of one column or several (each `4 × mel_bands`, component-major, one after the
    /// other), and passes each column to `sink`; none once it is interrupted. Allocates nothing.
    ///
    /// # Panics
    /// If the frames are not a whole number of columns, or more than `most_columns`.
    pub fn advance(&mut self, frames: &[f32], sink: &mut dyn FnMut(&[f32])) {
        let frame = self.network.frame_size();
        let column_size = frame * self.network.architecture().frames_per_column();
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
        self.write_input(frames, frame);
        for index in 0..self.network.layers.len() {
            if self.interrupt.is_raised() {
                return;
            }
            let layer = &self.network.layers[index];
            let rows = layer.rows_per_column * columns;
            let (before, after) = self.maps.split_at_mut(index + 1);
            let (input, output) = (&mut before[index], &mut after[0]);
            layer
                .packed(self.methods[index], self.network.instructions)
                .run(input, rows, output, &mut self.workspace);
            input.advance(rows);
            self.write_means(index, columns);
        }
        let size = self.network.architecture().column_size();
        self.columns[..columns * size]
            .chunks_exact(size)
            .for_each(sink);
    }

    /// Writes normalised frames into the first map.
    fn write_input(&mut self, frames: &[f32], frame: usize) {
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

    /// Writes the means over mel (and over the rows of a column) of a layer's output into each column, if they are
    /// part of it.
    fn write_means(&mut self, index: usize, columns: usize) {
        let (layer, map) = (&self.network.layers[index], &self.maps[index + 1]);
        let Some(offset) = layer.column_offset else {
            return;
        };
        let halved = |size: usize| if layer.pools { size / POOLING } else { size };
        let rows = halved(layer.rows_per_column);
        let (units, group) = (layer.counts.outputs, layer.algebra.group());
        let scale = 1.0 / (rows * halved(layer.mels)) as f32;
        let size = self.network.architecture().column_size();
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
                let values = &mut values[offset..][..of_component];
                for (value, channel) in values.iter_mut().zip(component * of_component..) {
                    *value = scale * self.sums[channel % units * group + channel / units];
                }
            }
        }
    }
}
