//! The transforms of Winograd's minimal filtering F(2, 3) and F(4, 3) (Lavin and Gray, "Fast
//! algorithms for convolutional neural networks", CVPR 2016, arXiv 1509.09308, section 4).

use std::marker::PhantomData;

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

/// Two of the five finite points of F(4, 3), both with either sign; the others are 0 and infinity. They decide how large the
/// numbers between the transforms become, and so what rounding them costs.
pub(in crate::kernels) trait Points {
    const NEAR: f32;
    const FAR: f32;
}

/// 1 and 2: the fewest operations.
pub(in crate::kernels) struct Whole;

impl Points for Whole {
    const NEAR: f32 = 1.0;
    const FAR: f32 = 2.0;
}

/// 5/8 and 3/2: rounded products cost about half as much, for a few multiplications more. Points near ±c and ±1/c are those of
/// Alam et al., "Winograd convolution for deep neural networks: efficient point selection", ACM TECS 21 (2022), arXiv 2201.10369.
pub(in crate::kernels) struct Balanced;

impl Points for Balanced {
    const NEAR: f32 = 0.625;
    const FAR: f32 = 1.5;
}

/// F(4, 3): 6 products in place of 12.
pub(in crate::kernels) struct F4<P = Whole>(PhantomData<P>);

impl<P: Points> F4<P> {
    const NEAR_SQUARED: f32 = P::NEAR * P::NEAR;
    const FAR_SQUARED: f32 = P::FAR * P::FAR;

    /// (1, x, x²) / (2 x² (x² − y²)): the filter at point x, where the other one is y.
    const fn at(x: f32, y: f32) -> [f64; 3] {
        let (x, y) = (x as f64, y as f64);
        let scale = 2.0 * x * x * (x * x - y * y);
        [1.0 / scale, x / scale, x * x / scale]
    }
}

impl<P: Points> Size<4, 6> for F4<P> {
    const CYCLES: f64 = 220.0;
    const FILTER: [[f64; 3]; 6] = [
        [
            1.0 / (Self::NEAR_SQUARED * Self::FAR_SQUARED) as f64,
            0.,
            0.,
        ],
        Self::at(P::NEAR, P::FAR),
        Self::at(-P::NEAR, P::FAR),
        Self::at(P::FAR, P::NEAR),
        Self::at(-P::FAR, P::NEAR),
        [0., 0., 1.],
    ];

    #[inline(always)]
    fn input<V: Lanes>(d: [V; 6]) -> [V; 6] {
        let times = |x: V, factor: f32, y: V| x.mul_add(V::splat(factor), y);
        let (near, far) = (Self::NEAR_SQUARED, Self::FAR_SQUARED);
        let even = times(d[2], -far, d[4]);
        let odd = times(d[1], -far, d[3]);
        let far_even = times(d[2], -near, d[4]);
        let far_odd = times(d[1], -near, d[3]);
        [
            times(d[0], near * far, times(d[2], -(near + far), d[4])),
            times(odd, P::NEAR, even),
            times(odd, -P::NEAR, even),
            times(far_odd, P::FAR, far_even),
            times(far_odd, -P::FAR, far_even),
            times(d[1], near * far, times(d[3], -(near + far), d[5])),
        ]
    }

    #[inline(always)]
    fn output<V: Lanes>(m: [V; 6]) -> [V; 4] {
        let times = |x: V, factor: f32, y: V| x.mul_add(V::splat(factor), y);
        let (near, far) = (Self::NEAR_SQUARED, Self::FAR_SQUARED);
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (far_sum, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        let of_near = difference.mul(V::splat(P::NEAR));
        [
            m[0].add(sum.add(far_sum)),
            times(far_difference, P::FAR, of_near),
            times(far_sum, far, sum.mul(V::splat(near))),
            m[5].add(times(
                far_difference,
                P::FAR * far,
                of_near.mul(V::splat(near)),
            )),
        ]
    }
}
