//! The labels that the teacher finds in each segment of the material, kept on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::teacher::{LABELS, Mn04, RATE};
use hamiltone_training::files;
use hamiltone_training::material::Source;

/// Length of a segment in seconds, and the way to the next.
pub const SEGMENT_S: f64 = 5.0;
/// Labels less probable than this are not kept.
pub const LEAST_PROBABILITY: f32 = 0.05;
/// A label is there where its probability is over this.
pub const PRESENT: f32 = 0.3;
/// Segments shorter than a whole one are filled with silence to a multiple of this, so that the
/// teacher needs few plans.
const STEP: usize = RATE as usize / 2;
const WHOLE: usize = SEGMENT_S as usize * RATE as usize;
/// Sounds that are judged before the file grows.
const AT_ONCE: usize = 64;

/// A segment with the labels that the teacher finds in it.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedSegment {
    /// The sound, as [`Source::path`] names it in the list.
    pub path: PathBuf,
    /// Where in it, in seconds.
    pub start_s: f64,
    /// How long the segment is, in seconds.
    pub seconds: f64,
    /// The labels (indices into the teacher's output) of at least [`LEAST_PROBABILITY`].
    pub labels: Vec<(usize, f32)>,
}

impl JudgedSegment {
    /// The labels that are there.
    pub fn present(&self) -> impl Iterator<Item = usize> + '_ {
        let there =
            |&&(label, probability): &&(usize, f32)| label < LABELS && probability > PRESENT;
        self.labels.iter().filter(there).map(|(label, _)| *label)
    }
}

/// Of each of the teacher's labels, in how many of these segments it is there.
pub fn segments_of_labels<'a>(judged: impl Iterator<Item = &'a JudgedSegment>) -> Vec<usize> {
    let mut segments = vec![0; LABELS];
    judged
        .flat_map(JudgedSegment::present)
        .for_each(|label| segments[label] += 1);
    segments
}

/// Where the verdicts of the teacher in `teacher` are kept: another one's are others.
///
/// # Errors
/// If the file cannot be read.
pub fn verdicts_file(material: &Path, teacher: &Path) -> anyhow::Result<PathBuf> {
    let bytes = std::fs::read(teacher).with_context(|| format!("reading {}", teacher.display()))?;
    let hash = files::hex(&Sha256::digest(bytes)[..4]);
    Ok(material.join(format!("verdicts-{hash}.csv")))
}

/// The verdicts in a file; none if there is no such file. A line that was cut off is left out.
///
/// # Errors
/// If the file cannot be read.
pub fn read_verdicts(file: &Path) -> anyhow::Result<Vec<JudgedSegment>> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(text.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<JudgedSegment> {
    let mut parts = line.strip_suffix(';')?.split(',');
    let (path, start_s, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let labels = parts.map(|label| {
        let (index, probability) = label.split_once(':')?;
        Some((index.parse().ok()?, probability.parse().ok()?))
    });
    Some(JudgedSegment {
        path: path.into(),
        start_s: start_s.parse().ok()?,
        seconds: seconds.parse().ok()?,
        labels: labels.collect::<Option<_>>()?,
    })
}

/// One line: path, start, seconds, then `label:probability` for each label; a semicolon ends it.
fn to_line(segment: &JudgedSegment) -> String {
    let labels = segment.labels.iter();
    let labels: String = labels
        .map(|(label, probability)| format!(",{label}:{probability:.3}"))
        .collect();
    let JudgedSegment {
        start_s, seconds, ..
    } = segment;
    format!(
        "{},{start_s:.3},{seconds:.3}{labels};\n",
        segment.path.display()
    )
}

/// Judges the sounds that are not judged yet; `folder` is the material's. Calls `done` with each
/// sound's seconds. Returns the verdicts of all.
///
/// # Errors
/// If a sound cannot be read, the teacher fails, or the file cannot be written.
pub fn judge_all(
    sources: &[Source],
    folder: &Path,
    teacher: &Mn04,
    file: &Path,
    done: &(dyn Fn(f64) + Sync),
) -> anyhow::Result<Vec<JudgedSegment>> {
    let name = |source: &Source| {
        let inside = source.path.strip_prefix(folder).unwrap_or(&source.path);
        inside.to_owned()
    };
    let mut all = read_verdicts(file)?;
    let judged = seconds_judged(&all);
    let missing: Vec<&Source> = sources
        .iter()
        .filter(|source| !is_judged(judged.get(&name(source)), source.seconds))
        .collect();
    forget(
        &missing.iter().map(|source| name(source)).collect(),
        &mut all,
        file,
    )?;
    let mut grows = grow(file)?;
    for some in missing.chunks(AT_ONCE) {
        let judge_one = |source: &&Source| {
            let segments = judge(source, &name(source), teacher);
            done(source.seconds);
            segments.with_context(|| source.source.clone())
        };
        let segments: Vec<Vec<JudgedSegment>> =
            some.par_iter().map(judge_one).collect::<Result<_, _>>()?;
        let lines: String = segments.iter().flatten().map(to_line).collect();
        grows.write_all(lines.as_bytes())?;
        all.extend(segments.into_iter().flatten());
    }
    Ok(all)
}

/// How many seconds of each sound were judged.
fn seconds_judged(segments: &[JudgedSegment]) -> BTreeMap<PathBuf, f64> {
    let mut seconds = BTreeMap::new();
    for segment in segments {
        *seconds.entry(segment.path.clone()).or_insert(0.0) += segment.seconds;
    }
    seconds
}

/// Whether a sound of `seconds` was judged to its end, of which less than half a segment may be
/// missing; it was not if the program was ended while it wrote the sound's lines.
fn is_judged(judged: Option<&f64>, seconds: f64) -> bool {
    judged.is_some_and(|judged| seconds - judged < SEGMENT_S / 2.0)
}

/// Removes the segments of these sounds from the verdicts and their file.
fn forget(
    sounds: &BTreeSet<PathBuf>,
    all: &mut Vec<JudgedSegment>,
    file: &Path,
) -> anyhow::Result<()> {
    let before = all.len();
    all.retain(|segment| !sounds.contains(&segment.path));
    if all.len() < before {
        files::replace(file, &all.iter().map(to_line).collect::<String>())?;
    }
    Ok(())
}

/// The file, to write after its last whole line.
fn grow(file: &Path) -> anyhow::Result<File> {
    let mut grows = OpenOptions::new().create(true).append(true).open(file)?;
    let contents = std::fs::read(file)?;
    if contents.last().is_some_and(|last| *last != b'\n') {
        grows.write_all(b"\n")?;
    }
    Ok(grows)
}

fn judge(source: &Source, name: &Path, teacher: &Mn04) -> anyhow::Result<Vec<JudgedSegment>> {
    let samples = source.read(0, usize::MAX)?;
    let mut segments = Vec::new();
    for (number, part) in samples.chunks(WHOLE).enumerate() {
        if number > 0 && part.len() < WHOLE / 2 {
            break; // the end of a long sound
        }
        let mut part = part.to_vec();
        let seconds = part.len() as f64 / f64::from(RATE);
        part.resize(part.len().next_multiple_of(STEP), 0.0);
        let probabilities = teacher.judge(&part)?.probabilities();
        let labels = probabilities.into_iter().enumerate();
        segments.push(JudgedSegment {
            path: name.to_owned(),
            start_s: number as f64 * SEGMENT_S,
            seconds,
            labels: labels
                .filter(|(_, probability)| *probability >= LEAST_PROBABILITY)
                .collect(),
        });
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_judged_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("verdicts.csv");
        let segments = |path: &str, labels: Vec<(usize, f32)>| JudgedSegment {
            path: path.into(),
            start_s: 5.0,
            seconds: 2.5,
            labels,
        };
        let whole = [
            segments("cache/a.pcm", vec![(0, 0.5), (137, 0.25)]),
            segments("cache/b.pcm", vec![]),
        ];
        let text: String = whole.iter().map(to_line).collect();
        std::fs::write(&file, text + "cache/c.pcm,0.000,5.0").unwrap();
        assert_eq!(read_verdicts(&file).unwrap(), whole);
        let more = segments("cache/c.pcm", vec![(3, 0.125)]);
        grow(&file)
            .unwrap()
            .write_all(to_line(&more).as_bytes())
            .unwrap();
        assert_eq!(read_verdicts(&file).unwrap().last(), Some(&more));
        assert_eq!(read_verdicts(&file).unwrap().len(), 3);
    }

    #[test]
    fn a_sound_whose_later_segments_were_not_written_is_judged_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("verdicts.csv");
        let segments = |path: &str, start_s: f64, seconds: f64| JudgedSegment {
            path: path.into(),
            start_s,
            seconds,
            labels: vec![(0, 0.5)],
        };
        let mut all = vec![
            segments("long", 0.0, 5.0),
            segments("long", 5.0, 2.5),
            segments("torn", 0.0, 5.0),
            segments("short", 0.0, 0.2),
        ];
        std::fs::write(&file, all.iter().map(to_line).collect::<String>()).unwrap();
        let judged = seconds_judged(&all);
        let missing = [
            ("long", 9.9),
            ("torn", 7.5),
            ("short", 0.2),
            ("unheard", 0.2),
        ]
        .into_iter()
        .filter(|(name, seconds)| !is_judged(judged.get(Path::new(name)), *seconds))
        .map(|(name, _)| PathBuf::from(name));
        let missing: BTreeSet<PathBuf> = missing.collect();
        assert_eq!(missing, ["torn".into(), "unheard".into()].into());
        forget(&missing, &mut all, &file).unwrap();
        let names: Vec<&Path> = all.iter().map(|segments| segments.path.as_path()).collect();
        assert_eq!(names, ["long", "long", "short"].map(Path::new));
        assert_eq!(read_verdicts(&file).unwrap(), all);
    }
}
