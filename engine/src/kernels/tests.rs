//! Every kernel, on every instruction set, against the definition.

use proptest::prelude::*;

use super::*;
use crate::quaternion::expand;

struct Case {
    group: usize,
    counts: Counts,
    rows: usize,
    mels: usize,
    pools: bool,
    relu: bool,
}

struct Numbers {
    weights: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    /// `channels × (HISTORY + rows) × mels`, channels of quaternions: all r, then i, j, k.
    input: Vec<f32>,
}

pub(super) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let mut state = seed as u64 * 0x9E37_79B9 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

impl Case {
    fn inputs(&self) -> usize {
        self.group * self.counts.inputs
    }

    fn outputs(&self) -> usize {
        self.group * self.counts.outputs
    }

    fn numbers(&self, seed: usize) -> Numbers {
        let fan = ((self.inputs() * TAPS) as f32).sqrt();
        let weights = numbers(
            self.group * self.counts.outputs * self.counts.inputs * TAPS,
            seed,
        );
        Numbers {
            weights: weights.into_iter().map(|weight| weight / fan).collect(),
            scale: numbers(self.outputs(), seed + 1),
            shift: numbers(self.outputs(), seed + 2),
            input: numbers(self.inputs() * (HISTORY + self.rows) * self.mels, seed + 3),
        }
    }

    /// By the definition, channel after channel.
    fn expected(&self, numbers: &Numbers) -> Vec<f32> {
        let expanded = if self.group == 4 {
            expand(
                &numbers.weights,
                self.counts.outputs,
                self.counts.inputs,
                TAPS,
            )
        } else {
            numbers.weights.clone()
        };
        let mut output = self.convolved(&expanded, &numbers.input);
        for (channel, plane) in output.chunks_exact_mut(self.rows * self.mels).enumerate() {
            for value in plane {
                *value = *value * numbers.scale[channel] + numbers.shift[channel];
                if self.relu {
                    *value = value.max(0.0);
                }
            }
        }
        if self.pools {
            self.pooled(&output)
        } else {
            output
        }
    }

    /// The definition, tap by tap.
    fn convolved(&self, kernel: &[f32], input: &[f32]) -> Vec<f32> {
        let (inputs, rows, mels) = (self.inputs(), self.rows, self.mels);
        let at = |channel: usize, row: usize, mel: usize| {
            // Mels count from the zero before the first.
            let inside = (1..=mels).contains(&mel);
            let index = (channel * (HISTORY + rows) + row) * mels;
            if inside {
                f64::from(input[index + mel - 1])
            } else {
                0.0
            }
        };
        let mut output = Vec::new();
        for kernel in kernel.chunks_exact(inputs * TAPS) {
            for (row, mel) in (0..rows).flat_map(|row| (0..mels).map(move |mel| (row, mel))) {
                let products = kernel.iter().enumerate().map(|(index, weight)| {
                    let (channel, tap) = (index / TAPS, index % TAPS);
                    f64::from(*weight) * at(channel, row + tap / 3, mel + tap % 3)
                });
                output.push(products.sum::<f64>() as f32);
            }
        }
        output
    }

    fn pooled(&self, planes: &[f32]) -> Vec<f32> {
        let (rows, mels) = (self.rows / 2, self.mels / 2);
        let mut pooled = Vec::new();
        for plane in planes.chunks_exact(self.rows * self.mels) {
            for (row, mel) in (0..rows).flat_map(|row| (0..mels).map(move |mel| (row, mel))) {
                let at = |y: usize, x: usize| plane[(2 * row + y) * self.mels + 2 * mel + x];
                pooled.push((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0);
            }
        }
        pooled
    }

    /// The index in a map of a channel of a tensor.
    fn map_channel(&self, channel: usize, units: usize) -> usize {
        channel % units * self.group + channel / units
    }

    fn got(&self, numbers: &Numbers, method: Method, set: InstructionSet) -> Vec<f32> {
        let weights = match self.group {
            4 => KernelWeights::Quaternion(&numbers.weights),
            _ => KernelWeights::Real(&numbers.weights),
        };
        let convolution = Convolution {
            weights,
            counts: self.counts,
            scale: &numbers.scale,
            shift: &numbers.shift,
            relu: self.relu,
            pools: self.pools,
        };
        let packed = PackedConvolution::new(convolution, self.mels, method, set);
        // The history comes in as rows of a chunk before, in maps with room to spare.
        let mut input = Map::new(self.inputs(), self.rows + 3, self.mels, set);
        let mut write = |first: usize, count: usize, at: usize| {
            for channel in 0..self.inputs() {
                let plane = &numbers.input[channel * (HISTORY + self.rows) * self.mels..];
                for row in 0..count {
                    let values = plane[(first + row) * self.mels..][..self.mels]
                        .iter()
                        .copied();
                    input.write_row(
                        self.map_channel(channel, self.counts.inputs),
                        at + row,
                        values,
                    );
                }
            }
            input.advance(if first == 0 { HISTORY } else { 0 });
        };
        write(0, HISTORY, 0);
        write(HISTORY, self.rows, 0);
        let halved = |size: usize| if self.pools { size / 2 } else { size };
        let (rows, mels) = (halved(self.rows), halved(self.mels));
        let mut output = Map::new(self.outputs(), rows + 1, mels, set);
        packed.run(&input, self.rows, &mut output, &mut Workspace::default());
        let channels =
            (0..self.outputs()).map(|channel| self.map_channel(channel, self.counts.outputs));
        channels
            .flat_map(|channel| (0..rows).map(move |row| (channel, row)))
            .flat_map(|(channel, row)| output.row(channel, row).collect::<Vec<_>>())
            .collect()
    }

    fn check(&self, seed: usize) -> Result<(), TestCaseError> {
        let numbers = self.numbers(seed);
        let expected = self.expected(&numbers);
        for set in InstructionSet::ALL {
            for method in Method::ALL
                .into_iter()
                .filter(|method| method.runs_on(set, self.group))
            {
                let got = self.got(&numbers, method, set);
                prop_assert_eq!(got.len(), expected.len());
                let allowed = error(method);
                for (got, want) in got.iter().zip(&expected) {
                    let near = (got - want).abs() < allowed * (1.0 + want.abs());
                    prop_assert!(near, "{:?} on {}: {} for {}", method, set.name(), got, want);
                }
            }
        }
        Ok(())
    }
}

/// What rounding may do to results of about 1. F4 works with larger numbers in between than F2.
fn error(method: Method) -> f32 {
    match method {
        Method::WinogradTwoHalf => 4e-3,
        Method::WinogradFourHalf | Method::WinogradTwoBfloat => 2e-2,
        Method::WinogradFourBfloat => 1e-1,
        _ => 1e-4,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_kernel_equals_the_plain_one(
        quaternion in any::<bool>(), inputs in 1usize..20, outputs in 1usize..30,
        rows in 1usize..14, mels in 2usize..36, pools in any::<bool>(), relu in any::<bool>(),
        seed in 0usize..1000,
    ) {
        let group = if quaternion { 4 } else { 1 };
        let counts = Counts { inputs, outputs };
        Case { group, counts, rows, mels, pools, relu }.check(seed)?;
    }
}

#[test]
fn deep_and_pruned_layers() {
    for (inputs, outputs, rows, mels) in [
        (64, 64, 2, 8),
        (40, 56, 1, 4),
        (24, 24, 8, 32),
        (1, 16, 16, 64),
    ] {
        let counts = Counts { inputs, outputs };
        let case = Case {
            group: 4,
            counts,
            rows,
            mels,
            pools: false,
            relu: true,
        };
        case.check(7).unwrap();
    }
}

/// Half precision has a small range; weights do not, and one filter's may be far from another's.
#[test]
fn halves_hold_weights_of_any_size() {
    let counts = Counts {
        inputs: 5,
        outputs: 6,
    };
    for group in [1, 4] {
        let case = Case {
            group,
            counts,
            rows: 4,
            mels: 8,
            pools: false,
            relu: true,
        };
        let mut numbers = case.numbers(3);
        let sizes = [1e-30f32, 1e-9, 1.0, 0.0, 7e4, 1e30];
        let line = counts.inputs * TAPS;
        for (index, weights) in numbers.weights.chunks_exact_mut(line).enumerate() {
            let size = sizes[index % counts.outputs];
            weights.iter_mut().for_each(|weight| *weight *= size);
        }
        for (channel, scale) in numbers.scale.iter_mut().enumerate() {
            let size = sizes[channel % counts.outputs];
            *scale /= if size > 0.0 { size } else { 1.0 };
        }
        case.check(3).unwrap();
        let expected = case.expected(&numbers);
        for method in [Method::WinogradTwoHalf, Method::WinogradFourHalf] {
            let got = case.got(&numbers, method, InstructionSet::best());
            for (got, want) in got.iter().zip(&expected) {
                let near = (got - want).abs() < error(method) * (1.0 + want.abs());
                assert!(near, "{method:?}: {got} for {want}");
            }
        }
    }
}

#[test]
fn not_a_number_is_not_hidden() {
    let counts = Counts {
        inputs: 2,
        outputs: 3,
    };
    let case = Case {
        group: 4,
        counts,
        rows: 4,
        mels: 8,
        pools: false,
        relu: true,
    };
    let mut numbers = case.numbers(1);
    numbers.input.fill(f32::NAN);
    let set = InstructionSet::best();
    let methods = Method::ALL.into_iter();
    for method in methods.filter(|method| method.runs_on(set, case.group)) {
        let got = case.got(&numbers, method, set);
        assert!(got.iter().all(|value| value.is_nan()), "{method:?}");
    }
}
