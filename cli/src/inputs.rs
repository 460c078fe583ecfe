//! Finds the files to read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hamiltone_analysis::Source;
use hamiltone_decoding::{AudioFile, is_audio_name, is_video_name};
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::shard::Shard;

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Its path, relative to the same folder as the argument.
    pub(crate) path: PathBuf,
    /// The path of its results below an output folder, without the ending: the name of the file, or its path below the
    /// folder in the arguments.
    pub(crate) stem: PathBuf,
    /// The channel to read, from 1; `None` mixes all.
    pub(crate) channel: Option<u32>,
}

impl Input {
    /// The file and the channel to read.
    pub(crate) fn source(&self) -> Source {
        Source {
            path: self.path.clone(),
            channel: self.channel,
        }
    }

    fn with_channel(&self, channel: u32) -> Self {
        let mut name = self.stem.file_name().unwrap_or_default().to_owned();
        name.push(format!(".ch{channel}"));
        Self {
            path: self.path.clone(),
            stem: self.stem.with_file_name(name),
            channel: Some(channel),
        }
    }
}

/// The channels to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    /// A mix of all.
    Mix,
    /// One, from 1.
    One(u32),
    /// Each separately.
    Each,
}

/// The files in the order of the arguments, and errors.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) files: Vec<Input>,
    pub(crate) problems: Vec<String>,
    /// Whether folders were searched.
    pub(crate) from_folders: bool,
    /// Files in folders that are not audio by their names, by kind.
    pub(crate) not_audio: BTreeMap<String, usize>,
}

/// Finds the files. A file is taken whatever its name; a folder stands for all audio and video files below it, sorted by
/// name. Links to folders are followed, but not in circles. With `shard`, only the files of that part are kept.
pub(crate) fn find(given: &[PathBuf], channels: Channels, shard: Option<Shard>) -> Inputs {
    let mut inputs = Inputs::default();
    for path in given {
        if path.is_dir() {
            // With several arguments, results of a folder lie in a folder of its name.
            let prefix = if given.len() > 1 {
                folder_name(path)
            } else {
                PathBuf::new()
            };
            walk(path, &prefix, &mut inputs);
        } else if path.as_os_str() == "-" && !path.exists() {
            let message = "-: to read a pipe, give /dev/stdin (`… | hamiltone classify /dev/stdin`); on systems \
                           without it, save the audio to a file first";
            inputs.problems.push(message.to_owned());
        } else {
            // A missing file is reported when it is read.
            let stem = path
                .file_name()
                .map_or_else(|| PathBuf::from("input"), PathBuf::from);
            inputs.files.push(Input {
                path: path.clone(),
                stem,
                channel: None,
            });
        }
    }
    if let Some(shard) = shard {
        inputs.files.retain(|input| shard.has(&input.stem));
    }
    inputs.select(channels);
    inputs
}

impl Inputs {
    fn select(&mut self, channels: Channels) {
        self.files = match channels {
            Channels::Mix => return,
            Channels::One(channel) => {
                let files = self.files.iter();
                files.map(|input| input.with_channel(channel)).collect()
            }
            Channels::Each => {
                // A pipe can be opened only once, so its channels cannot be counted before it is read.
                let (pipes, files): (Vec<Input>, Vec<Input>) =
                    self.files.drain(..).partition(|input| is_pipe(&input.path));
                for pipe in pipes {
                    let path = pipe.path.display();
                    self.problems.push(format!(
                        "{path}: --channel each needs a regular file; save the audio to a file first"
                    ));
                }
                files.par_iter().flat_map_iter(each_channel).collect()
            }
        };
    }
}

fn is_pipe(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// One input per channel. A file that cannot be opened is reported when it is read.
fn each_channel(input: &Input) -> Vec<Input> {
    match AudioFile::open(&input.path) {
        Err(_) => vec![input.with_channel(1)],
        Ok(file) => {
            let channels = 1..=file.channels() as u32;
            channels
                .map(|channel| input.with_channel(channel))
                .collect()
        }
    }
}

fn walk(folder: &Path, prefix: &Path, inputs: &mut Inputs) {
    let before = (inputs.files.len(), inputs.problems.len());
    inputs.from_folders = true;
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if has_audio_name(entry.path()) => {
                let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                let stem = prefix.join(below);
                inputs.files.push(Input {
                    path: entry.into_path(),
                    stem,
                    channel: None,
                });
            }
            Ok(entry) => *inputs.not_audio.entry(kind(entry.path())).or_default() += 1,
            // A link to a parent folder, which is walked anyway.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => inputs
                .problems
                .push(format!("{}: {error}", folder.display())),
        }
    }
    if before == (inputs.files.len(), inputs.problems.len()) {
        inputs.problems.push(format!(
            "{}: no files of an audio or video format in this folder or below, by their extensions",
            folder.display()
        ));
    }
}

/// Whether the extension is one of audio or video. On disks without resource forks macOS writes `._song.mp3` beside
/// `song.mp3`, which is not audio.
fn has_audio_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    (is_audio_name(path) || is_video_name(path)) && !name.as_encoded_bytes().starts_with(b"._")
}

/// What a file that is not audio is called in the closing line: its extension.
fn kind(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    if name.as_encoded_bytes().starts_with(b"._") {
        return "resource forks of macOS".to_owned();
    }
    match path.extension() {
        Some(extension) => extension.to_string_lossy().to_lowercase(),
        None => "without extension".to_owned(),
    }
}

/// The name of a folder, also of `.` and `..`.
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

    fn stems(inputs: &Inputs) -> Vec<String> {
        inputs
            .files
            .iter()
            .map(|input| input.stem.display().to_string())
            .collect()
    }

    #[test]
    fn folders_are_walked_in_order_and_keep_their_structure() {
        let folder = folder_with(&[
            "b.wav",
            "a/2.ogg",
            "a/1.FLAC",
            "notes.txt",
            "a/z/3.mp3",
            "v.MOV",
        ]);
        let one = find(&[folder.path().to_owned()], Channels::Mix, None);
        assert_eq!(
            stems(&one),
            ["a/1.FLAC", "a/2.ogg", "a/z/3.mp3", "b.wav", "v.MOV"]
        );
        assert!(one.problems.is_empty());
        assert_eq!(one.not_audio, [("txt".to_owned(), 1)].into());
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let two = find(
            &[folder.path().join("b.wav"), folder.path().to_owned()],
            Channels::Mix,
            None,
        );
        assert_eq!(
            stems(&two)[..2],
            ["b.wav".to_owned(), format!("{name}/a/1.FLAC")]
        );
    }

    #[test]
    fn resource_forks_are_read_only_if_named() {
        let folder = folder_with(&["a/._song.mp3", "a/song.mp3", "a/.hidden.mp3"]);
        let inputs = find(&[folder.path().to_owned()], Channels::Mix, None);
        assert_eq!(stems(&inputs), ["a/.hidden.mp3", "a/song.mp3"]);
        let named = find(&[folder.path().join("a/._song.mp3")], Channels::Mix, None);
        assert_eq!(stems(&named), ["._song.mp3"]);
    }

    #[test]
    fn a_folder_without_audio_is_a_problem_that_says_so() {
        let folder = folder_with(&["notes.txt", "sub/readme.md"]);
        let inputs = find(&[folder.path().to_owned()], Channels::Mix, None);
        assert!(inputs.files.is_empty());
        assert!(
            inputs.problems[0].contains("no files of an audio"),
            "{}",
            inputs.problems[0]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_above_does_not_loop() {
        let folder = folder_with(&["a/1.wav"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        let inputs = find(&[folder.path().to_owned()], Channels::Mix, None);
        assert_eq!(stems(&inputs), ["a/1.wav"]);
        assert!(inputs.problems.is_empty(), "{:?}", inputs.problems);
    }
}
