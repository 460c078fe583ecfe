//! The rule by which a layer gets its kernel.
//!
//! A rule, not a measurement: the same model gives the same bits on the same instruction set,
//! whatever the load of the machine. It compares, for each kernel, cycles of arithmetic with cycles
//! of reading weights, since a chunk of a stream has few pixels to read them for. The constants
//! are of 2024 server cores; they only have to rank kernels right
//! (`cargo xtask bench -- --only layers` shows what each one takes).

use super::InstructionSet;
use super::kernel::LayerShape;
use super::method::Method;

/// The level of cache in which a network's weights stay between two chunks.
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
    /// The level in which this many bytes of weights stay.
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

/// Roundings that a choice may make.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    /// Weights in half precision.
    halves: bool,
    /// Products of bfloat16.
    pairs: bool,
}

impl Allowed {
    fn allows(self, method: Method) -> bool {
        (self.halves || !method.halves()) && (self.pairs || !method.pairs())
    }
}

/// Vector multiply-adds a cycle.
const MULTIPLY_ADDS: f64 = 2.0;

impl Method {
    /// The methods that should take the least time for the layers of a network that run one after
    /// the other, chunk by chunk.
    ///
    /// Transforms make weights larger, up to eight times, so what a layer chooses decides where
    /// all weights stay: each level is tried from the fastest on, until the choices it leads to
    /// fit into it.
    pub fn for_layers(layers: &[LayerShape], set: InstructionSet, pairs: bool) -> Vec<Self> {
        let mut methods = Vec::new();
        for level in [CacheLevel::Second, CacheLevel::Third, CacheLevel::Memory] {
            methods = Self::all_fastest(
                layers,
                level,
                set,
                Allowed {
                    halves: false,
                    pairs,
                },
            );
            if Self::level(layers, &methods, set) <= level {
                break;
            }
        }
        methods
    }

    /// The same for live streams: a chunk comes every tenth of a second, other threads use the caches in between, and
    /// weights are read from memory each time. Where they are more than a core's own cache could hold, they may be
    /// in half precision.
    pub fn for_live_layers(layers: &[LayerShape], set: InstructionSet, pairs: bool) -> Vec<Self> {
        let mut allowed = Allowed {
            halves: false,
            pairs,
        };
        let single = Self::all_fastest(layers, CacheLevel::Memory, set, allowed);
        if Self::level(layers, &single, set) == CacheLevel::Second {
            return single;
        }
        allowed.halves = set.loads_halves();
        Self::all_fastest(layers, CacheLevel::Memory, set, allowed)
    }

    /// The level in which the weights of layers stay.
    fn level(layers: &[LayerShape], methods: &[Self], set: InstructionSet) -> CacheLevel {
        let pairs = layers.iter().zip(methods);
        let bytes = pairs.map(|(layer, method)| method.bytes(*layer, set));
        CacheLevel::of(bytes.sum::<f64>() as usize)
    }

    fn all_fastest(
        layers: &[LayerShape],
        level: CacheLevel,
        set: InstructionSet,
        allowed: Allowed,
    ) -> Vec<Self> {
        let fastest = |layer: &LayerShape| Self::fastest_of(*layer, level, set, allowed);
        layers.iter().map(fastest).collect()
    }

    /// The method in single precision that should take the least time where weights stay at a level.
    pub fn fastest(layer: LayerShape, level: CacheLevel, set: InstructionSet) -> Self {
        Self::fastest_of(layer, level, set, Allowed::default())
    }

    fn fastest_of(
        layer: LayerShape,
        level: CacheLevel,
        set: InstructionSet,
        allowed: Allowed,
    ) -> Self {
        let fitting = Self::ALL
            .into_iter()
            .filter(|method| method.fits(layer.group) && allowed.allows(*method));
        let cycles = |method: &Self| method.cycles(layer, level, set);
        fitting
            .min_by(|a, b| cycles(a).total_cmp(&cycles(b)))
            .unwrap_or(Self::Direct)
    }

    /// Cycles for one chunk, about.
    fn cycles(self, layer: LayerShape, level: CacheLevel, set: InstructionSet) -> f64 {
        let work = self.work(layer, set);
        let arithmetic = work.products / MULTIPLY_ADDS + work.transforms;
        arithmetic.max(self.bytes(layer, set) / level.bytes_per_cycle())
    }

    /// The least that a chunk needs, for a roofline.
    pub fn load(self, layer: LayerShape, set: InstructionSet) -> Load {
        Load {
            weight_bytes: self.bytes(layer, set),
            multiply_adds: self.work(layer, set).products * set.lanes() as f64,
        }
    }

    /// Bytes of the packed weights.
    fn bytes(self, layer: LayerShape, set: InstructionSet) -> f64 {
        let size = size_of::<f32>() / if self.halves() { 2 } else { 1 };
        self.work(layer, set).weights * (set.lanes() * size) as f64
    }
}

/// Weights to read and arithmetic of one or more layers for a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Bytes of packed weights, each read once.
    pub weight_bytes: f64,
    /// Real multiply-adds, after what Winograd's transforms and the eight products save.
    pub multiply_adds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Counts;

    fn fastest(channels: usize, rows: usize, mels: usize, level: CacheLevel) -> Method {
        let units = channels / 4;
        let counts = Counts {
            inputs: units,
            outputs: units,
        };
        let layer = LayerShape {
            group: 4,
            counts,
            rows,
            mels,
        };
        Method::fastest(layer, level, InstructionSet::Avx512)
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
    fn halves_are_for_live_streams_of_large_networks() {
        let layer = |units| LayerShape {
            group: 4,
            counts: Counts {
                inputs: units,
                outputs: units,
            },
            rows: 2,
            mels: 8,
        };
        let (few, many) = ([layer(16)], [layer(96)]);
        let set = InstructionSet::Avx2;
        let halves = |methods: Vec<Method>| methods[0].halves();
        assert!(halves(Method::for_live_layers(&many, set, false)));
        assert!(!halves(Method::for_live_layers(&few, set, false)));
        assert!(!halves(Method::for_layers(&many, set, false)));
        assert!(!halves(Method::for_live_layers(
            &many,
            InstructionSet::Neon,
            false
        )));
    }

    #[test]
    fn real_kernels_are_never_shared() {
        let counts = Counts {
            inputs: 2048,
            outputs: 2048,
        };
        let layer = LayerShape {
            group: 1,
            counts,
            rows: 1,
            mels: 2,
        };
        let method = Method::fastest(layer, CacheLevel::Memory, InstructionSet::Plain);
        assert_ne!(method, Method::Shared);
    }
}
