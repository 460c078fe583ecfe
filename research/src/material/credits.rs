//! The sources of a general tagger's sounds: a line for each package or other source, to ship beside the models.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use hamiltone_training::files;
use hamiltone_training::material::Source;

/// The list's name in the folder of the material.
pub(super) const CREDITS: &str = "credits.csv";

#[derive(Debug, PartialEq, Serialize)]
struct Credit<'a> {
    /// The package or set.
    source: &'a str,
    kind: &'a str,
    licence: &'a str,
    sounds: usize,
    minutes: f64,
}

/// Writes what `distil` may learn from without `--research`, summed by source.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write_credits(sources: &[Source], folder: &Path) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for credit in credits(sources) {
        writer.serialize(credit)?;
    }
    let bytes = writer.into_inner().context("writing the credits")?;
    files::replace_bytes(&folder.join(CREDITS), &bytes)
}

fn credits(sources: &[Source]) -> Vec<Credit<'_>> {
    let mut sums: BTreeMap<_, (usize, f64)> = BTreeMap::new();
    for one in sources.iter().filter(|s| s.commercial && !s.held_out) {
        let name = one.source.split(':').next().unwrap_or_default();
        let sum = sums.entry((name, &*one.kind, &*one.licence)).or_default();
        *sum = (sum.0 + 1, sum.1 + one.seconds);
    }
    let credit = |((source, kind, licence), (sounds, seconds)): (_, (usize, f64))| Credit {
        source,
        kind,
        licence,
        sounds,
        minutes: (seconds / 6.0).round() / 10.0,
    };
    sums.into_iter().map(credit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_learned_from_is_not_credited() {
        let sound = |source: &str, commercial: bool, held_out: bool| Source {
            path: Default::default(),
            source: source.to_owned(),
            group: String::new(),
            kind: "music".to_owned(),
            licence: "CC0".to_owned(),
            commercial,
            held_out,
            seconds: 90.0,
        };
        let sources = [
            sound("b:1.ogg", true, false),
            sound("a:x:1.ogg", true, false),
            sound("b:2.ogg", true, false),
            sound("c:1.ogg", false, false),
            sound("d:1.ogg", true, true),
        ];
        let credits = credits(&sources);
        let told: Vec<_> = credits
            .iter()
            .map(|credit| (credit.source, credit.sounds, credit.minutes))
            .collect();
        assert_eq!(told, [("a", 1, 1.5), ("b", 2, 3.0)]);
    }
}
