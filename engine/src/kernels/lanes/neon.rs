//! 128-bit vectors of ARM: one quaternion each, 32 registers.

use std::arch::aarch64::*;

use super::Lanes;

#[derive(Clone, Copy)]
pub(super) struct Neon(float32x4_t);

// SAFETY of all arithmetic below: every 64-bit ARM processor that Rust
// builds for has NEON; those that touch memory pass their caller's promise on.
impl Lanes for Neon {
    const COUNT: usize = 4;
    const SUMS: usize = 24;
    const BLOCKS: usize = 3;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { vdupq_n_f32(value) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vfmaq_f32(term.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vmaxq_f32(self.0, other.0) })
    }

    #[inline(always)]
    fn pass_where_positive(self, value: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let positive = vcgtq_f32(self.0, vdupq_n_f32(0.0));
            vreinterpretq_f32_u32(vandq_u32(positive, vreinterpretq_u32_f32(value.0)))
        })
    }

    #[inline(always)]
    fn swap_neighbours(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vrev64q_f32(self.0) })
    }

    #[inline(always)]
    fn swap_pairs(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vextq_f32::<2>(self.0, self.0) })
    }

    #[inline(always)]
    fn turn_last_three_right(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { rearrange(self.0, [0, 3, 1, 2]) })
    }

    #[inline(always)]
    fn turn_last_three_left(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { rearrange(self.0, [0, 2, 3, 1]) })
    }

    #[inline(always)]
    unsafe fn load_quad(from: *const f32) -> Self {
        // SAFETY: four floats are there.
        Self(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn load_splat(from: *const f32) -> Self {
        // SAFETY: a float is there.
        Self(unsafe { vld1q_dup_f32(from) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: four floats are there.
        Self(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is room for four floats.
        unsafe { vst1q_f32(to, self.0) }
    }
}

/// Lane `n` of the result is lane `order[n]`: a look-up of bytes.
///
/// # Safety
/// None beyond NEON itself.
#[inline(always)]
unsafe fn rearrange(lanes: float32x4_t, order: [u8; 4]) -> float32x4_t {
    let bytes: [u8; 16] = std::array::from_fn(|i| 4 * order[i / 4] + (i % 4) as u8);
    // SAFETY: NEON is there, the array has sixteen bytes and every index is under sixteen.
    unsafe {
        vreinterpretq_f32_u8(vqtbl1q_u8(
            vreinterpretq_u8_f32(lanes),
            vld1q_u8(bytes.as_ptr()),
        ))
    }
}
