//! Which kernel a layer runs on.
//!
//! A rule, not a measurement: the same model gives the same bits on the same instruction set,
//! whatever else the machine does. It compares, for each kernel, cycles of arithmetic with cycles
//! of reading weights, since a chunk of a stream has few pixels to read them for. The constants
//! are of 2024 server cores; they only have to rank kernels right
//! (`cargo xtask bench -- --only layers` shows what each one takes).

use super::{Counts, InstructionSet, Method};

/// Where a network's weights stay between two chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheLevel {
    /// A core's own cache.
    Second,
    /// The cache that cores share.
    Third,
    /// None: memory.
    Memory,
}

impl CacheLevel {
    /// Where weights of so many bytes stay.
    pub fn of(bytes: usize) -> Self {
        match bytes >> 10 {
            0..768 => Self::Second,
            768..16_384 => Self::Third,
            _ => Self::Memory,
        }
    }

    /// Bytes a cycle that one core reads from there in order.
    fn bytes_per_cycle(self) -> f64 {
        match self {
            Self::Second => 40.0,
            Self::Third => 16.0,
            Self::Memory => 5.0,
        }
    }
}

/// A layer as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Real channels of a unit: 4 for quaternions, 1.
    pub group: usize,
    /// Units in and out.
    pub counts: Counts,
    /// Rows of a chunk.
    pub rows: usize,
    /// Mels of a row.
    pub mels: usize,
}

/// Vector multiply-adds a cycle.
const MULTIPLY_ADDS: f64 = 2.0;
/// Cycles to transform a tile of one block of channels there and back, F2 and F4.
const TRANSFORMS: [f64; 2] = [90.0, 220.0];
/// Pixels (or tiles) for which weights must serve, lest loading them into registers, one load
/// each, takes longer than the multiply-adds.
const PIXELS_A_LOAD: f64 = 1.0;

impl Method {
    /// The methods that should take the least time for the layers of a network that run one after
    /// the other, chunk by chunk.
    ///
    /// Transforms make weights larger, up to eight times, so what a layer chooses decides where
    /// all weights stay: each level is tried from the fastest on, until the choices it leads to
    /// fit into it.
    pub fn for_layers(layers: &[Shape], set: InstructionSet) -> Vec<Self> {
        let mut methods = Vec::new();
        for level in [CacheLevel::Second, CacheLevel::Third, CacheLevel::Memory] {
            methods = Self::all_fastest(layers, level, set, false);
            if Self::level(layers, &methods, set) <= level {
                break;
            }
        }
        methods
    }

    /// The same for what is heard live: a chunk comes every tenth of a second, in between others use the
    /// caches, and weights are read from memory each time. Where they are more than a core's own cache could
    /// hold, they may be in half precision.
    pub fn for_live_layers(layers: &[Shape], set: InstructionSet) -> Vec<Self> {
        let single = Self::all_fastest(layers, CacheLevel::Memory, set, false);
        if Self::level(layers, &single, set) == CacheLevel::Second {
            return single;
        }
        Self::all_fastest(layers, CacheLevel::Memory, set, set.loads_halves())
    }

    /// Where the weights of layers stay.
    fn level(layers: &[Shape], methods: &[Self], set: InstructionSet) -> CacheLevel {
        let pairs = layers.iter().zip(methods);
        let bytes = pairs.map(|(shape, method)| method.bytes(*shape, set));
        CacheLevel::of(bytes.sum::<f64>() as usize)
    }

    fn all_fastest(
        layers: &[Shape],
        level: CacheLevel,
        set: InstructionSet,
        halves: bool,
    ) -> Vec<Self> {
        let fastest = |shape: &Shape| Self::fastest_of(*shape, level, set, halves);
        layers.iter().map(fastest).collect()
    }

    /// The method in single precision that should take the least time where weights stay at a level.
    pub fn fastest(shape: Shape, level: CacheLevel, set: InstructionSet) -> Self {
        Self::fastest_of(shape, level, set, false)
    }

    fn fastest_of(shape: Shape, level: CacheLevel, set: InstructionSet, halves: bool) -> Self {
        let fitting = Self::ALL
            .into_iter()
            .filter(|method| method.fits(shape.group) && (halves || !method.halves()));
        let cycles = |method: &Self| method.cycles(shape, level, set);
        fitting
            .min_by(|a, b| cycles(a).total_cmp(&cycles(b)))
            .unwrap_or(Self::Direct)
    }

    /// Cycles for one chunk, about.
    fn cycles(self, shape: Shape, level: CacheLevel, set: InstructionSet) -> f64 {
        let work = self.work(shape, set);
        let arithmetic = work.products / MULTIPLY_ADDS + work.transforms;
        arithmetic.max(self.bytes(shape, set) / level.bytes_per_cycle())
    }

    /// What a chunk needs at least: for a roofline.
    pub fn load(self, shape: Shape, set: InstructionSet) -> Load {
        Load {
            weight_bytes: self.bytes(shape, set),
            multiply_adds: self.work(shape, set).products * set.lanes() as f64,
        }
    }

    /// Bytes of the packed weights.
    fn bytes(self, shape: Shape, set: InstructionSet) -> f64 {
        let size = size_of::<f32>() / if self.halves() { 2 } else { 1 };
        self.work(shape, set).weights * (set.lanes() * size) as f64
    }

    fn work(self, shape: Shape, set: InstructionSet) -> Work {
        let blocks = |units: usize| (units * shape.group).div_ceil(set.lanes()) as f64;
        let (inputs, outputs) = (blocks(shape.counts.inputs), blocks(shape.counts.outputs));
        let phases = if shape.group == 4 { 2.0 } else { 1.0 };
        let vectors = shape.counts.inputs as f64 * outputs; // of weights, a tap and phase
        let pixels = (shape.rows * shape.mels) as f64;
        let winograd = |out: usize, transform: f64| {
            let tiles = (shape.rows.div_ceil(out) * shape.mels.div_ceil(out)) as f64;
            let weights = ((out + 2) * (out + 2)) as f64 * phases * vectors;
            Work {
                weights,
                // Halves are loaded and made floats.
                products: weights * (tiles + PIXELS_A_LOAD * if self.halves() { 2.0 } else { 1.0 }),
                transforms: tiles * transform * (inputs + outputs) / 2.0,
            }
        };
        match self {
            Self::Direct => Work {
                weights: 9.0 * phases * vectors,
                products: 9.0 * phases * vectors * (pixels + PIXELS_A_LOAD),
                transforms: 0.0,
            },
            Self::Shared => Work {
                weights: 9.0 * vectors,
                // Each of its multiply-adds needs a load of its own.
                products: 9.0 * 4.0 * 1.2 * vectors * (pixels + PIXELS_A_LOAD),
                transforms: 0.0,
            },
            Self::WinogradTwo | Self::WinogradTwoHalf => winograd(2, TRANSFORMS[0]),
            Self::WinogradFour | Self::WinogradFourHalf => winograd(4, TRANSFORMS[1]),
        }
    }
}

/// What a layer needs for a chunk, or several layers together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Bytes of packed weights, each read once.
    pub weight_bytes: f64,
    /// Real multiply-adds, after what Winograd's transforms and the eight products save.
    pub multiply_adds: f64,
}

/// What a chunk takes.
struct Work {
    /// Vectors of weights.
    weights: f64,
    /// Multiply-adds of vectors.
    products: f64,
    /// Cycles of transforms.
    transforms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fastest(channels: usize, rows: usize, mels: usize, level: CacheLevel) -> Method {
        let units = channels / 4;
        let counts = Counts {
            inputs: units,
            outputs: units,
        };
        let shape = Shape {
            group: 4,
            counts,
            rows,
            mels,
        };
        Method::fastest(shape, level, InstructionSet::Avx512)
    }

    #[test]
    fn large_maps_transform_and_deep_narrow_ones_share_their_weights() {
        assert_eq!(
            fastest(64, 100, 64, CacheLevel::Third),
            Method::WinogradFour
        );
        assert_eq!(fastest(256, 2, 16, CacheLevel::Third), Method::WinogradTwo);
        assert_eq!(fastest(512, 1, 8, CacheLevel::Third), Method::Direct);
        assert_eq!(fastest(2048, 1, 2, CacheLevel::Memory), Method::Shared);
    }

    #[test]
    fn halves_are_for_large_networks_heard_live() {
        let shape = |units| Shape {
            group: 4,
            counts: Counts {
                inputs: units,
                outputs: units,
            },
            rows: 2,
            mels: 8,
        };
        let (few, many) = ([shape(16)], [shape(96)]);
        let set = InstructionSet::Avx2;
        let halves = |methods: Vec<Method>| methods[0].halves();
        assert!(halves(Method::for_live_layers(&many, set)));
        assert!(!halves(Method::for_live_layers(&few, set)));
        assert!(!halves(Method::for_layers(&many, set)));
        assert!(!halves(Method::for_live_layers(
            &many,
            InstructionSet::Neon
        )));
    }

    #[test]
    fn real_kernels_are_never_shared() {
        let counts = Counts {
            inputs: 2048,
            outputs: 2048,
        };
        let shape = Shape {
            group: 1,
            counts,
            rows: 1,
            mels: 2,
        };
        let method = Method::fastest(shape, CacheLevel::Memory, InstructionSet::Plain);
        assert_ne!(method, Method::Shared);
    }
}
