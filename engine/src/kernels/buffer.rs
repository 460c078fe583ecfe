//! Floats that begin on a cache line, so that no vector straddles two.

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; Buffer::LINE]);

/// The product of sizes: how many floats these are.
///
/// # Panics
/// If it is more than a `usize` holds. A product that wrapped round would be small enough to pass
/// for the length of a slice that pointers then leave.
pub(super) fn floats<const N: usize>(sizes: [usize; N]) -> usize {
    let product = sizes.into_iter().try_fold(1, usize::checked_mul);
    product.unwrap_or_else(|| panic!("no memory holds {sizes:?} floats"))
}

/// A fixed number of floats, zero at first, aligned to 64 bytes.
#[derive(Clone, Default)]
pub(super) struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    const LINE: usize = 16;

    pub(super) fn new(len: usize) -> Self {
        let lines = vec![Line([0.0; Self::LINE]); len.div_ceil(Self::LINE)];
        Self { lines, len }
    }

    /// Makes it at least so long; what was in it is lost where it has to grow.
    pub(super) fn reserve(&mut self, len: usize) {
        if len > self.len {
            *self = Self::new(len);
        }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines are floats without gaps, at least `len` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
