//! What a second teacher says of the segments of the material: how far its logits lie above the first one's.
//!
//! The second teacher, YAMNet, takes ten times as long as the first, mn04. So it judges each segment once, not each crop: the
//! difference between the two, kept on disk in steps of a sixteenth of a logit, is then added to what the first says of a crop of that
//! segment alone.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hamiltone_training::files;
use hamiltone_training::material::Source;
use hamiltone_training::progress_bar::progress_bar;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::verdicts::SEGMENT_S;
use crate::teacher::{LABELS, Mn04, RATE, Yamnet, yamnet_labels};

/// Steps of a logit.
const STEPS: f32 = 16.0;
/// Sounds that are judged before the file grows.
const AT_ONCE: usize = 64;
/// Segments are judged at this level, −20 dB of full scale, with this gain at most.
const LEVEL: f32 = 0.1;
const MOST_GAIN: f32 = 100.0;
const SEGMENT: usize = SEGMENT_S as usize * RATE as usize;
/// Bytes of the hash behind each record.
const HASH: usize = 4;

/// Differences of logits, second teacher minus first, of every segment of sounds.
#[derive(Debug, Default, PartialEq)]
pub struct SecondOpinions {
    /// By the path of the sound in the list: one row of [`LABELS`] a segment, in steps.
    sounds: BTreeMap<PathBuf, Vec<i8>>,
}

/// Asks the second of two teachers, given by their files, about sounds of the material in `folder`, with a progress bar.
///
/// # Errors
/// As [`SecondOpinions::of`], and if a teacher cannot be read.
pub fn ask_second(
    sources: &[Source],
    folder: &Path,
    [first, second]: [&Path; 2],
    quiet: bool,
) -> anyhow::Result<SecondOpinions> {
    let teacher = Mn04::open(first)?;
    let yamnet = Yamnet::open(second).context("--second-teacher")?;
    let bar = progress_bar(sources.len() as u64, "asking the second teacher", quiet);
    let opinions = SecondOpinions::of(
        sources,
        folder,
        (&teacher, first),
        (&yamnet, second),
        &|| bar.inc(1),
    );
    bar.finish_and_clear();
    opinions
}

impl SecondOpinions {
    /// Reads what was judged before from the file of these two teachers in the folder of the material, and judges the other sounds.
    /// Calls `done` after each. Takes hours for tens of hours of sound; what is judged is kept if the program ends.
    ///
    /// # Errors
    /// If a sound or a file cannot be read or written, or a teacher fails.
    pub fn of(
        sources: &[Source],
        folder: &Path,
        teachers: (&Mn04, &Path),
        second: (&Yamnet, &Path),
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Self> {
        let file = folder.join(format!(
            "opinions-{}-{}.bin",
            hash_of(teachers.1)?,
            hash_of(second.1)?
        ));
        let mut all = Self::read(&file)?;
        let name = |source: &Source| {
            source
                .path
                .strip_prefix(folder)
                .unwrap_or(&source.path)
                .to_owned()
        };
        let missing: Vec<&Source> = sources
            .iter()
            .filter(|source| !all.sounds.contains_key(&name(source)))
            .collect();
        let mut grows = OpenOptions::new().create(true).append(true).open(&file)?;
        for some in missing.chunks(AT_ONCE) {
            let judge = |source: &&Source| {
                let steps = judge(source, teachers.0, second.0);
                done();
                Ok((name(source), steps.with_context(|| source.source.clone())?))
            };
            let judged: Vec<(PathBuf, Vec<i8>)> =
                some.par_iter().map(judge).collect::<anyhow::Result<_>>()?;
            let records: Vec<u8> = judged
                .iter()
                .flat_map(|(path, steps)| record(path, steps))
                .collect();
            grows
                .write_all(&records)
                .with_context(|| file.display().to_string())?;
            all.sounds.extend(judged);
        }
        Ok(all)
    }

    /// The records of a file up to the first damaged one; the rest is cut off. None if there is no such file.
    fn read(file: &Path) -> anyhow::Result<Self> {
        let named = || file.display().to_string();
        let mut all = Self::default();
        if !file.is_file() {
            return Ok(all);
        }
        let bytes = std::fs::read(file).with_context(named)?;
        let mut rest = &bytes[..];
        while let Some((path, steps, after)) = parse(rest) {
            all.sounds.insert(path, steps);
            rest = after;
        }
        if !rest.is_empty() {
            let file = File::options().write(true).open(file).with_context(named)?;
            file.set_len((bytes.len() - rest.len()) as u64)?;
        }
        Ok(all)
    }

    /// The difference of each label's logit in a stretch of a sound, in samples: the mean over segments by the time that each has in
    /// it. `None` if the sound was not judged.
    pub fn difference(&self, path: &Path, first: usize, count: usize) -> Option<Vec<f32>> {
        let rows = self.sounds.get(path)?;
        let segments = rows.len() / LABELS;
        let (mut sum, mut weights) = (vec![0.0; LABELS], 0.0);
        for (segment, row) in rows.chunks_exact(LABELS).enumerate() {
            // The last one stands for a short rest behind it.
            let start = segment * SEGMENT;
            let end = if segment + 1 == segments {
                usize::MAX
            } else {
                start + SEGMENT
            };
            let overlap = end.min(first + count).saturating_sub(start.max(first)) as f32;
            weights += overlap;
            sum.iter_mut()
                .zip(row)
                .for_each(|(sum, step)| *sum += overlap * f32::from(*step) / STEPS);
        }
        (weights > 0.0).then(|| sum.into_iter().map(|sum| sum / weights).collect())
    }

    #[cfg(test)]
    pub(crate) fn made(sounds: impl IntoIterator<Item = (PathBuf, Vec<i8>)>) -> Self {
        Self {
            sounds: sounds.into_iter().collect(),
        }
    }
}

fn hash_of(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(files::hex(&Sha256::digest(bytes)[..4]))
}

/// One row of differences a segment, in steps.
fn judge(source: &Source, first: &Mn04, second: &Yamnet) -> anyhow::Result<Vec<i8>> {
    let samples = source.read(0, usize::MAX)?;
    let mut rows = Vec::new();
    for (number, part) in samples.chunks(SEGMENT).enumerate() {
        if number > 0 && part.len() < SEGMENT / 2 {
            break; // the segment before stands for it
        }
        let mut part = part.to_vec();
        let power =
            part.iter().map(|sample| sample * sample).sum::<f32>() / part.len().max(1) as f32;
        let gain = (LEVEL / power.sqrt().max(f32::MIN_POSITIVE)).min(MOST_GAIN);
        part.iter_mut()
            .for_each(|sample| *sample = (gain * *sample).clamp(-1.0, 1.0));
        Mn04::cut(&mut part);
        let ours = first.judge(&part)?.logits;
        rows.extend(differences(&ours, &second.logits(&part)?)?);
    }
    Ok(rows)
}

fn differences(first: &[f32], second: &[f32]) -> anyhow::Result<Vec<i8>> {
    let labels = yamnet_labels();
    ensure!(
        second.len() == labels.len(),
        "{} answers for {} labels",
        second.len(),
        labels.len()
    );
    let mut steps = vec![0; LABELS];
    for (&label, logit) in labels.iter().zip(second) {
        steps[label] = (STEPS * (logit - first[label])).round() as i8; // a cast saturates
    }
    Ok(steps)
}

/// The length of the body, the body (the length of the path, the path, the steps), and the start of its hash.
fn record(path: &Path, steps: &[i8]) -> Vec<u8> {
    let path = path.to_string_lossy();
    let mut body = (path.len() as u32).to_le_bytes().to_vec();
    body.extend(path.as_bytes());
    body.extend(steps.iter().map(|step| step.cast_unsigned()));
    let mut record = (body.len() as u32).to_le_bytes().to_vec();
    record.extend(&body);
    record.extend(&Sha256::digest(&body)[..HASH]);
    record
}

/// The first record, and what follows it.
fn parse(bytes: &[u8]) -> Option<(PathBuf, Vec<i8>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (hash, rest) = rest.split_at_checked(HASH)?;
    if Sha256::digest(body)[..HASH] != *hash {
        return None;
    }
    let (length, body) = body.split_first_chunk::<4>()?;
    let (path, steps) = body.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if !steps.len().is_multiple_of(LABELS) {
        return None;
    }
    let path = PathBuf::from(std::str::from_utf8(path).ok()?);
    Some((
        path,
        steps.iter().map(|step| step.cast_signed()).collect(),
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_up_to_the_first_damaged_one_and_the_file_goes_on_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("opinions.bin");
        let (a, b) = (vec![3; LABELS], vec![-8; 2 * LABELS]);
        let whole = [
            record(Path::new("cache/a"), &a),
            record(Path::new("cache/b"), &b),
        ]
        .concat();
        let torn = record(Path::new("cache/c"), &a);
        std::fs::write(&file, [&whole[..], &torn[..torn.len() - 9]].concat()).unwrap();
        let both = SecondOpinions::made([("cache/a".into(), a.clone()), ("cache/b".into(), b)]);
        assert_eq!(SecondOpinions::read(&file).unwrap(), both);
        assert_eq!(std::fs::read(&file).unwrap(), whole);
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        std::fs::write(&file, &flipped).unwrap();
        let first = SecondOpinions::made([("cache/a".into(), a)]);
        assert_eq!(SecondOpinions::read(&file).unwrap(), first);
    }

    #[test]
    fn a_stretch_has_the_mean_of_its_segments_by_time() {
        let mut rows = vec![16; LABELS]; // a logit
        rows.extend(vec![-32; LABELS]);
        let opinions = SecondOpinions::made([("a".into(), rows)]);
        let of = |first: usize, count: usize| {
            opinions.difference(Path::new("a"), first, count).unwrap()[7]
        };
        assert_eq!(of(0, SEGMENT), 1.0);
        assert_eq!(of(SEGMENT / 2, SEGMENT), -0.5);
        assert_eq!(of(3 * SEGMENT, SEGMENT), -2.0);
        assert_eq!(opinions.difference(Path::new("b"), 0, SEGMENT), None);
    }

    #[test]
    fn labels_that_the_second_teacher_lacks_have_no_difference() {
        let first = vec![-1.0; LABELS];
        let second = vec![1.0; yamnet_labels().len()];
        let steps = differences(&first, &second).unwrap();
        assert_eq!(steps.iter().filter(|step| **step == 0).count(), 6);
        assert!(steps.iter().all(|step| [0, 32].contains(step)));
        assert!(differences(&first, &second[1..]).is_err());
        let far = vec![99.0; yamnet_labels().len()];
        assert_eq!(differences(&first, &far).unwrap()[0], i8::MAX);
    }
}
