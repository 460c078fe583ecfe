//! Passes over the samples of a batch, in parallel, with scratch maps of each thread and sums in a fixed order.

use std::cell::RefCell;

use rayon::prelude::*;

use super::norm::{Sums, add_samples};
use super::{BatchShape, buffers};
use crate::kernels::{Buffer, MapMut, MapRef, MapShape, Pair, PairMut, transform};

/// Samples whose weight gradients are summed by one task. Fixed, so that the order of the sums
/// does not depend on the number of threads.
pub(super) const SAMPLES_A_TASK: usize = 4;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Memory of a thread.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) pairs: [ScratchPair; 2],
    line: Buffer,
}

impl Scratch {
    /// The two maps, and `len` floats.
    pub(super) fn parts(&mut self, len: usize) -> ([&mut ScratchPair; 2], &mut [f32]) {
        self.line.reserve(len);
        (self.pairs.each_mut(), &mut self.line)
    }
}

/// A map of one sample with the transforms of its quaternions.
#[derive(Default)]
pub(super) struct ScratchPair {
    shape: Option<MapShape>,
    straight: Buffer,
    transformed: Buffer,
}

impl ScratchPair {
    /// Room for a sample; history and borders are zero, and so are rows that no pass over this shape writes.
    pub(super) fn prepare(&mut self, shape: BatchShape) -> PairMut<'_> {
        let map = shape.map;
        if self.shape != Some(map) {
            // The view of `anticausal` ends later.
            let size = map.size() + history(map);
            for buffer in [&mut self.straight, &mut self.transformed] {
                buffer.reserve(size);
                buffer[..size].fill(0.0);
            }
            self.shape = Some(map);
        }
        PairMut {
            straight: MapMut {
                values: &mut self.straight,
                shape: map,
            },
            transformed: match shape.group {
                4 => &mut self.transformed,
                _ => &mut [],
            },
        }
    }

    /// The same without transforms.
    pub(super) fn prepare_straight(&mut self, shape: BatchShape) -> PairMut<'_> {
        PairMut {
            transformed: &mut [],
            ..self.prepare(shape)
        }
    }

    /// A map of this shape with its transforms, which are written here.
    pub(super) fn with_transform<'a>(&'a mut self, shape: BatchShape, map: MapRef<'a>) -> Pair<'a> {
        if shape.group == 4 {
            self.prepare(shape);
            transform(shape.set, map, shape.map.rows, &mut self.transformed);
        }
        Pair {
            straight: map,
            transformed: &self.transformed,
        }
    }

    /// What was written since it was prepared.
    ///
    /// # Panics
    /// If it never was.
    pub(super) fn view(&self) -> Pair<'_> {
        self.from(0)
    }

    /// The rows moved over the history: a causal kernel over it computes the anticausal convolution. The map needs as many
    /// rows of zeros at its end as its history has.
    ///
    /// # Panics
    /// As [`view`](Self::view).
    pub(super) fn anticausal(&self) -> Pair<'_> {
        self.from(self.shape.map_or(0, history))
    }

    fn from(&self, first: usize) -> Pair<'_> {
        Pair {
            straight: MapRef {
                values: &self.straight[first..],
                shape: self.shape.expect("a prepared map"),
            },
            transformed: &self.transformed[first..],
        }
    }
}

/// Floats of the history of a block.
fn history(shape: MapShape) -> usize {
    shape.history() * shape.row_stride()
}

/// Computes `each(sample, its output, scratch)` for all samples: the outputs, and the sums of all.
pub(super) fn for_samples(
    shape: BatchShape,
    each: impl Fn(usize, &mut [f32], &mut Scratch) -> Sums + Sync,
) -> (Buffer, Sums) {
    let mut output = buffers::take(shape.size());
    let sums: Vec<Sums> = output
        .par_chunks_mut(shape.map.size())
        .enumerate()
        .map(|(sample, output)| SCRATCH.with_borrow_mut(|scratch| each(sample, output, scratch)))
        .collect();
    (output, add_samples(sums))
}

/// The sums of `each` sample, added in the order of the samples.
pub(super) fn sum_samples(batch: usize, each: impl Fn(usize) -> Sums + Sync + Send) -> Sums {
    let sums: Vec<Sums> = (0..batch).into_par_iter().map(each).collect();
    add_samples(sums)
}

/// The gradient of a convolution's weights, summed over samples.
pub(super) trait WeightSum: Send {
    fn merge(&mut self, other: &Self);
}

/// As [`for_samples`], with the gradient of weights besides, of which each task begins with a `fresh` one. Outputs are
/// empty where none are `wanted`.
pub(super) fn for_tasks<W: WeightSum>(
    shape: BatchShape,
    wanted: bool,
    fresh: impl Fn() -> W + Sync,
    each: impl Fn(&mut W, usize, &mut [f32], &mut Scratch) -> Sums + Sync,
) -> (Buffer, W, Sums) {
    let size = if wanted { shape.map.size() } else { 0 };
    let mut output = match wanted {
        true => buffers::take(shape.size()),
        false => Buffer::default(),
    };
    let mut rest = &mut output[..];
    let tasks: Vec<(usize, &mut [f32])> = (0..shape.batch)
        .step_by(SAMPLES_A_TASK)
        .map(|first| {
            let samples = SAMPLES_A_TASK.min(shape.batch - first);
            let of_task;
            (of_task, rest) = std::mem::take(&mut rest).split_at_mut(samples * size);
            (first, of_task)
        })
        .collect();
    let done: Vec<(W, Vec<Sums>)> = tasks
        .into_par_iter()
        .map(|(first, mut output)| {
            SCRATCH.with_borrow_mut(|scratch| {
                let (mut weights, mut sums) = (fresh(), Vec::new());
                for sample in first..shape.batch.min(first + SAMPLES_A_TASK) {
                    let of_sample;
                    (of_sample, output) = std::mem::take(&mut output).split_at_mut(size);
                    sums.push(each(&mut weights, sample, of_sample, scratch));
                }
                (weights, sums)
            })
        })
        .collect();
    let (mut weights, mut sums) = (None::<W>, Vec::new());
    for (of_task, of_samples) in done {
        sums.extend(of_samples);
        match &mut weights {
            Some(weights) => weights.merge(&of_task),
            None => weights = Some(of_task),
        }
    }
    (output, weights.unwrap_or_else(fresh), add_samples(sums))
}
