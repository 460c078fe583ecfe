//! The weights of a 3×3 convolution, as a network defines them.

use super::TAPS;
use super::buffer::floats;
use super::eight::{Phase, coefficients};

/// Kernels in row-major order.
#[derive(Debug, Clone, Copy)]
pub enum KernelWeights<'a> {
    /// Quarter kernels, `4 × outputs × inputs × 3 × 3`, counts in quaternions.
    Quaternion(&'a [f32]),
    /// `outputs × inputs × 3 × 3`, counts in channels.
    Real(&'a [f32]),
}

/// How many units come in and go out: quaternions or real channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Units of the input.
    pub inputs: usize,
    /// Units of the output.
    pub outputs: usize,
}

impl<'a> KernelWeights<'a> {
    /// Real channels of a unit: 4 for quaternions, else 1.
    pub fn group(&self) -> usize {
        match self {
            Self::Quaternion(_) => 4,
            Self::Real(_) => 1,
        }
    }

    /// The same kind with other values.
    pub(super) fn with_values<'b>(&self, values: &'b [f32]) -> KernelWeights<'b> {
        match self {
            Self::Quaternion(_) => KernelWeights::Quaternion(values),
            Self::Real(_) => KernelWeights::Real(values),
        }
    }

    /// # Panics
    /// If there are not as many weights as `counts` asks for.
    pub(super) fn check(&self, counts: Counts) {
        assert_eq!(
            self.values().len(),
            floats([self.group(), counts.outputs, counts.inputs, TAPS]),
            "weights of {counts:?}"
        );
    }

    /// Scales the weights for half precision, whose range is small: those of each output unit are divided by a power
    /// of two, so that the largest of them is between 1 and 2. Returns the weights, and for each output unit the
    /// power of two by which its results are to be multiplied.
    pub(super) fn scaled_near_one(&self, counts: Counts) -> (Vec<f32>, Vec<f32>) {
        self.check(counts);
        let line = counts.inputs * TAPS;
        let mut largest = vec![0f32; counts.outputs];
        for (index, line) in self.values().chunks_exact(line.max(1)).enumerate() {
            let largest = &mut largest[index % counts.outputs];
            *largest = line
                .iter()
                .fold(*largest, |most, weight| most.max(weight.abs()));
        }
        let powers: Vec<f32> = largest.into_iter().map(power_of_two).collect();
        let mut scaled = self.values().to_vec();
        for (index, line) in scaled.chunks_exact_mut(line.max(1)).enumerate() {
            let power = powers[index % counts.outputs];
            line.iter_mut().for_each(|weight| *weight /= power);
        }
        (scaled, powers)
    }

    /// The coefficients by which each component of an input unit is multiplied for each component of an output unit
    /// in a phase, tap by tap. Real weights have the first component only.
    pub(super) fn coefficients(
        &self,
        counts: Counts,
        phase: Phase,
        units: UnitPair,
    ) -> [[f32; TAPS]; 4] {
        let weights = self.values();
        let quarter = counts.outputs * counts.inputs * TAPS;
        let start = (units.output * counts.inputs + units.input) * TAPS;
        let mut taps = [[0.0; TAPS]; 4];
        for tap in 0..TAPS {
            let mut weight = [0.0; 4];
            for (component, weight) in weight.iter_mut().enumerate().take(self.group()) {
                *weight = weights[component * quarter + start + tap];
            }
            for (taps, coefficient) in taps.iter_mut().zip(coefficients(phase, weight)) {
                taps[tap] = coefficient;
            }
        }
        taps
    }

    fn values(&self) -> &'a [f32] {
        let (Self::Quaternion(values) | Self::Real(values)) = self;
        values
    }
}

/// The output and the input unit that a weight connects.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitPair {
    pub(super) output: usize,
    pub(super) input: usize,
}

/// The power of two by which a positive number is divided to lie between 1 and 2; below the range of normal floats
/// the quotient is under 1.
pub(super) fn power_of_two(number: f32) -> f32 {
    2f32.powi(number.log2().floor().clamp(-126.0, 127.0) as i32)
}
