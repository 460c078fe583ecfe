//! The paths of all results.

use std::collections::HashSet;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::inputs::Input;
use crate::shard::Shard;

/// The journal of an output folder.
pub(crate) const JOURNAL: &str = "hamiltone-journal.jsonl";
/// The summary of the last run.
pub(crate) const SUMMARY_CSV: &str = "summary.csv";
/// The same as JSON lines.
pub(crate) const SUMMARY_JSONL: &str = "summary.jsonl";
/// The events of the last run.
pub(crate) const EVENTS_CSV: &str = "events.csv";
/// The events of the last run as a selection table for Raven, if that format was chosen.
pub(crate) const SELECTIONS: &str = "all-files.raven.txt";
/// Names that no result can have.
const RESERVED: [&str; 5] = [JOURNAL, SUMMARY_CSV, SUMMARY_JSONL, EVENTS_CSV, SELECTIONS];

/// The names of the files of a run. Those of parts of `--shard` have the part in their names, since several runs write at
/// the same time.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) journal: String,
    pub(crate) summary_csv: String,
    pub(crate) summary_jsonl: String,
    pub(crate) events_csv: String,
    pub(crate) selections: String,
}

impl Names {
    pub(crate) fn of(shard: Option<Shard>) -> Self {
        let [journal, summary_csv, summary_jsonl, events_csv, selections] =
            RESERVED.map(|name| match shard {
                None => name.to_owned(),
                Some(shard) => shard.file_name(name),
            });
        Self {
            journal,
            summary_csv,
            summary_jsonl,
            events_csv,
            selections,
        }
    }

    /// The tables.
    pub(crate) fn tables(&self) -> [&str; 4] {
        [
            &self.summary_csv,
            &self.summary_jsonl,
            &self.events_csv,
            &self.selections,
        ]
    }
}

/// The paths of the results of all inputs. Needs four bytes per input; paths are composed on demand.
pub(crate) struct Plan<'a> {
    inputs: &'a [Input],
    folder: &'a Path,
    endings: Vec<&'a str>,
    /// One per input, from 1.
    numbers: Vec<u32>,
}

impl<'a> Plan<'a> {
    /// The results of an input are its stem with each ending: `song.wav` becomes `song.wav.json`, distinct from the
    /// results of `song.flac`. If a path is taken by another input or result, or by a file that is not `ours` (by stem and
    /// index of the ending), all results of that input get the same number. So neither inputs nor files of other programs
    /// are overwritten.
    pub(crate) fn new(
        inputs: &'a [Input],
        folder: &'a Path,
        endings: &[&'a str],
        shard: Option<Shard>,
        ours: impl Fn(&Path, usize) -> bool,
    ) -> Self {
        let mut plan = Self {
            inputs,
            folder,
            endings: endings.to_vec(),
            numbers: Vec::with_capacity(inputs.len()),
        };
        let mut taken: HashSet<u64> = inputs.iter().map(|input| key(&input.path)).collect();
        let names = Names::of(shard);
        let reserved = names.tables().into_iter().chain(RESERVED);
        taken.extend(reserved.map(|name| key(&folder.join(name))));
        for input in inputs {
            let free = |number: &u32| {
                let stem = stem(input, *number);
                let mut paths = plan.paths(&stem).into_iter().enumerate();
                !paths.any(|(ending, path)| {
                    let foreign = || path.symlink_metadata().is_ok() && !ours(&stem, ending);
                    taken.contains(&key(&path)) || foreign()
                })
            };
            let number = (1..).find(free).expect("numbers do not run out");
            taken.extend(
                plan.paths(&stem(input, number))
                    .iter()
                    .map(|path| key(path)),
            );
            plan.numbers.push(number);
        }
        plan
    }

    /// The path of the results of an input below the folder, with its number if it has one, without an ending.
    pub(crate) fn stem(&self, index: usize) -> PathBuf {
        stem(&self.inputs[index], self.numbers[index])
    }

    /// The stem as text with `/` between folders: unique among the inputs.
    pub(crate) fn id(&self, index: usize) -> String {
        let stem = self.stem(index);
        let parts = stem.iter().map(|part| part.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    }

    /// The files of a stem, one per ending.
    pub(crate) fn paths(&self, stem: &Path) -> Vec<PathBuf> {
        let path = |ending: &&str| self.folder.join(with_suffix(stem, &format!(".{ending}")));
        self.endings.iter().map(path).collect()
    }
}

fn stem(input: &Input, number: u32) -> PathBuf {
    match number {
        1 => input.stem.clone(),
        _ => with_suffix(&input.stem, &format!("-{number}")),
    }
}

fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut name = stem
        .file_name()
        .map_or_else(OsString::new, ToOwned::to_owned);
    name.push(suffix);
    stem.with_file_name(name)
}

/// A key that is equal for paths that differ only in case, which are one file on some file systems. It is a hash to save
/// memory; a collision only adds a number to a name.
fn key(path: &Path) -> u64 {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut hasher = DefaultHasher::new(); // not seeded: the same in every run
    absolute.to_string_lossy().to_lowercase().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(path: &str, stem: &str) -> Input {
        Input {
            path: path.into(),
            stem: stem.into(),
            channel: None,
        }
    }

    #[test]
    fn no_two_inputs_share_an_output() {
        let inputs = [
            input("a/x.wav", "x.wav"),
            input("b/x.wav", "x.wav"),
            input("x.flac", "x.flac"),
            input("c/X.WAV", "X.WAV"),
            input("x.wav-2", "x.wav-2"),
            input("d/x.wav", "deep/x.wav"),
        ];
        let plan = Plan::new(&inputs, Path::new("out"), &["json"], None, |_, _| false);
        let expected = [
            "out/x.wav.json",
            "out/x.wav-2.json",
            "out/x.flac.json",
            "out/X.WAV-3.json",
            "out/x.wav-2-2.json",
            "out/deep/x.wav.json",
        ];
        for (index, expected) in expected.iter().enumerate() {
            assert_eq!(plan.paths(&plan.stem(index)), [PathBuf::from(expected)]);
        }
    }

    #[test]
    fn an_input_is_never_overwritten() {
        let inputs = [input("out/take.json", "other"), input("take", "take")];
        let plan = Plan::new(&inputs, Path::new("out"), &["csv", "json"], None, |_, _| {
            false
        });
        let expected = ["out/take-2.csv", "out/take-2.json"].map(PathBuf::from);
        let stem = plan.stem(1);
        assert_eq!(
            plan.paths(&stem),
            expected,
            "all results of an input have the same number"
        );
        assert_eq!(stem, Path::new("take-2"));
    }
}
