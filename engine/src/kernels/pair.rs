//! Maps between the convolutions of a separable unit.

use super::InstructionSet;
use super::lanes::{Lanes, SimdOp};
use super::map::{Map, MapMut, MapRef, MapShape};

/// A map and, of quaternions, its Walsh–Hadamard transform, which the eight products read (module `eight`). Each
/// kernel of a separable unit writes both, so that nothing is transformed twice.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The values.
    pub straight: MapRef<'a>,
    /// H times each quaternion, in the same shape. Of real channels it is not read.
    pub transformed: &'a [f32],
}

/// A [`Pair`] to be written.
pub struct PairMut<'a> {
    /// The values.
    pub straight: MapMut<'a>,
    /// H times each quaternion. Of real channels it is not written, nor where it is empty.
    pub transformed: &'a mut [f32],
}

/// Maps of a stream as a [`Pair`].
pub struct MapPair {
    /// The values.
    pub straight: Map,
    /// H times each quaternion; of real channels without rows.
    pub transformed: Map,
}

impl MapPair {
    /// All zero. `group`: real channels of a unit, 4 for quaternions, 1.
    pub fn new(group: usize, shape: MapShape, set: InstructionSet) -> Self {
        let MapShape {
            channels,
            rows,
            mels,
            reach,
            ..
        } = shape;
        let map = |channels| Map::with_reach(channels, rows, mels, set, reach);
        Self {
            straight: map(channels),
            transformed: map(if group == 4 { channels } else { 0 }),
        }
    }

    /// To read.
    pub fn view(&self) -> Pair<'_> {
        Pair {
            straight: self.straight.view(),
            transformed: self.transformed.view().values,
        }
    }

    /// To write.
    pub fn view_mut(&mut self) -> PairMut<'_> {
        PairMut {
            straight: self.straight.view_mut(),
            transformed: self.transformed.view_mut().values,
        }
    }

    /// Transforms the first `rows` rows of the values.
    pub fn transform(&mut self, rows: usize, set: InstructionSet) {
        if self.transformed.shape().channels > 0 {
            transform(
                set,
                self.straight.view(),
                rows,
                self.transformed.view_mut().values,
            );
        }
    }

    /// Makes the last of `rows` rows the history of those to come.
    pub fn advance(&mut self, rows: usize) {
        self.straight.advance(rows);
        self.transformed.advance(rows);
    }
}

impl Pair<'_> {
    /// # Panics
    /// If there are fewer numbers than the shape says.
    pub(super) fn check(&self, group: usize) {
        let size = self.straight.shape.size();
        assert!(
            self.straight.values.len() >= size,
            "a map has too few numbers"
        );
        assert!(
            group == 1 || self.transformed.len() >= size,
            "a transformed map has too few numbers"
        );
    }
}

impl PairMut<'_> {
    /// # Panics
    /// If there are fewer numbers than the shape says.
    pub(super) fn check(&self, group: usize) {
        let size = self.straight.shape.size();
        assert!(
            self.straight.values.len() >= size,
            "a map has too few numbers"
        );
        assert!(
            group == 1 || self.transformed.is_empty() || self.transformed.len() >= size,
            "a transformed map has too few numbers"
        );
    }

    /// Where kernels write.
    pub(super) fn first(&mut self) -> PairTarget {
        let shape = self.straight.shape;
        let first = shape.first_pixel();
        PairTarget {
            straight: self.straight.values[first..].as_mut_ptr(),
            transformed: match self.transformed.get_mut(first..) {
                Some(values) if !values.is_empty() => values.as_mut_ptr(),
                _ => std::ptr::null_mut(), // never written
            },
            block_stride: shape.block_stride(),
            row_stride: shape.row_stride(),
        }
    }
}

/// The first pixel of a [`PairMut`].
#[derive(Clone, Copy)]
pub(super) struct PairTarget {
    pub(super) straight: *mut f32,
    /// Null where no transform is asked for.
    pub(super) transformed: *mut f32,
    pub(super) block_stride: usize,
    pub(super) row_stride: usize,
}

/// Writes the Walsh–Hadamard transform of the first `rows` rows of a map of quaternions, in the same shape.
///
/// # Panics
/// If the shape has fewer rows, or there are fewer numbers than it says.
pub fn transform(set: InstructionSet, map: MapRef<'_>, rows: usize, to: &mut [f32]) {
    let shape = map.shape;
    assert!(rows <= shape.rows && map.values.len() >= shape.size() && to.len() >= shape.size());
    set.run(Transform { map, rows, to });
}

struct Transform<'a> {
    map: MapRef<'a>,
    rows: usize,
    to: &'a mut [f32],
}

impl SimdOp for Transform<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let MapRef { values, shape } = self.map;
        for block in 0..shape.blocks() {
            for row in 0..self.rows {
                let start = shape.index(block * V::COUNT, row, 0);
                for at in (start..start + shape.mels * V::COUNT).step_by(V::COUNT) {
                    // SAFETY: the map and `to` have these pixels, which `transform` checked.
                    unsafe {
                        let value = V::load(values.as_ptr().add(at));
                        value.hadamard().store(self.to.as_mut_ptr().add(at));
                    }
                }
            }
        }
    }
}
