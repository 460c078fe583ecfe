//! The cost of running a model, and limits to it.

use std::fmt;

use crate::features::FeatureSettings;
use crate::network::Architecture;

/// The cost of running a model, computed from its architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Real multiply-adds for a second of audio
    /// ([`Architecture::multiply_adds_per_second`]).
    pub multiply_adds_per_second: u64,
    /// Bytes of memory to load it and run it once ([`Architecture::memory_bytes`]).
    pub memory_bytes: u64,
}

impl Cost {
    /// Of a network and the features that it reads. Does not need the weights.
    pub fn of(architecture: &Architecture, features: &FeatureSettings) -> Self {
        Self {
            multiply_adds_per_second: architecture.multiply_adds_per_second(features),
            memory_bytes: architecture.memory_bytes(features),
        }
    }
}

/// Limits to the cost of a model. A model that costs more is refused before its weights are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Multiply-adds for a second of audio.
    pub multiply_adds_per_second: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// 8 G multiply-adds a second and 1 GB: four times the arithmetic of QCNN14, the largest network of
    /// arXiv 2510.21388, and more memory than it takes. A core computes that in about a third of real time.
    fn default() -> Self {
        Self {
            multiply_adds_per_second: 8_000_000_000,
            memory_bytes: 1_000_000_000,
        }
    }
}

impl Limits {
    /// The environment variable that replaces the limit of multiply-adds.
    pub const MULTIPLY_ADDS_VARIABLE: &str = "HAMILTONE_MAX_MULTIPLY_ADDS";
    /// The environment variable that replaces the limit of memory.
    pub const MEMORY_VARIABLE: &str = "HAMILTONE_MAX_MEMORY";
    /// No limit at all.
    pub const NONE: Self = Self {
        multiply_adds_per_second: u64::MAX,
        memory_bytes: u64::MAX,
    };

    /// The defaults, or what [`MULTIPLY_ADDS_VARIABLE`](Self::MULTIPLY_ADDS_VARIABLE) and
    /// [`MEMORY_VARIABLE`](Self::MEMORY_VARIABLE) say, as [`parse_count`] reads it. A value that it cannot
    /// read leaves the default; the refusal of a model names the limit in force.
    pub fn from_environment() -> Self {
        let or = |name: &str, default: u64| {
            let value = std::env::var(name).ok();
            value.and_then(|text| parse_count(&text)).unwrap_or(default)
        };
        let default = Self::default();
        Self {
            multiply_adds_per_second: or(
                Self::MULTIPLY_ADDS_VARIABLE,
                default.multiply_adds_per_second,
            ),
            memory_bytes: or(Self::MEMORY_VARIABLE, default.memory_bytes),
        }
    }

    /// Whether a cost is within both limits.
    pub fn admit(&self, cost: Cost) -> bool {
        cost.multiply_adds_per_second <= self.multiply_adds_per_second
            && cost.memory_bytes <= self.memory_bytes
    }
}

/// A cost above the limits; its message says how to raise them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// The cost of the model.
    pub cost: Cost,
    /// The limits in force.
    pub limits: Limits,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cost, limits } = self;
        let over = [
            (
                cost.multiply_adds_per_second,
                limits.multiply_adds_per_second,
                "multiply-adds for each second of audio",
                (Limits::MULTIPLY_ADDS_VARIABLE, "--max-multiply-adds"),
            ),
            (
                cost.memory_bytes,
                limits.memory_bytes,
                "bytes of memory",
                (Limits::MEMORY_VARIABLE, "--max-memory"),
            ),
        ];
        let over = over.iter().filter(|(needs, limit, ..)| needs > limit);
        for (index, (needs, limit, what, (variable, option))) in over.enumerate() {
            let (start, needs) = (if index == 0 { "" } else { "; " }, rounded_up(*needs));
            write!(
                f,
                "{start}it needs {needs} {what}, the limit is {}; set {variable}={needs} to allow that \
                 (command line: {option} {needs})",
                rounded_up(*limit)
            )?;
        }
        Ok(())
    }
}

/// Reads a count that may end in `k`, `M`, `G` or `T` (powers of 1 000): `800M`, `2.5G`, `1e10`. `None` for
/// anything else, and for numbers below 1.
pub fn parse_count(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = |c| "kMGT".find(c).map(|index| 1_000f64.powi(index as i32 + 1));
    let (number, factor) = match text.chars().last().and_then(unit) {
        Some(factor) => (&text[..text.len() - 1], factor),
        None => (text, 1.0),
    };
    let count = number.parse::<f64>().ok()? * factor;
    (count >= 1.0 && count <= u64::MAX as f64).then_some(count as u64)
}

/// With at least three figures, never less than the count: [`parse_count`] reads it again.
fn rounded_up(count: u64) -> String {
    let (mut value, mut unit) = (count as f64, "");
    for next in ["k", "M", "G", "T"] {
        if value < 1_000.0 {
            break;
        }
        (value, unit) = (value / 1_000.0, next);
    }
    let figures = if value < 10.0 && !unit.is_empty() {
        100.0
    } else {
        10.0
    };
    let value = (value * figures).ceil() / figures;
    format!("{value}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qcnn14() -> (Architecture, FeatureSettings) {
        (Architecture::qcnn14(1.0, 527), FeatureSettings::default())
    }

    #[test]
    fn the_default_limits_admit_the_largest_published_network_and_not_much_more() {
        let (net, features) = qcnn14();
        let cost = Cost::of(&net, &features);
        assert!(Limits::default().admit(cost), "{cost:?}");
        let finer = FeatureSettings {
            hop: 16,
            ..features.clone()
        };
        assert!(!Limits::default().admit(Cost::of(&net, &finer)));
        let wide = Architecture::qcnn14(2.0, 527);
        assert!(!Limits::default().admit(Cost::of(&wide, &features)));
    }

    #[test]
    fn a_refusal_says_what_is_needed_and_how_to_allow_it() {
        let excess = Excess {
            cost: Cost {
                multiply_adds_per_second: 21_310_000_000,
                memory_bytes: 999,
            },
            limits: Limits::default(),
        };
        assert_eq!(
            excess.to_string(),
            "it needs 21.4G multiply-adds for each second of audio, the limit is 8G; set \
             HAMILTONE_MAX_MULTIPLY_ADDS=21.4G to allow that (command line: --max-multiply-adds 21.4G)"
        );
        let both = Excess {
            cost: Cost {
                memory_bytes: 2_000_000_001,
                ..excess.cost
            },
            ..excess
        };
        let said = both.to_string();
        assert!(said.contains("HAMILTONE_MAX_MULTIPLY_ADDS=21.4G"), "{said}");
        assert!(said.contains("HAMILTONE_MAX_MEMORY=2.01G"), "{said}");
    }

    #[test]
    fn counts_are_read_and_written() {
        for (text, count) in [
            ("800M", Some(800_000_000)),
            (" 2.5G ", Some(2_500_000_000)),
            ("1e10", Some(10_000_000_000)),
            ("7k", Some(7_000)),
            ("12", Some(12)),
            ("0", None),
            ("-1G", None),
            ("G", None),
            ("1e30", None),
            ("NaN", None),
            ("much", None),
            ("", None),
        ] {
            assert_eq!(parse_count(text), count, "{text:?}");
        }
        for count in [1, 999, 1_000, 1_001, 8_000_000_000, 123_456_789_012] {
            assert!(parse_count(&rounded_up(count)).unwrap() >= count, "{count}");
        }
    }
}
