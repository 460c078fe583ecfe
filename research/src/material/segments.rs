//! A folder of sounds that were cut into segments: audio files with the segments one after the other, `index.csv` with where
//! each lies and where it is from, and `sources.csv` with licence and kind of each file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hamiltone_decoding::{Audio, read_mono};
use hamiltone_training::material::Source;
use serde::Deserialize;

use super::keep::Found;

/// Segments of one recording that lie this close to each other in it, in seconds, are one sound.
const TOUCHING_S: f64 = 0.01;

/// A line of `index.csv`.
#[derive(Debug, Clone, Deserialize)]
struct Segment {
    file: String,
    start: f64,
    seconds: f64,
    repo: String,
    path: String,
    source_start: f64,
}

/// A line of `sources.csv`.
#[derive(Debug, Deserialize)]
struct Licence {
    file: String,
    #[serde(rename = "licence of the sounds used")]
    licence: String,
    kind: String,
}

/// Writes the sounds of a folder as WAV files into `unpacked`. Segments that follow each other in a recording become one
/// sound again. All of them are to learn from.
///
/// # Errors
/// If a list or a file cannot be read, a file has no licence, or a segment lies behind the end of its file.
pub(super) fn segments(folder: &Path, unpacked: &Path) -> anyhow::Result<Vec<Found>> {
    let licences: Vec<Licence> = read(&folder.join("sources.csv"))?;
    let licences: BTreeMap<&str, &Licence> =
        licences.iter().map(|line| (&*line.file, line)).collect();
    let mut of_file: BTreeMap<String, Vec<Segment>> = BTreeMap::new();
    for segment in read::<Segment>(&folder.join("index.csv"))? {
        of_file
            .entry(segment.file.clone())
            .or_default()
            .push(segment);
    }
    ensure!(
        !of_file.is_empty(),
        "{}: index.csv lists no segments",
        folder.display()
    );
    let mut found = Vec::new();
    for (file, segments) in of_file {
        let licence = licences
            .get(&*file)
            .with_context(|| format!("{}: sources.csv does not list {file}", folder.display()))?;
        let audio = read_mono(&folder.join(&file))?;
        for (number, sound) in joined(segments).into_iter().enumerate() {
            let wav = unpacked.join(format!("{file}.{number}.wav"));
            write(&audio, &sound, &wav)
                .with_context(|| format!("{file}, segment at {} s", sound[0].start))?;
            let Segment {
                repo,
                path,
                source_start,
                ..
            } = &sound[0];
            found.push(Found {
                about: Source {
                    path: PathBuf::new(),
                    source: format!("{repo}:{path}:{source_start}"),
                    group: format!("{repo}/{path}"),
                    kind: licence.kind.clone(),
                    licence: licence.licence.clone(),
                    commercial: true,
                    held_out: false,
                    seconds: 0.0,
                },
                duration_s: None,
                file: wav,
            });
        }
    }
    Ok(found)
}

fn read<T: serde::de::DeserializeOwned>(list: &Path) -> anyhow::Result<Vec<T>> {
    let named = || list.display().to_string();
    let mut lines = csv::Reader::from_path(list).with_context(named)?;
    lines
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(named)
}

/// Segments in groups that are one stretch of a recording each.
fn joined(segments: Vec<Segment>) -> Vec<Vec<Segment>> {
    let mut sounds: Vec<Vec<Segment>> = Vec::new();
    for segment in segments {
        let follows = |last: &Segment| {
            let end = last.source_start + last.seconds;
            (&last.repo, &last.path) == (&segment.repo, &segment.path)
                && (segment.source_start - end).abs() < TOUCHING_S
        };
        match sounds.last_mut() {
            Some(sound) if sound.last().is_some_and(follows) => sound.push(segment),
            _ => sounds.push(vec![segment]),
        }
    }
    sounds
}

fn write(audio: &Audio, sound: &[Segment], wav: &Path) -> anyhow::Result<()> {
    let rate = f64::from(audio.sample_rate);
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: audio.sample_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(wav, format)?;
    for segment in sound {
        let first = (segment.start * rate).round() as usize;
        let count = (segment.seconds * rate).round() as usize;
        let samples = audio.samples.get(first..).unwrap_or_default();
        // The last segment may end some samples before what the list says.
        let samples = &samples[..count.min(samples.len())];
        ensure!(!samples.is_empty(), "the file ends before it");
        for sample in samples {
            writer.write_sample(*sample)?;
        }
    }
    Ok(writer.finalize()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(path: &Path, seconds: f64) {
        let format = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, format).unwrap();
        for index in 0..(seconds * 8_000.0) as usize {
            writer.write_sample((index / 80) as i16).unwrap(); // the value tells the time
        }
        writer.finalize().unwrap();
    }

    fn folder(index: &str, sources: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        tone(&folder.path().join("a.wav"), 12.0);
        std::fs::write(folder.path().join("index.csv"), index).unwrap();
        std::fs::write(folder.path().join("sources.csv"), sources).unwrap();
        folder
    }

    const SOURCES: &str = "file,licence of the sounds used,kind\na.wav,CC0,weather\n";

    #[test]
    fn segments_that_follow_each_other_are_one_sound_with_its_licence() {
        let from = folder(
            "file,start,seconds,repo,path,source_start,blob\n\
             a.wav,0.0,5.0,me/sounds,rain.ogg,0.0,x\n\
             a.wav,5.05,2.0,me/sounds,rain.ogg,5.0,x\n\
             a.wav,7.10,1.0,me/sounds,rain.ogg,9.0,x\n\
             a.wav,8.15,1.0,me/sounds,wind.ogg,10.0,x\n",
            SOURCES,
        );
        let to = tempfile::tempdir().unwrap();
        let found = segments(from.path(), to.path()).unwrap();
        let lengths = found
            .iter()
            .map(|one| read_mono(&one.file).unwrap().samples.len());
        assert_eq!(lengths.collect::<Vec<_>>(), [56_000, 8_000, 8_000]);
        let about = &found[1].about;
        assert_eq!(
            (&*about.source, &*about.group),
            ("me/sounds:rain.ogg:9", "me/sounds/rain.ogg")
        );
        assert_eq!((&*about.licence, &*about.kind), ("CC0", "weather"));
        assert!(about.commercial && !about.held_out);
        // The silence between segments is not part of the sound: 5.05 s is the next sample of the recording.
        let sound = read_mono(&found[0].file).unwrap().samples;
        let value = |sample: f32| (sample * 32_768.0).round() as i32;
        assert_eq!([value(sound[39_999]), value(sound[40_000])], [499, 505]);
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let index = "file,start,seconds,repo,path,source_start,blob\na.wav,20.0,5.0,a/b,c,0.0,x\n";
        let to = tempfile::tempdir().unwrap();
        let error = |index: &str, sources: &str| {
            let from = folder(index, sources);
            format!("{:#}", segments(from.path(), to.path()).err().unwrap())
        };
        assert!(error(index, SOURCES).contains("ends before"));
        assert!(
            error(index, "file,licence of the sounds used,kind\n").contains("does not list a.wav")
        );
        let empty = "file,start,seconds,repo,path,source_start,blob\n";
        assert!(error(empty, SOURCES).contains("lists no segments"));
        assert!(error("file\nx\n", SOURCES).contains("index.csv"));
    }
}
