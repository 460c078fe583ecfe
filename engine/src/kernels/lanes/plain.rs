//! Arrays of four floats: no instruction is named, the compiler takes what the target has.

use super::Lanes;

#[derive(Clone, Copy)]
pub(super) struct Plain([f32; 4]);

impl Plain {
    #[inline(always)]
    fn each(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| of(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn rearranged(self, order: [usize; 4]) -> Self {
        Self(order.map(|i| self.0[i]))
    }
}

impl Lanes for Plain {
    const COUNT: usize = 4;
    const SUMS: usize = 8;
    const BLOCKS: usize = 2;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.each(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.each(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.each(other, |a, b| a * b)
    }

    // Not `f32::mul_add`: without the instruction that is a call into a library.
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self.mul(factor).add(term)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.each(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn pass_where_positive(self, value: Self) -> Self {
        self.each(value, |a, b| if a > 0.0 { b } else { 0.0 })
    }

    #[inline(always)]
    fn swap_neighbours(self) -> Self {
        self.rearranged([1, 0, 3, 2])
    }

    #[inline(always)]
    fn swap_pairs(self) -> Self {
        self.rearranged([2, 3, 0, 1])
    }

    #[inline(always)]
    fn turn_last_three_right(self) -> Self {
        self.rearranged([0, 3, 1, 2])
    }

    #[inline(always)]
    fn turn_last_three_left(self) -> Self {
        self.rearranged([0, 2, 3, 1])
    }

    #[inline(always)]
    unsafe fn load_quad(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load(from) }
    }

    #[inline(always)]
    unsafe fn load_splat(from: *const f32) -> Self {
        // SAFETY: a float is there.
        Self::splat(unsafe { *from })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: four floats are there; an array of floats asks for no more alignment than one.
        Self(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is room for four floats; alignment as above.
        unsafe { *to.cast() = self.0 }
    }
}
