//! The division of the inputs among several runs.

use std::path::Path;

use sha2::{Digest, Sha256};

/// Part `index` of `count`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: u32,
    pub(crate) count: u32,
}

impl Shard {
    /// From `K/N`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "must be K/N with K from 1 to N, such as 3/8";
        let (index, count) = text.split_once('/').ok_or(wrong)?;
        match (index.parse(), count.parse()) {
            (Ok(index), Ok(count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(wrong),
        }
    }

    /// Whether a path of results belongs to this part. Depends on nothing but the path. Paths that differ only in case, which
    /// may be one file, belong to the same part.
    pub(crate) fn has(self, stem: &Path) -> bool {
        let text = stem.to_string_lossy().to_lowercase();
        // The same on all systems.
        let text = text.replace(std::path::MAIN_SEPARATOR, "/");
        let digest = Sha256::digest(text.as_bytes());
        let first = digest.iter().take(8);
        let number = first.fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.count) == u64::from(self.index - 1)
    }

    /// `summary.csv` to `summary.3-of-8.csv`.
    pub(crate) fn file_name(self, name: &str) -> String {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        format!("{stem}.{}-of-{}.{ending}", self.index, self.count)
    }

    /// The part and the name without it: the opposite of [`file_name`](Self::file_name).
    pub(crate) fn of_file_name(file: &str) -> Option<(Self, String)> {
        let (rest, ending) = file.rsplit_once('.')?;
        let (stem, shard) = rest.rsplit_once('.')?;
        let shard = Self::parse(&shard.replacen("-of-", "/", 1)).ok()?;
        let name = format!("{stem}.{ending}");
        (shard.file_name(&name) == file).then_some((shard, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_disjoint_and_complete_and_stable() {
        let stems: Vec<String> = (0..1_000)
            .map(|n| format!("folder/Sound {n}.wav"))
            .collect();
        for count in [1, 3, 8] {
            let of = |stem: &str| {
                let shards = (1..=count).map(|index| Shard { index, count });
                let having: Vec<u32> = shards
                    .filter(|shard| shard.has(Path::new(stem)))
                    .map(|shard| shard.index)
                    .collect();
                assert_eq!(having.len(), 1, "{stem}");
                having[0]
            };
            let mut sizes = vec![0; count as usize];
            for stem in &stems {
                sizes[of(stem) as usize - 1] += 1;
                assert_eq!(of(stem), of(&stem.to_uppercase()));
            }
            assert!(sizes.iter().all(|size| size * count > 700), "{sizes:?}");
        }
        // A run years later divides in the same way.
        let shard = Shard { index: 2, count: 4 };
        let mine = stems[..12].iter().map(|stem| shard.has(Path::new(stem)));
        let mine: String = mine.map(|mine| if mine { '1' } else { '0' }).collect();
        assert_eq!(mine, "110110000000");
    }

    #[test]
    fn shards_are_parsed_and_name_files() {
        let shard = Shard { index: 3, count: 8 };
        assert_eq!(Shard::parse("3/8"), Ok(shard));
        for wrong in ["0/8", "9/8", "3", "3/", "/8", "-1/8", "3/0", "a/b", "3/8/9"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shard.file_name("summary.csv"), "summary.3-of-8.csv");
        let parsed = Shard::of_file_name("summary.3-of-8.csv");
        assert_eq!(parsed, Some((shard, "summary.csv".to_owned())));
        for other in [
            "summary.csv",
            "summary.9-of-8.csv",
            "a.b.c",
            "summary.03-of-8.csv",
        ] {
            assert_eq!(Shard::of_file_name(other), None, "{other}");
        }
    }
}
