//! 256-bit vectors of x86: two quaternions each, 16 registers.

use std::arch::x86_64::*;

use half::f16;

use super::{Lanes, SimdOp};

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

/// Enters code compiled for AVX2.
///
/// # Safety
/// The processor has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn run<O: SimdOp>(op: O) {
    op.run::<Avx2>();
}

// SAFETY of all arithmetic below: values of this type are only made inside `run`, where the
// processor has the instructions; those that touch memory pass their caller's promise on.
impl Lanes for Avx2 {
    const COUNT: usize = 8;
    const SUMS: usize = 12;
    const BLOCKS: usize = 3;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn pass_where_positive(self, value: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, _mm256_setzero_ps());
            _mm256_and_ps(positive, value.0)
        })
    }

    #[inline(always)]
    fn swap_neighbours(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_permute_ps::<0b10_11_00_01>(self.0) })
    }

    #[inline(always)]
    fn swap_pairs(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_permute_ps::<0b01_00_11_10>(self.0) })
    }

    #[inline(always)]
    fn turn_last_three_right(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_permute_ps::<0b10_01_11_00>(self.0) })
    }

    #[inline(always)]
    fn turn_last_three_left(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_permute_ps::<0b01_11_10_00>(self.0) })
    }

    #[inline(always)]
    unsafe fn load_quad(from: *const f32) -> Self {
        // SAFETY: four floats are there, on any boundary. (`_mm256_broadcast_ps` would take a
        // reference to an aligned vector; this compiles to the same instruction.)
        Self(unsafe {
            let quad = _mm_loadu_ps(from);
            _mm256_set_m128(quad, quad)
        })
    }

    #[inline(always)]
    unsafe fn load_splat(from: *const f32) -> Self {
        // SAFETY: a float is there.
        Self(unsafe { _mm256_set1_ps(*from) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: eight floats are there.
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self {
        // SAFETY: eight numbers of two bytes are there, on any boundary.
        Self(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is room for eight floats.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
}
