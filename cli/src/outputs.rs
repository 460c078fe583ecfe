//! Results in files: which input goes where, and writing whole files or none.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::inputs::Input;

/// A path below `folder` for each input: its place with the ending added (`song.wav` becomes
/// `song.wav.json`, so that `song.flac` beside it stays apart). Where two inputs would share one,
/// the later gets a number; no input is ever written over.
pub(crate) fn plan(inputs: &[Input], folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut taken: HashSet<String> = inputs.iter().map(|input| key(&input.path)).collect();
    inputs
        .iter()
        .map(|input| {
            let path = (1..)
                .map(|number| folder.join(numbered(&input.place, number, ending)))
                .find(|path| !taken.contains(&key(path)))
                .expect("numbers do not run out");
            taken.insert(key(&path));
            path
        })
        .collect()
}

fn numbered(place: &Path, number: usize, ending: &str) -> PathBuf {
    let mut name = place
        .file_name()
        .map_or_else(OsString::new, ToOwned::to_owned);
    if number > 1 {
        name.push(format!("-{number}"));
    }
    name.push(format!(".{ending}"));
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
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let whole = || -> io::Result<()> {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&beside, path)
    };
    whole().inspect_err(|_| {
        let _ = fs::remove_file(&beside); // what went wrong is told already
    })
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
        let planned = plan(&inputs, Path::new("out"), "json");
        let names: Vec<_> = planned.iter().map(|path| path.to_str().unwrap()).collect();
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
        let planned = plan(&inputs, Path::new("out"), "json");
        assert_eq!(planned[1], Path::new("out/take-2.json"));
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
        assert!(!folder.path().join("blocked.json.part").exists());
    }
}
