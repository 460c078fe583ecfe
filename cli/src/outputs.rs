//! Results in files: which input goes where, and writing whole files or none.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::inputs::Input;

/// Files of an output folder that are no results of an input.
pub(crate) const OWN: [&str; 3] = [JOURNAL, "summary.csv", "summary.jsonl"];
/// The journal of an output folder.
pub(crate) const JOURNAL: &str = "hamiltone-journal.jsonl";
/// Half-written files of killed runs that are in the way of another at most.
const MOST_LEFT_OVER: usize = 1_000;

/// Where the results of an input go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Below the folder, with its number if it has one, without an ending.
    pub(crate) place: PathBuf,
    /// A path an ending.
    pub(crate) paths: Vec<PathBuf>,
}

/// The paths below `folder` for each input: its place with each ending added (`song.wav` becomes
/// `song.wav.json`, so that `song.flac` beside it stays apart). Where two inputs would share one,
/// all of the later one's get a number, and so they do where a file lies there that is not `ours` (by
/// place and number of the ending); no input and no file of another program is ever written over.
pub(crate) fn plan(
    inputs: &[Input],
    folder: &Path,
    endings: &[&str],
    ours: impl Fn(&Path, usize) -> bool,
) -> Vec<Planned> {
    let mut taken: HashSet<String> = inputs.iter().map(|input| key(&input.path)).collect();
    taken.extend(OWN.map(|name| key(&folder.join(name))));
    let foreign = |planned: &Planned| {
        let mut paths = planned.paths.iter().enumerate();
        paths.any(|(ending, path)| path.symlink_metadata().is_ok() && !ours(&planned.place, ending))
    };
    inputs
        .iter()
        .map(|input| {
            let of = |number: usize| {
                let suffix = (number > 1).then(|| format!("-{number}"));
                let place = with_suffix(&input.place, &suffix.unwrap_or_default());
                let path = |ending: &&str| folder.join(with_suffix(&place, &format!(".{ending}")));
                let paths = endings.iter().map(path).collect();
                Planned { place, paths }
            };
            let planned = (1..)
                .map(of)
                .find(|planned| {
                    let clashes = planned.paths.iter().any(|path| taken.contains(&key(path)));
                    !clashes && !foreign(planned)
                })
                .expect("numbers do not run out");
            taken.extend(planned.paths.iter().map(|path| key(path)));
            planned
        })
        .collect()
}

fn with_suffix(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place
        .file_name()
        .map_or_else(OsString::new, ToOwned::to_owned);
    name.push(suffix);
    place.with_file_name(name)
}

/// The same for two names that one file can have where file systems do not tell cases apart.
fn key(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.to_string_lossy().to_lowercase()
}

/// Makes the folder and tries whether files can be made in it: better told before hours of work
/// than after.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    let trial = folder.join(format!(".hamiltone-{}", std::process::id()));
    write(&trial, "")?;
    fs::remove_file(trial)
}

/// Writes a file whole or not at all: beside it first, then moved into its place. Makes the
/// folders on the way.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    write_with(path, |target| target.write_all(text.as_bytes()))
}

/// The same by a writer of its own, so that nothing has to be in memory.
pub(crate) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let (beside, file) = open_beside(path)?;
    let whole = || -> io::Result<()> {
        let mut file = BufWriter::new(file);
        fill(&mut file)?;
        file.flush()?;
        fs::rename(&beside, path)
    };
    whole().inspect_err(|_| {
        let _ = fs::remove_file(&beside); // what went wrong is told already
    })
}

/// A new file in the path's folder, of a name that neither another run has nor anyone else, and no
/// longer where the path's own is long.
fn open_beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..MOST_LEFT_OVER {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".hamiltone-{}-{number}.part", std::process::id());
        let beside = path.with_file_name(name);
        match fs::File::create_new(&beside) {
            // Left over from a run that was killed and had the same process number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((beside, opened?)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
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
        let planned = plan(&inputs, Path::new("out"), &["json"], |_, _| false);
        let names: Vec<_> = planned
            .iter()
            .map(|planned| planned.paths[0].to_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "out/x.wav.json",
                "out/x.wav-2.json",
                "out/x.flac.json",
                "out/X.WAV-3.json",
                "out/x.wav-2-2.json",
                "out/deep/x.wav.json",
            ]
        );
    }

    #[test]
    fn an_input_is_never_written_over() {
        let inputs = [input("out/take.json", "other"), input("take", "take")];
        let planned = plan(&inputs, Path::new("out"), &["csv", "json"], |_, _| false);
        let expected = ["out/take-2.csv", "out/take-2.json"].map(PathBuf::from);
        assert_eq!(
            planned[1].paths, expected,
            "all of one input have one number"
        );
        assert_eq!(planned[1].place, Path::new("take-2"));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/result.json");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let blocked = folder.path().join("blocked.json");
        fs::create_dir(&blocked).unwrap(); // a file cannot be moved over a folder
        assert!(write(&blocked, "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_written_beside_takes_no_name_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        let process = std::process::id();
        let left_over = |number| format!(".hamiltone-{process}-{number}.part");
        let mut mine: Vec<String> = (0..20).map(left_over).collect();
        mine.push("result.json.part".to_owned());
        for name in &mine {
            fs::write(folder.path().join(name), "mine").unwrap();
        }
        write(&path, "one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        for name in &mine {
            let text = fs::read_to_string(folder.path().join(name));
            assert_eq!(text.unwrap(), "mine", "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), mine.len() + 1);
    }
}
