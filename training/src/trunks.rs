//! Trunks of fresh networks: separable ones of named sizes, or blocks that a file lists.

use std::path::Path;

use anyhow::Context;
use hamiltone_engine::network::Block;
use serde::{Deserialize, Serialize};

/// Sizes of separable trunks of four blocks that pool: a 3×3 convolution at the full rate, then inverted residual units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TrunkSize {
    /// About an eighth of the multiply-adds of `general`.
    SeparableSmall,
    /// About a quarter.
    Separable,
    /// About two fifths.
    SeparableLarge,
}

/// Quaternion filters of a unit's output, and between its expansion and its projection.
type UnitSizes = (usize, usize);

/// One separable block: the size of its depthwise kernels, and its units.
type BlockSizes = (usize, &'static [UnitSizes]);

impl TrunkSize {
    /// Filters of the 3×3 convolution, and the blocks behind it.
    fn sizes(self) -> (usize, [BlockSizes; 3]) {
        match self {
            Self::SeparableSmall => (
                4,
                [
                    (3, &[(8, 16), (8, 16)]),
                    (5, &[(16, 32), (16, 48)]),
                    (5, &[(32, 64), (64, 128)]),
                ],
            ),
            Self::Separable => (
                8,
                [
                    (3, &[(8, 24), (8, 24)]),
                    (5, &[(24, 48), (24, 64)]),
                    (5, &[(48, 96), (48, 128), (96, 160)]),
                ],
            ),
            Self::SeparableLarge => (
                8,
                [
                    (3, &[(12, 24), (12, 32)]),
                    (5, &[(24, 48), (24, 64), (24, 64)]),
                    (5, &[(48, 128), (48, 192), (96, 192)]),
                ],
            ),
        }
    }

    /// The blocks.
    pub fn blocks(self) -> Vec<Block> {
        let (first, others) = self.sizes();
        let others = others.into_iter().map(|(kernel_size, units)| {
            let (filters, expanded) = units.iter().copied().unzip();
            Block::separable(filters, expanded, kernel_size, true)
        });
        let first = Block::new(vec![first], true);
        std::iter::once(first).chain(others).collect()
    }
}

/// The form of a file of blocks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrunkFile {
    trunk: Vec<Block>,
}

/// The blocks of a TOML file with a table `[[trunk]]` for each, as recipes have them, or of a JSON file of the same structure
/// (`.json`). Blocks.
///
/// # Errors
/// If the file cannot be read or has another structure. Sizes are not checked.
pub fn read_blocks(path: &Path) -> anyhow::Result<Vec<Block>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let read: anyhow::Result<TrunkFile> = match is_json {
        true => serde_json::from_str(&text).map_err(anyhow::Error::from),
        false => toml::from_str(&text).map_err(anyhow::Error::from),
    };
    Ok(read.with_context(|| path.display().to_string())?.trunk)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use hamiltone_engine::features::FeatureSettings;
    use hamiltone_engine::network::{Architecture, TemporalPooling};

    use super::*;

    fn network(blocks: Vec<Block>) -> Architecture {
        Architecture {
            blocks,
            hidden: 128,
            temporal_pooling: TemporalPooling::Statistics,
            ..Architecture::qcnn10(1.0, 527)
        }
    }

    #[test]
    fn the_sizes_are_what_is_said_of_them() {
        let features = FeatureSettings::default();
        let filters = [8, 16, 48, 96];
        let general = filters.map(|filters| Block::new(vec![filters; 2], true));
        let of = |shape: Architecture| shape.multiply_adds_per_second(&features) as f64;
        let general = of(network(general.to_vec()));
        let shares = TrunkSize::value_variants().iter().map(|size| {
            let shape = network(size.blocks());
            assert_eq!(shape.problem(features.mel_bands), None);
            assert_eq!(shape.frames_per_column(), 16);
            of(shape) / general
        });
        let shares: Vec<f64> = shares.collect();
        for (share, want) in shares.iter().zip([1.0 / 8.0, 0.25, 0.4]) {
            assert!((share / want - 1.0).abs() < 0.15, "{shares:?}");
        }
    }

    #[test]
    fn a_file_lists_blocks_in_toml_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let toml = write(
            "trunk.toml",
            "[[trunk]]\nfilters = [8]\npools = true\n\n[[trunk]]\nfilters = [8, 8]\npools = true\n\
             separable = { kernel_size = 5, expanded = [16, 24], residual = [true, false] }\n",
        );
        let blocks = read_blocks(&toml).unwrap();
        assert_eq!(blocks[0], Block::new(vec![8], true));
        let units = blocks[1].separable.as_ref().unwrap();
        assert_eq!(
            (units.kernel_size, units.expanded.as_slice()),
            (5, &[16, 24][..])
        );
        let json = serde_json::json!({ "trunk": &blocks }).to_string();
        assert_eq!(read_blocks(&write("trunk.json", &json)).unwrap(), blocks);
        let unknown = write("wrong.toml", "[[trunk]]\nfilters = [8]\npool = true\n");
        let error = format!("{:#}", read_blocks(&unknown).unwrap_err());
        assert!(
            error.contains("wrong.toml") && error.contains("pool"),
            "{error}"
        );
    }
}
