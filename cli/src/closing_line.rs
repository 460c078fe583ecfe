//! The last line of a run: how many files were tagged, failed and skipped.

use std::collections::BTreeMap;
use std::path::Path;

use crate::batch::Count;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::write_tags::TagWriter;

/// Kinds of skipped files that are named.
const MAX_KINDS: usize = 4;

/// How many files are up to date from an earlier run, and the table; for runs with `--out`.
pub(crate) struct Results<'a> {
    pub(crate) known: usize,
    pub(crate) table: &'a Path,
}

/// Prints the line, unless the run was of a single file to stdout.
pub(crate) fn print(
    progress: &Progress,
    inputs: &Inputs,
    count: &Count,
    results: Option<&Results<'_>>,
    tags: Option<&TagWriter>,
) {
    let several = inputs.files.len() > 1 || inputs.from_folders;
    if several || results.is_some() || tags.is_some() {
        let mut line = text(count, &inputs.not_audio, results);
        if let Some(tags) = tags {
            line.push_str(&format!("; {}", tags.in_short()));
        }
        progress.info(&line);
    }
}

/// `498 tagged (12 up to date from an earlier run), 3 failed, 1 skipped (not audio: 1 txt); table: out/summary.csv`.
fn text(
    count: &Count,
    not_audio: &BTreeMap<String, usize>,
    results: Option<&Results<'_>>,
) -> String {
    let mut text = format!("{} tagged", count.read);
    if let Some(known) = results
        .map(|results| results.known)
        .filter(|known| *known > 0)
    {
        text.push_str(&format!(
            " ({known} up to date from an earlier run; --again repeats them)"
        ));
    }
    if count.refused > 0 {
        text.push_str(&format!(", {} failed", count.refused));
    }
    if count.skipped > 0 {
        text.push_str(&format!(
            ", {} left out after the first error",
            count.skipped
        ));
    }
    let skipped: usize = not_audio.values().sum();
    if skipped > 0 {
        text.push_str(&format!(
            ", {skipped} skipped (not audio: {})",
            kinds(not_audio)
        ));
    }
    if let Some(results) = results {
        text.push_str(&format!("; table: {}", results.table.display()));
    }
    text
}

/// The most frequent kinds: `10 txt, 3 jpg, 5 others`.
fn kinds(not_audio: &BTreeMap<String, usize>) -> String {
    let mut kinds: Vec<(&str, usize)> = not_audio
        .iter()
        .map(|(kind, &count)| (kind.as_str(), count))
        .collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count)); // stable: equal ones by name
    let others: usize = kinds.iter().skip(MAX_KINDS).map(|(_, count)| count).sum();
    kinds.truncate(MAX_KINDS);
    if others > 0 {
        kinds.push(("others", others));
    }
    let shown = kinds
        .into_iter()
        .map(|(kind, count)| format!("{count} {kind}"));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_and_kinds_are_counted() {
        let count = Count {
            read: 498,
            refused: 3,
            skipped: 0,
        };
        let kinds = [("txt", 4), ("jpg", 9), ("md", 1), ("pdf", 1), ("zip", 1)];
        let kinds: BTreeMap<String, usize> =
            kinds.map(|(kind, count)| (kind.to_owned(), count)).into();
        let results = Results {
            known: 12,
            table: Path::new("out/summary.csv"),
        };
        assert_eq!(
            text(&count, &kinds, Some(&results)),
            "498 tagged (12 up to date from an earlier run; --again repeats them), 3 failed, 16 skipped (not audio: 9 jpg, \
             4 txt, 1 md, 1 pdf, 1 others); table: out/summary.csv"
        );
        let all = Count {
            read: 2,
            ..Count::default()
        };
        assert_eq!(text(&all, &BTreeMap::new(), None), "2 tagged");
    }
}
