//! Vectors of floats, one file an instruction set, and the choice between them at run time.
//!
//! A kernel is written once, over [`Lanes`], and compiled for each set: [`InstructionSet::run`]
//! enters a function compiled for the set, into which all of the kernel is inlined.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

use half::{bf16, f16};

/// Floats of the longest vector.
pub(super) const MOST_LANES: usize = 16;

/// A vector of floats, seen as groups of four: the components of one quaternion, or four channels.
///
/// Only [`InstructionSet::run`] names an implementation, after it has checked the processor: that is
/// why arithmetic is safe to call. Kernels and all they call must be `#[inline(always)]`, and
/// vectors must not go through closures (so no `array::map`): what is not inlined is compiled
/// without the instructions and passes its vectors through memory.
pub(super) trait Lanes: Copy {
    /// Floats in a vector, a multiple of four.
    const COUNT: usize;
    /// Sums that fit into the registers together with their operands.
    const SUMS: usize;
    /// Blocks of outputs that share an input once it is loaded.
    const BLOCKS: usize;

    fn splat(value: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self · factor + term`.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// `value` where this is above zero, zero elsewhere.
    fn pass_where_positive(self, value: Self) -> Self;
    /// (1, 0, 3, 2) in each group of four.
    fn swap_neighbours(self) -> Self;
    /// (2, 3, 0, 1) in each group of four.
    fn swap_pairs(self) -> Self;
    /// (0, 3, 1, 2) in each group of four.
    fn turn_last_three_right(self) -> Self;
    /// (0, 2, 3, 1) in each group of four.
    fn turn_last_three_left(self) -> Self;

    /// Four floats, repeated.
    ///
    /// # Safety
    /// Four floats can be read from there.
    unsafe fn load_quad(from: *const f32) -> Self;
    /// One float, repeated.
    ///
    /// # Safety
    /// A float can be read from there.
    unsafe fn load_splat(from: *const f32) -> Self;
    /// # Safety
    /// [`COUNT`](Self::COUNT) floats can be read from there.
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// [`COUNT`](Self::COUNT) floats can be written there.
    unsafe fn store(self, to: *mut f32);

    /// Loads numbers in half precision and converts them to floats. The default works everywhere and is slow.
    ///
    /// # Safety
    /// [`COUNT`](Self::COUNT) of them can be read from there.
    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self {
        let mut floats = [0.0; MOST_LANES];
        // SAFETY: no vector has more, and the caller's promise.
        unsafe {
            for (index, float) in floats.iter_mut().enumerate().take(Self::COUNT) {
                *float = (*from.add(index)).to_f32();
            }
            Self::load(floats.as_ptr())
        }
    }

    /// Two floats in each lane as bfloat16, this vector's in the lower half and `high`'s in the upper. The result holds no
    /// floats: it may be stored, loaded and given to [`mul_add_pairs`](Self::mul_add_pairs). The default works everywhere and
    /// is slow.
    #[inline(always)]
    fn pair(self, high: Self) -> Self {
        pair_by_arrays(self, high)
    }

    /// `term`, and in each lane the products of both halves of two [pairs](Self::pair). The default works everywhere and is
    /// slow.
    #[inline(always)]
    fn mul_add_pairs(self, factor: Self, term: Self) -> Self {
        mul_add_pairs_by_arrays(self, factor, term)
    }

    /// The floats, and zeros behind them.
    #[inline(always)]
    fn to_array(self) -> [f32; MOST_LANES] {
        let mut floats = [0.0; MOST_LANES];
        // SAFETY: no vector has more.
        unsafe { self.store(floats.as_mut_ptr()) };
        floats
    }

    /// The four numbers in each group of four.
    #[inline(always)]
    fn quad(values: [f32; 4]) -> Self {
        // SAFETY: the array has four floats.
        unsafe { Self::load_quad(values.as_ptr()) }
    }

    /// The Walsh–Hadamard transform of each group of four:
    /// (a+b+c+d, a−b+c−d, a+b−c−d, a−b−c+d).
    #[inline(always)]
    fn hadamard(self) -> Self {
        let neighbours = self.mul_add(Self::quad([1., -1., 1., -1.]), self.swap_neighbours());
        neighbours.mul_add(Self::quad([1., 1., -1., -1.]), neighbours.swap_pairs())
    }
}

/// [`Lanes::pair`] for sets without such instructions.
#[inline(always)]
fn pair_by_arrays<V: Lanes>(low: V, high: V) -> V {
    let [low, high] = [low.to_array(), high.to_array()];
    let mut pairs = [0.0; MOST_LANES];
    for (index, pair) in pairs.iter_mut().enumerate() {
        *pair = f32::from_bits(pair_of_bfloats(low[index], high[index]));
    }
    // SAFETY: the array has room for the longest vector.
    unsafe { V::load(pairs.as_ptr()) }
}

/// [`Lanes::mul_add_pairs`] for sets without such instructions.
#[inline(always)]
fn mul_add_pairs_by_arrays<V: Lanes>(pairs: V, factors: V, term: V) -> V {
    let [pairs, factors] = [pairs.to_array(), factors.to_array()];
    let mut sums = term.to_array();
    for (index, sum) in sums.iter_mut().enumerate() {
        let [pair, factor] = [pairs[index], factors[index]].map(f32::to_bits);
        *sum += low_half(pair) * low_half(factor);
        *sum += high_half(pair) * high_half(factor);
    }
    // SAFETY: the array has room for the longest vector.
    unsafe { V::load(sums.as_ptr()) }
}

/// Two numbers, rounded to the nearest bfloat16, in the lower and the upper half.
pub(super) fn pair_of_bfloats(low: f32, high: f32) -> u32 {
    let [low, high] = [low, high].map(|number| u32::from(bf16::from_f32(number).to_bits()));
    high << 16 | low
}

/// The float of the lower half of a pair of bfloat16.
fn low_half(pair: u32) -> f32 {
    f32::from_bits(pair << 16)
}

/// The float of the upper half.
fn high_half(pair: u32) -> f32 {
    f32::from_bits(pair & 0xFFFF_0000)
}

/// A computation over any [`Lanes`], called once and inlined.
pub(super) trait SimdOp {
    /// Runs it. Implementations must be `#[inline(always)]`.
    fn run<V: Lanes>(self);
}

/// The vector instructions that kernels use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InstructionSet {
    /// Arrays of four floats, vectorised by the compiler. Runs everywhere.
    Plain,
    /// 128 bits on ARM.
    Neon,
    /// 256 bits with fused multiply-add on x86 (and half precision, which all of these have).
    Avx2,
    /// 512 bits on x86.
    Avx512,
}

impl InstructionSet {
    /// Every set, the fastest last.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Neon, Self::Avx2, Self::Avx512];

    /// The fastest that this machine has. The variable `HAMILTONE_INSTRUCTIONS` (`plain`, `neon`,
    /// `avx2`, `avx512`) asks for a lower one, for comparisons; it is read once. Unknown names, and sets that this machine
    /// lacks, are ignored.
    pub fn best() -> Self {
        static BEST: std::sync::LazyLock<InstructionSet> = std::sync::LazyLock::new(|| {
            let name = std::env::var("HAMILTONE_INSTRUCTIONS").unwrap_or_default();
            InstructionSet::best_for(&name)
        });
        *BEST
    }

    fn best_for(name: &str) -> Self {
        let available = || Self::ALL.into_iter().filter(|set| set.is_available());
        let named = available().find(|set| set.name() == name);
        named.or(available().next_back()).unwrap_or(Self::Plain)
    }

    /// A short name, as `HAMILTONE_INSTRUCTIONS` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Plain => true,
            Self::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Floats in a vector: the layout of activations depends on it.
    pub fn lanes(self) -> usize {
        match self {
            Self::Plain | Self::Neon => 4,
            Self::Avx2 => 8,
            Self::Avx512 => 16,
        }
    }

    /// Whether its vectors load numbers in half precision as fast as floats.
    pub(super) fn loads_halves(self) -> bool {
        matches!(self, Self::Avx2 | Self::Avx512)
    }

    /// [`Lanes::BLOCKS`] of this set.
    pub(super) fn blocks_at_once(self) -> usize {
        struct Blocks<'a>(&'a mut usize);
        impl SimdOp for Blocks<'_> {
            #[inline(always)]
            fn run<V: Lanes>(self) {
                *self.0 = V::BLOCKS;
            }
        }
        let mut blocks = 0;
        self.run(Blocks(&mut blocks));
        blocks
    }

    /// Whether this machine multiplies pairs of bfloat16 by instructions of its own, at twice the rate of floats.
    pub fn multiplies_pairs(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self == Self::Avx512 && is_x86_feature_detected!("avx512bf16");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Whether kernels that multiply pairs run on it: where this machine has instructions for them, and in plain Rust, to compare
    /// with. They are not compiled for other sets.
    pub fn runs_pairs(self) -> bool {
        self == Self::Plain || self.multiplies_pairs()
    }

    /// As [`run`](Self::run), for kernels that multiply pairs.
    ///
    /// # Panics
    /// If they do not [run on the set](Self::runs_pairs).
    pub(super) fn run_with_pairs<O: SimdOp>(self, op: O) {
        assert!(self.runs_pairs(), "{} multiplies no bfloat16", self.name());
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx512 {
            // SAFETY: the processor was checked above.
            return unsafe { avx512::run_with_pairs(op) };
        }
        op.run::<plain::Plain>();
    }

    /// Runs `op` with the vectors of this set.
    ///
    /// # Panics
    /// If the machine does not have it.
    pub(super) fn run<O: SimdOp>(self, op: O) {
        assert!(self.is_available(), "this processor has no {}", self.name());
        match self {
            Self::Plain => op.run::<plain::Plain>(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => op.run::<neon::Neon>(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor was checked above.
            Self::Avx2 => unsafe { avx2::run(op) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor was checked above.
            Self::Avx512 => unsafe { avx512::run(op) },
            #[allow(unreachable_patterns)] // each architecture lacks some
            _ => unreachable!("not available"),
        }
    }
}

#[cfg(test)]
mod tests;
