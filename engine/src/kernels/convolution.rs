//! 3×3 convolution over (time, mel) as unfolding and matrix product, for real kernels.
//!
//! Layout: channels × rows × mels, a row of mels adjacent. Mel is padded by one zero on both
//! sides; time is causal (see [`Reach`]).

use std::cell::RefCell;

use super::matrix::{Matrix, MatrixMut, multiply_add};

/// Rows and mels that a kernel spans.
pub const KERNEL_SIZE: usize = 3;
/// Taps of a kernel.
pub const TAPS: usize = KERNEL_SIZE * KERNEL_SIZE;
/// Pixels unfolded at a time, so that the unfolded tile stays in the second level of cache.
const TILE_PIXELS: usize = 256;

/// Which rows an output row is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Row t from rows t−2, t−1, t: the network's own direction.
    Past,
    /// Row t from rows t, t+1, t+2: the direction of the input gradient.
    Future,
}

/// A stack of channels inside a slice: the rows `0..rows`, preceded by `history` rows that are
/// known too. Rows that are in neither count as zero.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// Number of channels.
    pub channels: usize,
    /// Rows (time).
    pub rows: usize,
    /// Mels of a row.
    pub mels: usize,
    /// Rows that lie before row 0 in the slice.
    pub history: usize,
    /// Elements from one channel to the next, at least `(history + rows) * mels`.
    pub channel_stride: usize,
}

impl Grid {
    /// Channels without history or gaps.
    pub fn dense(channels: usize, rows: usize, mels: usize) -> Self {
        Self {
            channels,
            rows,
            mels,
            history: 0,
            channel_stride: rows * mels,
        }
    }

    /// Where row `row` of channel `channel` starts.
    pub fn offset(&self, channel: usize, row: usize) -> usize {
        channel * self.channel_stride + (self.history + row) * self.mels
    }
}

thread_local! {
    /// The unfolded tile. It grows to the largest layer once and stays.
    static TILE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Adds to `output` the convolution of `input` with `kernel` (`output channels × input channels ×
/// 3 × 3`). Both grids have the same rows and mels. Allocates only the first time a thread meets
/// a layer larger than all before.
///
/// # Panics
/// If the shapes do not go together.
pub fn convolve(
    kernel: &[f32],
    (input, from): (&[f32], Grid),
    (output, to): (&mut [f32], Grid),
    reach: Reach,
) {
    assert_eq!(
        (from.rows, from.mels),
        (to.rows, to.mels),
        "grids of the same size"
    );
    let inner = from.channels * TAPS;
    let kernel = Matrix::row_major(kernel, to.channels, inner);
    for_each_tile(input, from, reach, |first_row, pixels, tile| {
        let mut sum = MatrixMut {
            data: &mut output[to.offset(0, first_row)..],
            rows: to.channels,
            columns: pixels,
            row_stride: to.channel_stride,
        };
        multiply_add(&mut sum, kernel, Matrix::row_major(tile, inner, pixels));
    });
}

/// Adds to `kernel` the gradient of [`convolve`] with respect to it, given the gradient of its
/// output.
///
/// # Panics
/// If the shapes do not go together.
pub fn kernel_gradient(
    kernel: &mut [f32],
    (input, from): (&[f32], Grid),
    (gradient, to): (&[f32], Grid),
    reach: Reach,
) {
    assert_eq!(
        (from.rows, from.mels),
        (to.rows, to.mels),
        "grids of the same size"
    );
    let inner = from.channels * TAPS;
    for_each_tile(input, from, reach, |first_row, pixels, tile| {
        let gradient = Matrix {
            data: &gradient[to.offset(0, first_row)..],
            rows: to.channels,
            columns: pixels,
            row_stride: to.channel_stride,
            column_stride: 1,
        };
        let mut sum = MatrixMut {
            data: kernel,
            rows: to.channels,
            columns: inner,
            row_stride: inner,
        };
        multiply_add(
            &mut sum,
            gradient,
            Matrix::row_major(tile, inner, pixels).transposed(),
        );
    });
}

/// Unfolds the input tile by tile: `(channels × taps) × pixels`, a tap a line.
fn for_each_tile(
    input: &[f32],
    grid: Grid,
    reach: Reach,
    mut each: impl FnMut(usize, usize, &[f32]),
) {
    let tile_rows = (TILE_PIXELS / grid.mels.max(1)).max(1);
    TILE.with_borrow_mut(|tile| {
        let mut first = 0;
        while first < grid.rows {
            let rows = tile_rows.min(grid.rows - first);
            let pixels = rows * grid.mels;
            let size = grid.channels * TAPS * pixels;
            if tile.len() < size {
                tile.resize(size, 0.0);
            }
            let lines = tile[..size]
                .chunks_exact_mut(KERNEL_SIZE * pixels)
                .enumerate();
            for (index, three_lines) in lines {
                let (channel, tap_row) = (index / KERNEL_SIZE, index % KERNEL_SIZE);
                for (row, slot) in (first..first + rows).zip((0..).step_by(grid.mels)) {
                    let source = source_row(input, grid, reach, channel, row, tap_row);
                    unfold_row(source, three_lines, pixels, slot, grid.mels);
                }
            }
            each(first, pixels, &tile[..size]);
            first += rows;
        }
    });
}

/// The input row under the kernel's row `tap_row`, or none where it counts as zero.
fn source_row(
    input: &[f32],
    grid: Grid,
    reach: Reach,
    channel: usize,
    row: usize,
    tap_row: usize,
) -> Option<&[f32]> {
    // Counted from the first row of the history.
    let position = grid.history + row + tap_row;
    let position = match reach {
        Reach::Past => position.checked_sub(KERNEL_SIZE - 1)?,
        Reach::Future => position,
    };
    let start = channel * grid.channel_stride + position * grid.mels;
    (position < grid.history + grid.rows).then(|| &input[start..start + grid.mels])
}

/// Writes one row, shifted right, straight and shifted left, into the three lines of its taps.
fn unfold_row(
    source: Option<&[f32]>,
    three_lines: &mut [f32],
    pixels: usize,
    slot: usize,
    mels: usize,
) {
    let (left, rest) = three_lines.split_at_mut(pixels);
    let (centre, right) = rest.split_at_mut(pixels);
    let (left, centre, right) = (
        &mut left[slot..][..mels],
        &mut centre[slot..][..mels],
        &mut right[slot..][..mels],
    );
    let Some(source) = source else {
        left.fill(0.0);
        centre.fill(0.0);
        right.fill(0.0);
        return;
    };
    left[0] = 0.0;
    left[1..].copy_from_slice(&source[..mels - 1]);
    centre.copy_from_slice(source);
    right[..mels - 1].copy_from_slice(&source[1..]);
    right[mels - 1] = 0.0;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2_003) as f32 / 1_001.5 - 1.0)
            .collect()
    }

    /// The definition, tap by tap.
    fn plain(kernel: &[f32], input: &[f32], from: Grid, outputs: usize, reach: Reach) -> Vec<f32> {
        let mut output = vec![0.0; outputs * from.rows * from.mels];
        let at = |channel: usize, row: isize, mel: isize| {
            let row = row + from.history as isize;
            let inside = (0..(from.history + from.rows) as isize).contains(&row)
                && (0..from.mels as isize).contains(&mel);
            if inside {
                input[channel * from.channel_stride + row as usize * from.mels + mel as usize]
            } else {
                0.0
            }
        };
        let shift = if reach == Reach::Past { -2 } else { 0 };
        for o in 0..outputs {
            for row in 0..from.rows {
                for mel in 0..from.mels {
                    for channel in 0..from.channels {
                        for tap in 0..TAPS {
                            let (dt, dm) = ((tap / 3) as isize, (tap % 3) as isize);
                            output[(o * from.rows + row) * from.mels + mel] += kernel
                                [(o * from.channels + channel) * TAPS + tap]
                                * at(channel, row as isize + dt + shift, mel as isize + dm - 1);
                        }
                    }
                }
            }
        }
        output
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn equals_the_definition_and_its_gradient_is_the_adjoint(
            inputs in 1usize..9, outputs in 1usize..9, rows in 1usize..20, mels in 1usize..35,
            history in 0usize..3, past in any::<bool>(), seed in 0usize..50,
        ) {
            let reach = if past { Reach::Past } else { Reach::Future };
            let stride = (history + rows) * mels + seed % 3;
            let from = Grid { channels: inputs, rows, mels, history, channel_stride: stride };
            let to = Grid::dense(outputs, rows, mels);
            let input = numbers(inputs * stride, seed);
            let kernel = numbers(outputs * inputs * TAPS, seed + 1);
            let expected = plain(&kernel, &input, from, outputs, reach);
            let mut output = vec![0.0; outputs * rows * mels];
            convolve(&kernel, (&input, from), (&mut output, to), reach);
            for (got, want) in output.iter().zip(&expected) {
                prop_assert!((got - want).abs() < 1e-4);
            }
            // ⟨g, k ⊛ x⟩ = ⟨∂k, k⟩ for every g: the convolution is linear in its kernel.
            let gradient = numbers(output.len(), seed + 2);
            let mut of_kernel = vec![0.0; kernel.len()];
            kernel_gradient(&mut of_kernel, (&input, from), (&gradient, to), reach);
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let (left, right) = (dot(&gradient, &output), dot(&of_kernel, &kernel));
            prop_assert!((left - right).abs() < 1e-2 * (1.0 + left.abs()), "{left} {right}");
        }
    }
}
