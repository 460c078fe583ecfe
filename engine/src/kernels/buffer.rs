//! Numbers that begin on a cache line, so that no vector straddles two.

use std::marker::PhantomData;

use half::f16;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

const LINE: usize = 64;

/// Types that a buffer can hold.
///
/// # Safety
/// Every pattern of bytes is a valid value, zero bytes are zero, and the size divides that of a line.
pub(crate) unsafe trait Number: Copy + Default {}

// SAFETY: every pattern of bits is a number, and none are zero; 4 and 2 bytes.
unsafe impl Number for f32 {}
// SAFETY: as above.
unsafe impl Number for f16 {}

/// The product of sizes.
///
/// # Panics
/// If it overflows a `usize`: a wrapped product could pass a length check, and pointers would leave the slice.
pub(super) fn floats<const N: usize>(sizes: [usize; N]) -> usize {
    let product = sizes.into_iter().try_fold(1, usize::checked_mul);
    product.unwrap_or_else(|| panic!("no memory holds {sizes:?} floats"))
}

/// A fixed number of numbers, zero at first, aligned to 64 bytes.
#[derive(Clone, Default)]
pub(crate) struct Buffer<T = f32> {
    lines: Vec<Line>,
    len: usize,
    holds: PhantomData<T>,
}

impl<T: Number> Buffer<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            lines: vec![Line([0; LINE]); len.div_ceil(LINE / size_of::<T>())],
            len,
            holds: PhantomData,
        }
    }

    /// Grows it to at least `len` numbers; growing discards the contents.
    pub(crate) fn reserve(&mut self, len: usize) {
        if len > self.len {
            *self = Self::new(len);
        }
    }

    /// Numbers that it has room for.
    #[cfg(feature = "training")]
    pub(crate) fn capacity(&self) -> usize {
        self.lines.len() * (LINE / size_of::<T>())
    }

    /// Sets the length, at most the capacity. The contents are what was there before.
    ///
    /// # Panics
    /// If it has no room for that many.
    #[cfg(feature = "training")]
    pub(crate) fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "{len} numbers in a smaller buffer");
        self.len = len;
    }
}

impl<T: Number> std::ops::Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines are bytes without gaps, enough for `len` numbers, which any bytes make.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Number> std::ops::DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
