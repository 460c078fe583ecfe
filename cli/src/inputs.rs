//! From what was typed to the files to read.

use std::path::{Path, PathBuf};

use hamiltone_decoding::is_audio_name;
use walkdir::WalkDir;

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it is, beginning with what was typed.
    pub(crate) path: PathBuf,
    /// Where its result goes below an output folder, without the format's ending: the file's name,
    /// or its way from the folder that was given.
    pub(crate) place: PathBuf,
}

/// The files, in the order given, and what was wrong on the way.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) files: Vec<Input>,
    pub(crate) problems: Vec<String>,
}

/// Finds the files: a file stands for itself, whatever its name; a folder for every audio file in
/// it and below, sorted by name. Links to folders are followed, once.
pub(crate) fn find(given: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    for path in given {
        if path.is_dir() {
            // With several inputs, each folder keeps its name in the output.
            let prefix = if given.len() > 1 {
                folder_name(path)
            } else {
                PathBuf::new()
            };
            walk(path, &prefix, &mut inputs);
        } else if path.as_os_str() == "-" && !path.exists() {
            let what = "-: sound from a pipe is read as /dev/stdin where there is one \
                        (`… | hamiltone classify /dev/stdin`); elsewhere write it to a file first";
            inputs.problems.push(what.to_owned());
        } else {
            // Reading it says what is wrong with it, if anything is: also that it is missing.
            let place = path
                .file_name()
                .map_or_else(|| PathBuf::from("input"), PathBuf::from);
            inputs.files.push(Input {
                path: path.clone(),
                place,
            });
        }
    }
    inputs
}

fn walk(folder: &Path, prefix: &Path, inputs: &mut Inputs) {
    let before = (inputs.files.len(), inputs.problems.len());
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if !entry.file_type().is_dir() && is_sound(entry.path()) => {
                let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                let place = prefix.join(below);
                inputs.files.push(Input {
                    path: entry.into_path(),
                    place,
                });
            }
            Ok(_) => {}
            // A link back up would be walked for ever; what it leads to is walked anyway.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => inputs
                .problems
                .push(format!("{}: {error}", folder.display())),
        }
    }
    if before == (inputs.files.len(), inputs.problems.len()) {
        inputs.problems.push(format!(
            "{}: no audio files in this folder or below (looked for {})",
            folder.display(),
            hamiltone_decoding::AUDIO_EXTENSIONS.join(", ")
        ));
    }
}

/// Whether it is named like sound. macOS leaves a twin of each file on a foreign disk, `._song.mp3`
/// beside `song.mp3`, that holds no sound.
fn is_sound(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    is_audio_name(path) && !name.as_encoded_bytes().starts_with(b"._")
}

/// The folder's own name, also where `.` or `..` was typed.
fn folder_name(folder: &Path) -> PathBuf {
    let resolved = folder.canonicalize();
    let named = resolved.as_deref().unwrap_or(folder).file_name();
    named.map(PathBuf::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        folder
    }

    fn places(inputs: &Inputs) -> Vec<String> {
        inputs
            .files
            .iter()
            .map(|input| input.place.display().to_string())
            .collect()
    }

    #[test]
    fn folders_are_walked_in_order_and_keep_their_structure() {
        let folder = folder_with(&["b.wav", "a/2.ogg", "a/1.FLAC", "notes.txt", "a/z/3.mp3"]);
        let one = find(&[folder.path().to_owned()]);
        assert_eq!(places(&one), ["a/1.FLAC", "a/2.ogg", "a/z/3.mp3", "b.wav"]);
        assert!(one.problems.is_empty());
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let two = find(&[folder.path().join("b.wav"), folder.path().to_owned()]);
        assert_eq!(
            places(&two)[..2],
            ["b.wav".to_owned(), format!("{name}/a/1.FLAC")]
        );
    }

    #[test]
    fn twins_that_macos_leaves_are_read_only_where_they_are_named() {
        let folder = folder_with(&["a/._song.mp3", "a/song.mp3", "a/.hidden.mp3"]);
        let inputs = find(&[folder.path().to_owned()]);
        assert_eq!(places(&inputs), ["a/.hidden.mp3", "a/song.mp3"]);
        let named = find(&[folder.path().join("a/._song.mp3")]);
        assert_eq!(places(&named), ["._song.mp3"]);
    }

    #[test]
    fn a_folder_without_audio_is_a_problem_that_says_so() {
        let folder = folder_with(&["notes.txt", "sub/readme.md"]);
        let inputs = find(&[folder.path().to_owned()]);
        assert!(inputs.files.is_empty());
        assert!(
            inputs.problems[0].contains("no audio files"),
            "{}",
            inputs.problems[0]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_above_does_not_loop() {
        let folder = folder_with(&["a/1.wav"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        let inputs = find(&[folder.path().to_owned()]);
        assert_eq!(places(&inputs), ["a/1.wav"]);
        assert!(inputs.problems.is_empty(), "{:?}", inputs.problems);
    }
}
