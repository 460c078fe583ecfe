//! The sounds that a calibration is learned from and measured on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hound::WavReader;
use serde::Deserialize;

use crate::material::to_wav;
use crate::teacher::RATE;
use crate::zero_shot::read_map;
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::dataset::{Dataset, Task};

/// The name of the sounds without classes.
pub(super) const SOUNDS: &str = "sounds";

/// Clips that are taken of one recording, speaker or player at most: more say nothing new.
const MOST_OF_A_RECORDING: usize = 5;
/// Clips that are taken of what is held out together at most.
const MOST_OF_A_GROUP: usize = 150;

/// A set of clips.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) clips: Vec<Clip>,
    /// AudioSet's labels that stand for each class, the one that fits best first; empty where only a teacher knows.
    pub(super) classes: Vec<Vec<usize>>,
}

/// A clip of a set.
pub(super) struct Clip {
    audio: Audio,
    /// Index of its class; 0 where there is none.
    pub(super) class: usize,
    /// The recording, speaker or player that it comes from.
    pub(super) recording: String,
    /// The group that is held out together, and is in no second set.
    pub(super) group: String,
}

enum Audio {
    File {
        path: PathBuf,
        duration_s: Option<f64>,
    },
    /// Samples from an offset of a WAV file at [`RATE`].
    Part {
        path: PathBuf,
        start: u32,
        count: u32,
    },
}

impl Clip {
    /// Its samples at [`RATE`].
    pub(super) fn samples(&self, cache: &AudioCache) -> anyhow::Result<Vec<f32>> {
        match &self.audio {
            Audio::File { path, duration_s } => Ok(cache.sound(path, *duration_s)?.to_f32()),
            Audio::Part { path, start, count } => {
                let read = || -> Result<Vec<f32>, hound::Error> {
                    let mut wav = WavReader::open(path)?;
                    wav.seek(*start)?;
                    let samples = wav.samples::<i16>().take(*count as usize);
                    samples
                        .map(|sample| Ok(f32::from(sample?) / 32_768.0))
                        .collect()
                };
                let samples = read().with_context(|| format!("reading {}", path.display()))?;
                // The times of a list are rounded.
                ensure!(
                    samples.len() + RATE as usize / 10 > *count as usize,
                    "{} ends before the segment at sample {start}",
                    path.display()
                );
                Ok(samples)
            }
        }
    }

    /// Names it where answers are kept.
    pub(super) fn name(&self) -> String {
        match &self.audio {
            Audio::File { path, duration_s } => {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{file} {duration_s:?}")
            }
            Audio::Part { path, start, count } => {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{file} {start} {count}")
            }
        }
    }
}

/// How a labelled set is found: its name, its task, the map of its classes, the beginning of its files' names.
const LABELLED: [(&str, Task, Option<&str>, &str); 6] = [
    ("ESC-50", Task::Esc50, Some("esc50"), ""),
    ("UrbanSound8K", Task::Urbansound8k, Some("urbansound8k"), ""),
    ("GTZAN cuts", Task::Gtzan, Some("gtzan"), ""),
    (
        "FSDKaggle instruments",
        Task::Instruments,
        Some("instruments_fsdkaggle"),
        "fsd_",
    ),
    (
        "Philharmonia",
        Task::Instruments,
        Some("instruments_philharmonia"),
        "phil_",
    ),
    ("RAVDESS", Task::Ravdess, None, ""),
];

/// The labelled sets in a folder of sets, by the maps in its folder `maps`. Clips of classes that no map knows are
/// left out.
///
/// # Errors
/// If there is none, or what there is cannot be understood.
pub(super) fn labelled(data: &Path) -> anyhow::Result<Vec<Set>> {
    let mut sets = Vec::new();
    for (name, task, map, prefix) in LABELLED {
        let map = map.map(|map| data.join("maps").join(format!("{map}_to_audioset.csv")));
        if !data.join(task.folder()).is_dir() || map.as_ref().is_some_and(|map| !map.is_file()) {
            continue;
        }
        let set = labelled_set(data, name, task, map.as_deref(), prefix);
        sets.push(set.context(name)?);
    }
    ensure!(
        !sets.is_empty(),
        "{} holds none of the labelled sets",
        data.display()
    );
    Ok(sets)
}

fn labelled_set(
    data: &Path,
    name: &'static str,
    task: Task,
    map: Option<&Path>,
    prefix: &str,
) -> anyhow::Result<Set> {
    let dataset = Dataset::open_to_measure(data, task)?;
    let (mut classes, mut index) = (Vec::new(), BTreeMap::new());
    if let Some(map) = map {
        for (class, (labels, _)) in read_map(map)? {
            index.insert(class, classes.len());
            classes.push(labels);
        }
    }
    let mut clips = Vec::new();
    for clip in &dataset.clips {
        let file = clip.path.file_name().unwrap_or_default().to_string_lossy();
        let class_name = &dataset.labels[clip.label()];
        let class = match map {
            Some(_) => index.get(class_name).copied(),
            None => Some(0),
        };
        let Some(class) = class.filter(|_| file.starts_with(prefix)) else {
            continue;
        };
        // All notes of an instrument of the Philharmonia are one player's in one session.
        let recording = match prefix {
            "phil_" => class_name.clone(),
            _ => clip.group.clone(),
        };
        clips.push(Clip {
            audio: Audio::File {
                path: clip.path.clone(),
                duration_s: clip.duration_s,
            },
            class,
            recording: format!("{name}/{recording}"),
            group: format!("{name}/{}", clip.group),
        });
    }
    ensure!(!clips.is_empty(), "it has no clips of the map's classes");
    Ok(Set {
        name,
        clips: some_of_each(clips),
        classes,
    })
}

/// Clips of every recording, evenly from its beginning to its end, then likewise of every group.
fn some_of_each(clips: Vec<Clip>) -> Vec<Clip> {
    let few = spread_out(clips, |clip| clip.recording.clone(), MOST_OF_A_RECORDING);
    spread_out(few, |clip| clip.group.clone(), MOST_OF_A_GROUP)
}

fn spread_out(clips: Vec<Clip>, key: impl Fn(&Clip) -> String, most: usize) -> Vec<Clip> {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for clip in &clips {
        *sizes.entry(key(clip)).or_default() += 1;
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken = |clip: &Clip| {
        let key = key(clip);
        let (all, seen) = (sizes[&key], seen.entry(key).or_default());
        *seen += 1;
        // One where a step of `all / most` begins.
        all <= most || *seen * most / all > (*seen - 1) * most / all
    };
    clips.into_iter().filter(|clip| taken(clip)).collect()
}

#[derive(Deserialize)]
struct Segment {
    file: String,
    start: f64,
    seconds: f64,
    repo: String,
    path: String,
}

/// The segments that `index.csv` in a folder lists, with the columns file, start, seconds, repo and path; the files
/// are decoded by ffmpeg into `cache`.
///
/// # Errors
/// If the list or a file cannot be read.
pub(super) fn sounds(folder: &Path, cache: &Path) -> anyhow::Result<Set> {
    let list = folder.join("index.csv");
    let mut lines = csv::Reader::from_path(&list).with_context(|| list.display().to_string())?;
    let decoded = cache.join("sounds");
    std::fs::create_dir_all(&decoded).with_context(|| format!("making {}", decoded.display()))?;
    let mut clips = Vec::new();
    for line in lines.deserialize::<Segment>() {
        let segment = line.with_context(|| list.display().to_string())?;
        let wav = decoded.join(format!("{}.wav", segment.file));
        if !wav.is_file() {
            let part = decoded.join(format!("{}.part", segment.file));
            to_wav(&folder.join(&segment.file), &part, None)?;
            std::fs::rename(&part, &wav).with_context(|| format!("writing {}", wav.display()))?;
        }
        clips.push(Clip {
            audio: Audio::Part {
                path: wav,
                start: (segment.start * f64::from(RATE)) as u32,
                count: (segment.seconds * f64::from(RATE)) as u32,
            },
            class: 0,
            recording: format!("{}/{}", segment.repo, segment.path),
            group: segment.repo,
        });
    }
    ensure!(!clips.is_empty(), "{} lists no segments", list.display());
    Ok(Set {
        name: SOUNDS,
        clips: some_of_each(clips),
        classes: Vec::new(),
    })
}

#[cfg(test)]
impl Set {
    /// A clip of each class, of the recordings that are named after them; no audio.
    pub(super) fn made(name: &'static str, classes: Vec<Vec<usize>>, recordings: &[&str]) -> Self {
        let clip = |(class, recording): (usize, &&str)| Clip {
            audio: Audio::File {
                path: PathBuf::new(),
                duration_s: None,
            },
            class,
            recording: (*recording).to_owned(),
            group: (*recording).to_owned(),
        };
        Self {
            name,
            clips: recordings.iter().enumerate().map(clip).collect(),
            classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_recording_gives_a_few_clips_from_all_over_it() {
        let names: Vec<&str> = (0..23)
            .map(|i| if i < 20 { "long" } else { "short" })
            .collect();
        let clips = Set::made("a", Vec::new(), &names).clips;
        let few = some_of_each(clips);
        let of = |name: &str| {
            let clips = few.iter().filter(|clip| clip.recording == name);
            clips.map(|clip| clip.class).collect::<Vec<usize>>()
        };
        assert_eq!(of("long"), [3, 7, 11, 15, 19]);
        assert_eq!(of("short"), [20, 21, 22]);
    }
}
