//! 512-bit vectors of x86: four quaternions each, 32 registers.

use std::arch::x86_64::*;
use std::mem::transmute;

use half::f16;

use super::{Lanes, SimdOp};

/// With `PAIRS`, the processor multiplies pairs of bfloat16.
#[derive(Clone, Copy)]
pub(super) struct Avx512<const PAIRS: bool>(__m512);

/// Enters code compiled for AVX-512.
///
/// # Safety
/// The processor has AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run<O: SimdOp>(op: O) {
    op.run::<Avx512<false>>();
}

/// Enters code compiled for AVX-512 with bfloat16.
///
/// # Safety
/// The processor has AVX-512F and AVX512-BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn run_with_pairs<O: SimdOp>(op: O) {
    op.run::<Avx512<true>>();
}

// SAFETY of all arithmetic below: values of this type are only made inside `run`, where the
// processor has the instructions; those that touch memory pass their caller's promise on.
impl<const PAIRS: bool> Lanes for Avx512<PAIRS> {
    const COUNT: usize = 16;
    const SUMS: usize = 24;
    const BLOCKS: usize = 3;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn pass_where_positive(self, value: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps());
            _mm512_maskz_mov_ps(positive, value.0)
        })
    }

    #[inline(always)]
    fn swap_neighbours(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_permute_ps::<0b10_11_00_01>(self.0) })
    }

    #[inline(always)]
    fn swap_pairs(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_permute_ps::<0b01_00_11_10>(self.0) })
    }

    #[inline(always)]
    fn turn_last_three_right(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_permute_ps::<0b10_01_11_00>(self.0) })
    }

    #[inline(always)]
    fn turn_last_three_left(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_permute_ps::<0b01_11_10_00>(self.0) })
    }

    #[inline(always)]
    unsafe fn load_quad(from: *const f32) -> Self {
        // SAFETY: four floats are there.
        Self(unsafe { _mm512_broadcast_f32x4(_mm_loadu_ps(from)) })
    }

    #[inline(always)]
    unsafe fn load_splat(from: *const f32) -> Self {
        // SAFETY: a float is there.
        Self(unsafe { _mm512_set1_ps(*from) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: sixteen floats are there.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self {
        // SAFETY: sixteen numbers of two bytes are there, on any boundary.
        Self(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is room for sixteen floats.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    fn pair(self, high: Self) -> Self {
        if !PAIRS {
            return super::pair_by_arrays(self, high);
        }
        // SAFETY: see above; the types have the same sizes, and every pattern of bits is a value of each.
        Self(unsafe {
            let low =
                _mm512_cvtepu16_epi32(transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(self.0)));
            let high =
                _mm512_cvtepu16_epi32(transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(high.0)));
            _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32::<16>(high)))
        })
    }

    #[inline(always)]
    fn mul_add_pairs(self, factor: Self, term: Self) -> Self {
        if !PAIRS {
            return super::mul_add_pairs_by_arrays(self, factor, term);
        }
        // SAFETY: as in `pair`.
        Self(unsafe {
            let pairs = transmute::<__m512, __m512bh>(self.0);
            let factors = transmute::<__m512, __m512bh>(factor.0);
            _mm512_dpbf16_ps(term.0, pairs, factors)
        })
    }
}
