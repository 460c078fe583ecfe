//! The state of one stream.

use std::sync::Arc;

use super::layer::{PlacedStep, Step};
use super::packed::PackedNetwork;
use super::steady_state::SteadyState;
use super::unit::UnitMaps;
use crate::Interrupt;
use crate::features::COMPONENTS;
use crate::kernels::{Map, MapPair, MapShape, Method, Workspace};

/// The state of one stream through a [`PackedNetwork`].
pub struct StreamingNetwork {
    network: Arc<PackedNetwork>,
    most_columns: usize,
    /// What each step needs beside its input and output.
    states: Vec<StepState>,
    /// The input of each step, and the output of the last.
    maps: Vec<MapPair>,
    workspace: Workspace,
    /// Sums of a map's part of a column, in the order of the map's lanes.
    sums: Vec<f32>,
    /// The columns of a chunk.
    columns: Vec<f32>,
    /// The state in which the stream begins; `None`: zeros.
    beginning: Option<Arc<SteadyState>>,
    interrupt: Interrupt,
}

/// What a stream keeps for a step.
#[allow(clippy::large_enum_variant)] // a few a stream
enum StepState {
    Convolution(Method),
    Unit(UnitMaps),
}

impl StreamingNetwork {
    /// A stream that begins with zeros before it, and takes the frames of up to `most_columns` columns
    /// at a time (1 for the least latency, 8 or more for files). Allocates everything it needs; the
    /// first stream of a chunk size also packs the weights.
    pub fn new(network: Arc<PackedNetwork>, most_columns: usize) -> Self {
        let most_columns = most_columns.max(1);
        let set = network.instructions;
        let mut methods = network.methods(most_columns).into_iter();
        if most_columns == 1 {
            network.live_head();
        }
        let mut workspace = Workspace::default();
        let mut states = Vec::new();
        for placed in &network.steps {
            states.push(match &placed.step {
                Step::Unit(unit) => StepState::Unit(unit.maps(most_columns)),
                Step::Convolution(layer) => {
                    let method = methods.next().unwrap_or(Method::Direct);
                    let rows = placed.rows_per_column * most_columns;
                    layer.packed(method, set).reserve(&mut workspace, rows);
                    StepState::Convolution(method)
                }
            });
        }
        let maps = boundary_maps(&network, most_columns);
        let lanes = maps.iter().map(|map| map.straight.shape().channels);
        Self {
            most_columns,
            states,
            workspace,
            sums: vec![0.0; lanes.max().unwrap_or(0).next_multiple_of(set.lanes())],
            maps,
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
            histories: self.histories().map(|map| map.history()).collect(),
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
        let beginning = self.beginning.clone();
        self.histories().for_each(Map::clear);
        if let Some(beginning) = beginning {
            for (map, history) in self.histories().zip(&beginning.histories) {
                map.set_history(history);
            }
        }
    }

    /// The maps with rows of the past.
    fn histories(&mut self) -> impl Iterator<Item = &mut Map> {
        let inner = self.states.iter_mut().filter_map(|state| match state {
            StepState::Convolution(_) => None,
            StepState::Unit(maps) => Some(maps.with_history()),
        });
        let inputs = self.maps.iter_mut().map(|map| &mut map.straight);
        inputs.chain(inner.flatten())
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
        for index in 0..self.network.steps.len() {
            if self.interrupt.is_raised() {
                return;
            }
            self.run_step(index, columns);
            self.write_means(index, columns);
        }
        let size = self.network.architecture().column_size();
        self.columns[..columns * size]
            .chunks_exact(size)
            .for_each(sink);
    }

    fn run_step(&mut self, index: usize, columns: usize) {
        let set = self.network.instructions;
        let placed = &self.network.steps[index];
        let rows = placed.rows_per_column * columns;
        let (before, after) = self.maps.split_at_mut(index + 1);
        let (input, output) = (&mut before[index], &mut after[0]);
        match (&placed.step, &mut self.states[index]) {
            (Step::Convolution(layer), StepState::Convolution(method)) => {
                let output = &mut output.straight;
                let input = &mut input.straight;
                layer
                    .packed(*method, set)
                    .run(input, rows, output, &mut self.workspace);
                input.advance(rows);
            }
            (Step::Unit(unit), StepState::Unit(maps)) => {
                if !index
                    .checked_sub(1)
                    .is_some_and(|before| self.network.steps[before].writes_pairs())
                {
                    input.transform(rows, set);
                }
                unit.run(input, rows, maps, output);
            }
            _ => unreachable!("states are made from the steps"),
        }
    }

    /// Writes normalised frames into the first map.
    fn write_input(&mut self, frames: &[f32], frame: usize) {
        let (scale, shift) = (&self.network.input_scale, &self.network.input_shift);
        for (row, frame) in frames.chunks_exact(frame).enumerate() {
            self.maps[0].straight.write_frame(row, frame, scale, shift);
        }
    }

    /// Writes the means over mel (and over the rows of a column) of a layer's output into each column, if they are
    /// part of it.
    fn write_means(&mut self, index: usize, columns: usize) {
        let (placed, map) = (&self.network.steps[index], &self.maps[index + 1].straight);
        let Some(offset) = placed.column_offset else {
            return;
        };
        let rows = placed.halved(placed.rows_per_column);
        let (units, group) = (placed.counts.outputs, placed.group);
        let scale = 1.0 / (rows * placed.halved(placed.mels)) as f32;
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

/// The input of each step and the output of the last, for chunks of up to `columns` columns. Maps that a separable unit
/// reads or writes come with their transforms.
fn boundary_maps(network: &PackedNetwork, columns: usize) -> Vec<MapPair> {
    let (set, steps) = (network.instructions, &network.steps);
    let map = |paired: bool, group: usize, shape: MapShape| {
        MapPair::new(if paired { group } else { 1 }, shape, set)
    };
    let mut maps = Vec::new();
    for (index, placed) in steps.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &steps[before]);
        let shape = MapShape {
            channels: placed.group * placed.counts.inputs,
            rows: placed.rows_per_column * columns,
            mels: placed.mels,
            lanes: set.lanes(),
            reach: placed.reach(),
        };
        let paired = placed.writes_pairs() || before.is_some_and(PlacedStep::writes_pairs);
        maps.push(map(paired, placed.group, shape));
        if index + 1 == steps.len() {
            let shape = MapShape {
                channels: placed.group * placed.counts.outputs,
                rows: placed.halved(shape.rows),
                mels: placed.halved(shape.mels),
                ..shape
            };
            maps.push(map(placed.writes_pairs(), placed.group, shape));
        }
    }
    maps
}
