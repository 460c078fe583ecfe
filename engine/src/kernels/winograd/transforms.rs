//! The transforms of Winograd's minimal filtering F(2, 3) and F(4, 3) (Lavin and Gray, "Fast
//! algorithms for convolutional neural networks", CVPR 2016, arXiv 1509.09308, section 4).

use super::super::TAPS;
use super::super::lanes::Lanes;

/// One size: `OUT` outputs of a 3-tap filter from `IN` = `OUT` + 2 inputs by `IN` products.
pub(in crate::kernels) trait Size<const OUT: usize, const IN: usize> {
    /// Cycles to transform a tile of one block of channels and back, measured on server cores of 2024.
    const CYCLES: f64;
    /// Filter taps to products' factors (the matrix G).
    const FILTER: [[f64; 3]; IN];

    /// Inputs to products' factors (the matrix Bᵀ).
    fn input<V: Lanes>(d: [V; IN]) -> [V; IN];

    /// Products to outputs (the matrix Aᵀ).
    fn output<V: Lanes>(m: [V; IN]) -> [V; OUT];

    /// A 3×3 kernel to the factors of the `IN × IN` products, row by row.
    fn filter(kernel: &[f32; TAPS], factors: &mut [f32]) {
        for (row, factors) in Self::FILTER.iter().zip(factors.chunks_exact_mut(IN)) {
            let mut half = [0.0; 3]; // transformed over rows
            for (tap, weight) in kernel.iter().enumerate() {
                half[tap % 3] += row[tap / 3] * f64::from(*weight);
            }
            for (column, factor) in Self::FILTER.iter().zip(factors) {
                let sum = column[0] * half[0] + column[1] * half[1] + column[2] * half[2];
                *factor = sum as f32;
            }
        }
    }
}

/// F(2, 3): 4 products in place of 6.
pub(in crate::kernels) struct F2;

impl Size<2, 4> for F2 {
    const CYCLES: f64 = 90.0;
    const FILTER: [[f64; 3]; 4] = [
        [1., 0., 0.],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0., 0., 1.],
    ];

    #[inline(always)]
    fn input<V: Lanes>(d: [V; 4]) -> [V; 4] {
        [
            d[0].sub(d[2]),
            d[1].add(d[2]),
            d[2].sub(d[1]),
            d[1].sub(d[3]),
        ]
    }

    #[inline(always)]
    fn output<V: Lanes>(m: [V; 4]) -> [V; 2] {
        [m[0].add(m[1].add(m[2])), m[1].sub(m[2]).sub(m[3])]
    }
}

/// F(4, 3): 6 products in place of 12.
pub(in crate::kernels) struct F4;

impl Size<4, 6> for F4 {
    const CYCLES: f64 = 220.0;
    const FILTER: [[f64; 3]; 6] = [
        [1. / 4., 0., 0.],
        [-1. / 6., -1. / 6., -1. / 6.],
        [-1. / 6., 1. / 6., -1. / 6.],
        [1. / 24., 1. / 12., 1. / 6.],
        [1. / 24., -1. / 12., 1. / 6.],
        [0., 0., 1.],
    ];

    #[inline(always)]
    fn input<V: Lanes>(d: [V; 6]) -> [V; 6] {
        let times = |x: V, factor: f32, y: V| x.mul_add(V::splat(factor), y);
        let even = times(d[2], -4.0, d[4]);
        let odd = times(d[1], -4.0, d[3]);
        let far = d[4].sub(d[2]);
        let near = d[3].sub(d[1]);
        [
            times(d[0], 4.0, times(d[2], -5.0, d[4])),
            even.add(odd),
            even.sub(odd),
            times(near, 2.0, far),
            times(near, -2.0, far),
            times(d[1], 4.0, times(d[3], -5.0, d[5])),
        ]
    }

    #[inline(always)]
    fn output<V: Lanes>(m: [V; 6]) -> [V; 4] {
        let times = |x: V, factor: f32, y: V| x.mul_add(V::splat(factor), y);
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (far_sum, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(sum.add(far_sum)),
            times(far_difference, 2.0, difference),
            times(far_sum, 4.0, sum),
            m[5].add(times(far_difference, 8.0, difference)),
        ]
    }
}
