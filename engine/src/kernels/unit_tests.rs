//! The kernels of separable units, on every instruction set, against the definition.

use proptest::prelude::*;

use super::tests::numbers;
use super::*;
use crate::quaternion::expand;

/// Channels over rows and mels; channels of quaternions all r, then all i, j, k.
#[derive(Clone)]
struct Planes {
    channels: usize,
    rows: usize,
    mels: usize,
    values: Vec<f32>,
}

impl Planes {
    fn new(channels: usize, rows: usize, mels: usize, seed: usize) -> Self {
        let values = numbers(channels * rows * mels, seed);
        Self {
            channels,
            rows,
            mels,
            values,
        }
    }

    fn at(&self, channel: usize, row: isize, mel: isize) -> f64 {
        let inside =
            (0..self.rows as isize).contains(&row) && (0..self.mels as isize).contains(&mel);
        let index = || (channel * self.rows + row as usize) * self.mels + mel as usize;
        if inside {
            f64::from(self.values[index()])
        } else {
            0.0
        }
    }

    /// Into rows from `first` on of a map, with its transform.
    fn write(
        &self,
        group: usize,
        first: usize,
        rows: usize,
        map: &mut MapPair,
        set: InstructionSet,
    ) {
        let units = self.channels / group;
        for channel in 0..self.channels {
            for row in 0..rows {
                let line = (channel * self.rows + first + row) * self.mels;
                let line = self.values[line..][..self.mels].iter().copied();
                map.straight
                    .write_row(channel % units * group + channel / units, row, line);
            }
        }
        map.transform(rows, set);
    }
}

struct Layer {
    group: usize,
    counts: Counts,
    weights: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    relu: bool,
}

impl Layer {
    fn new(group: usize, counts: Counts, taps: usize, inputs: usize, seed: usize) -> Self {
        let fan = ((group * inputs * taps) as f32).sqrt();
        let weights = numbers(group * counts.outputs * inputs * taps, seed).into_iter();
        Self {
            group,
            counts,
            weights: weights.map(|weight| weight / fan).collect(),
            scale: numbers(group * counts.outputs, seed + 1),
            shift: numbers(group * counts.outputs, seed + 2),
            relu: seed.is_multiple_of(2),
        }
    }

    fn convolution(&self) -> UnitConvolution<'_> {
        UnitConvolution {
            weights: &self.weights,
            group: self.group,
            counts: self.counts,
            scale: &self.scale,
            shift: &self.shift,
            relu: self.relu,
        }
    }

    /// By the definition: `depthwise` or 1×1, `size` taps wide.
    fn expected(&self, input: &Planes, size: usize, depthwise: bool) -> Planes {
        let read = if depthwise { 1 } else { self.counts.inputs };
        let taps = size * size;
        let expanded = match self.group {
            4 => expand(&self.weights, self.counts.outputs, read, taps),
            _ => self.weights.clone(),
        };
        let (units, mut values) = (self.counts.outputs, Vec::new());
        for output in 0..self.group * units {
            let kernel = &expanded[output * self.group * read * taps..][..self.group * read * taps];
            for (row, mel) in
                (0..input.rows).flat_map(|row| (0..input.mels).map(move |mel| (row, mel)))
            {
                let mut sum = 0.0;
                for (index, weight) in kernel.iter().enumerate() {
                    let (on, tap) = (index / taps, index % taps);
                    let channel = if depthwise {
                        on * units + output % units
                    } else {
                        on
                    };
                    let row = row as isize + (tap / size) as isize - (size - 1) as isize;
                    let mel = mel as isize + (tap % size) as isize - (size / 2) as isize;
                    sum += f64::from(*weight) * input.at(channel, row, mel);
                }
                let value = sum as f32 * self.scale[output] + self.shift[output];
                values.push(if self.relu { value.max(0.0) } else { value });
            }
        }
        Planes {
            channels: self.group * units,
            values,
            ..*input
        }
    }
}

fn pooled(planes: &Planes) -> Planes {
    let (rows, mels) = (planes.rows / 2, planes.mels / 2);
    let mut values = Vec::new();
    for channel in 0..planes.channels {
        for (row, mel) in
            (0..rows as isize).flat_map(|row| (0..mels as isize).map(move |mel| (row, mel)))
        {
            let at = |y, x| planes.at(channel, 2 * row + y, 2 * mel + x);
            values.push(((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0) as f32);
        }
    }
    Planes {
        rows,
        mels,
        values,
        ..*planes
    }
}

fn read(group: usize, rows: usize, map: &MapPair) -> Vec<Vec<f32>> {
    let channels = map.straight.shape().channels;
    let units = channels / group;
    let channel = |channel: usize| channel % units * group + channel / units;
    (0..rows)
        .map(|row| {
            (0..channels)
                .flat_map(|c| map.straight.row(channel(c), row))
                .collect()
        })
        .collect()
}

fn shape(channels: usize, rows: usize, mels: usize, reach: usize, set: InstructionSet) -> MapShape {
    MapShape {
        channels,
        rows,
        mels,
        lanes: set.lanes(),
        reach,
    }
}

/// Rows as tensors have them: channel after channel.
fn planes(rows: &[Vec<f32>], like: &Planes) -> Vec<f32> {
    let value = |channel: usize, row: usize, mel: usize| rows[row][channel * like.mels + mel];
    let all = (0..like.channels).flat_map(|c| (0..like.rows).map(move |r| (c, r)));
    all.flat_map(|(c, r)| (0..like.mels).map(move |m| value(c, r, m)))
        .collect()
}

fn close(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!(
            (got - expected).abs() < 2e-5 * (1.0 + expected.abs()),
            "{got} for {expected}"
        );
    }
}

fn sets() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL
        .into_iter()
        .filter(|set| set.is_available())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// All at once and row by row, the same to the bit; behind a map with and without borders.
    #[test]
    fn pointwise_is_the_definition(
        quaternion in any::<bool>(), inputs in 1usize..20, outputs in 1usize..30, rows in 1usize..6, mels in 1usize..20,
        reach in 0usize..3, residual in any::<bool>(), seed in 1usize..1000,
    ) {
        let group = if quaternion { 4 } else { 1 };
        let counts = Counts { inputs, outputs };
        let layer = Layer::new(group, counts, 1, inputs, seed);
        let input = Planes::new(group * inputs, rows, mels, seed + 3);
        let added = Planes::new(group * outputs, rows, mels, seed + 4);
        let mut expected = layer.expected(&input, 1, false);
        if residual {
            expected.values.iter_mut().zip(&added.values).for_each(|(sum, value)| *sum += value);
        }
        for set in sets() {
            let packed = PackedPointwise::new(layer.convolution(), set);
            let run = |first: usize, rows: usize| {
                let mut from = MapPair::new(group, shape(group * inputs, rows + 1, mels, reach, set), set);
                input.write(group, first, rows, &mut from, set);
                let mut plus = MapPair::new(group, shape(group * outputs, rows, mels, 0, set), set);
                added.write(group, first, rows, &mut plus, set);
                let mut to = MapPair::new(group, shape(group * outputs, rows + 2, mels, reach, set), set);
                packed.run(from.view(), rows, residual.then(|| plus.view().straight), to.view_mut());
                let mut again = to;
                let kernels = again.transformed.view().values.to_vec();
                again.transform(rows, set);
                assert_eq!(kernels, again.transformed.view().values, "the transform of the output");
                read(group, rows, &again)
            };
            let whole = run(0, rows);
            close(&planes(&whole, &expected), &expected.values);
            let by_row: Vec<Vec<f32>> = (0..rows).flat_map(|row| run(row, 1)).collect();
            prop_assert_eq!(&whole, &by_row);
        }
    }

    /// All at once and a few rows at a time, the same to the bit.
    #[test]
    fn depthwise_is_the_definition(
        quaternion in any::<bool>(), units in 1usize..20, rows in 1usize..5, mels in 1usize..20,
        large in any::<bool>(), pools in any::<bool>(), seed in 1usize..1000,
    ) {
        let (group, size, rows) = (if quaternion { 4 } else { 1 }, if large { 5 } else { 3 }, 2 * rows);
        let mels = if pools { mels + 1 } else { mels };
        let halved = |count: usize| if pools { count / 2 } else { count };
        let counts = Counts { inputs: units, outputs: units };
        let layer = Layer::new(group, counts, size * size, 1, seed);
        let input = Planes::new(group * units, rows, mels, seed + 3);
        let expected = layer.expected(&input, size, true);
        let expected = if pools { pooled(&expected) } else { expected };
        for set in sets() {
            let packed = PackedDepthwise::new(layer.convolution(), size, pools, set);
            let run = |chunk: usize| {
                let mut from = MapPair::new(group, shape(group * units, chunk, mels, size / 2, set), set);
                let to = shape(group * units, halved(chunk), halved(mels), 0, set);
                let mut to = MapPair::new(group, to, set);
                let mut scratch = vec![0.0; packed.scratch(mels)];
                let mut all = Vec::new();
                for first in (0..rows).step_by(chunk) {
                    input.write(group, first, chunk, &mut from, set);
                    packed.run(from.view(), chunk, to.view_mut(), &mut scratch);
                    from.advance(chunk);
                    all.extend(read(group, halved(chunk), &to));
                }
                all
            };
            let whole = run(rows);
            close(&planes(&whole, &expected), &expected.values);
            prop_assert_eq!(&whole, &run(2));
            if !pools {
                prop_assert_eq!(&whole, &run(1));
            }
        }
    }
}
