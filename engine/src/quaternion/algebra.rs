//! Quarter weights to the expanded real weight, and gradients back.

use crate::features::COMPONENTS;

/// Which quarter weight stands at block (output component, input component) ...
pub(super) const QUARTER: [[usize; 4]; 4] =
    [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]];
/// ... and with which sign.
pub(super) const SIGN: [[f32; 4]; 4] = [
    [1., -1., -1., -1.],
    [1., 1., -1., 1.],
    [1., 1., 1., -1.],
    [1., -1., 1., 1.],
];

/// The product w ⊗ x of two quaternions (r, i, j, k).
pub fn hamilton_product(w: [f32; 4], x: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|out| {
        (0..4)
            .map(|on| SIGN[out][on] * w[QUARTER[out][on]] * x[on])
            .sum()
    })
}

/// Quarter weights (`4 × outputs × inputs × taps`) to the expanded real weight
/// (`4·outputs × 4·inputs × taps`).
pub fn expand(quarters: &[f32], outputs: usize, inputs: usize, taps: usize) -> Vec<f32> {
    let mut expanded = vec![0.0; COMPONENTS * COMPONENTS * outputs * inputs * taps];
    for_each_block(outputs, inputs, taps, |quarter, sign, from, to| {
        let from = quarter * outputs * inputs * taps + from;
        for (slot, weight) in expanded[to..to + inputs * taps]
            .iter_mut()
            .zip(&quarters[from..])
        {
            *slot = sign * weight;
        }
    });
    expanded
}

/// The factors of the quarter weights in a Hamilton product. `x` is a vector of `n` quaternions, component after
/// component (`4 × n`); `factors` becomes `4 × 4 × n`, so that component `out` of w ⊗ x is the sum over the quarters q
/// of w\[q\] · factors\[out\]\[q\]. Allocates only where `factors` has to grow.
pub fn quarter_factors(x: &[f32], factors: &mut Vec<f32>) {
    let length = x.len() / COMPONENTS;
    factors.clear();
    for (quarters, signs) in QUARTER.iter().zip(&SIGN) {
        // Each line of the table is its own inverse.
        for &on in quarters {
            let values = &x[on * length..][..length];
            factors.extend(values.iter().map(|value| signs[on] * value));
        }
    }
}

/// Calls `each(quarter, sign, offset in the quarter, offset in the expanded weight)` for every
/// line of `inputs × taps` weights.
fn for_each_block(
    outputs: usize,
    inputs: usize,
    taps: usize,
    mut each: impl FnMut(usize, f32, usize, usize),
) {
    let line = inputs * taps;
    for out in 0..COMPONENTS {
        for on in 0..COMPONENTS {
            for filter in 0..outputs {
                let to = ((out * outputs + filter) * COMPONENTS + on) * line;
                each(QUARTER[out][on], SIGN[out][on], filter * line, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_multiply_by_hamiltons_rules() {
        let (i, j, k) = ([0., 1., 0., 0.], [0., 0., 1., 0.], [0., 0., 0., 1.]);
        assert_eq!(hamilton_product(i, j), k);
        assert_eq!(hamilton_product(j, k), i);
        assert_eq!(hamilton_product(k, i), j);
        assert_eq!(hamilton_product(j, i), [0., 0., 0., -1.]);
        for unit in [i, j, k] {
            assert_eq!(hamilton_product(unit, unit), [-1., 0., 0., 0.]);
        }
    }

    #[test]
    fn the_expanded_weight_is_the_product() {
        let (w, x) = ([0.3, -1.2, 0.7, 2.0], [1.1, 0.4, -0.9, 0.25]);
        let expanded = expand(&w, 1, 1, 1);
        let by_matrix: Vec<f32> = expanded
            .chunks(4)
            .map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum())
            .collect();
        let product = hamilton_product(w, x);
        assert!(
            by_matrix
                .iter()
                .zip(product)
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
    }
}
