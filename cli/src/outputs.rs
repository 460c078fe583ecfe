//! Which input's results go where.

use std::collections::HashSet;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::inputs::Input;

/// Files of an output folder that are no results of an input.
pub(crate) const OWN: [&str; 3] = [JOURNAL, "summary.csv", "summary.jsonl"];
/// The journal of an output folder.
pub(crate) const JOURNAL: &str = "hamiltone-journal.jsonl";

/// Where the results of all inputs go. Four bytes an input: paths are made when they are asked for.
pub(crate) struct Plan<'a> {
    inputs: &'a [Input],
    folder: &'a Path,
    endings: Vec<&'a str>,
    /// Of each input, from 1.
    numbers: Vec<u32>,
}

impl<'a> Plan<'a> {
    /// Each input's results are its place with each ending added (`song.wav` becomes `song.wav.json`, so that
    /// `song.flac` beside it stays apart). Where two inputs would share a path, all of the later one's get a number,
    /// and so they do where a file lies there that is not `ours` (by place and index of the ending); no input and no
    /// file of another program is ever written over.
    pub(crate) fn new(
        inputs: &'a [Input],
        folder: &'a Path,
        endings: &[&'a str],
        ours: impl Fn(&Path, usize) -> bool,
    ) -> Self {
        let mut plan = Self {
            inputs,
            folder,
            endings: endings.to_vec(),
            numbers: Vec::with_capacity(inputs.len()),
        };
        let mut taken: HashSet<u64> = inputs.iter().map(|input| key(&input.path)).collect();
        taken.extend(OWN.map(|name| key(&folder.join(name))));
        for input in inputs {
            let free = |number: &u32| {
                let place = place(input, *number);
                let mut paths = plan.paths(&place).into_iter().enumerate();
                !paths.any(|(ending, path)| {
                    let foreign = || path.symlink_metadata().is_ok() && !ours(&place, ending);
                    taken.contains(&key(&path)) || foreign()
                })
            };
            let number = (1..).find(free).expect("numbers do not run out");
            taken.extend(
                plan.paths(&place(input, number))
                    .iter()
                    .map(|path| key(path)),
            );
            plan.numbers.push(number);
        }
        plan
    }

    /// Where the results of an input lie below the folder, with its number if it has one, without an ending.
    pub(crate) fn place(&self, index: usize) -> PathBuf {
        place(&self.inputs[index], self.numbers[index])
    }

    /// The files of a place, one for each ending.
    pub(crate) fn paths(&self, place: &Path) -> Vec<PathBuf> {
        let path = |ending: &&str| self.folder.join(with_suffix(place, &format!(".{ending}")));
        self.endings.iter().map(path).collect()
    }
}

fn place(input: &Input, number: u32) -> PathBuf {
    match number {
        1 => input.place.clone(),
        _ => with_suffix(&input.place, &format!("-{number}")),
    }
}

fn with_suffix(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place
        .file_name()
        .map_or_else(OsString::new, ToOwned::to_owned);
    name.push(suffix);
    place.with_file_name(name)
}

/// The same for two names that one file can have where file systems do not tell cases apart. A hash, since there are
/// many; two paths of one hash would cost nothing but a number in a name.
fn key(path: &Path) -> u64 {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut hasher = DefaultHasher::new(); // the same in every run
    absolute.to_string_lossy().to_lowercase().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(path: &str, place: &str) -> Input {
        Input {
            path: path.into(),
            place: place.into(),
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
        let plan = Plan::new(&inputs, Path::new("out"), &["json"], |_, _| false);
        let expected = [
            "out/x.wav.json",
            "out/x.wav-2.json",
            "out/x.flac.json",
            "out/X.WAV-3.json",
            "out/x.wav-2-2.json",
            "out/deep/x.wav.json",
        ];
        for (index, expected) in expected.iter().enumerate() {
            assert_eq!(plan.paths(&plan.place(index)), [PathBuf::from(expected)]);
        }
    }

    #[test]
    fn an_input_is_never_written_over() {
        let inputs = [input("out/take.json", "other"), input("take", "take")];
        let plan = Plan::new(&inputs, Path::new("out"), &["csv", "json"], |_, _| false);
        let expected = ["out/take-2.csv", "out/take-2.json"].map(PathBuf::from);
        let place = plan.place(1);
        assert_eq!(
            plan.paths(&place),
            expected,
            "all of one input have one number"
        );
        assert_eq!(place, Path::new("take-2"));
    }
}
