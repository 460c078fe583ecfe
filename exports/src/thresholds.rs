//! Thresholds of single labels, in a CSV file of two columns: `label,threshold`.
//!
//! The command line (`analyze --thresholds`) and the plugin's panel read and write the same file. docs/FORMATS.md describes it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use crate::fields::{cell, rows};
use crate::files::replace;

/// The lowest threshold.
pub const MIN_THRESHOLD: f32 = 0.01;
/// The highest threshold: only a certain label is on.
pub const MAX_THRESHOLD: f32 = 1.0;

const HEADER: [&str; 2] = ["label", "threshold"];
const MAX_BYTES: u64 = 1 << 20;
const MAX_ROWS: usize = 10_000;
const MAX_LABEL_BYTES: usize = 1000;

/// Why a file of thresholds could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdsError {
    /// The file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// The contents are not thresholds.
    #[error("{}: {problem}", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        problem: String,
    },
}

/// The probability from which a label is on, for some labels. Labels are names, so the thresholds fit any model that has
/// them. Serialises as a map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, f32>", into = "BTreeMap<String, f32>")]
pub struct Thresholds(BTreeMap<String, f32>);

impl Thresholds {
    /// Whether no label has a threshold of its own.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Labels and thresholds, by label.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f32)> {
        let pairs = self.0.iter();
        pairs.map(|(label, &threshold)| (label.as_str(), threshold))
    }

    /// The threshold of the label of exactly this name.
    pub fn get(&self, label: &str) -> Option<f32> {
        self.0.get(label).copied()
    }

    /// Sets the threshold of a label, limited to [`MIN_THRESHOLD`] to [`MAX_THRESHOLD`]; `None` or NaN removes it. An empty
    /// label, one of more than 1000 bytes, and a new one beyond 10 000 are ignored.
    pub fn set(&mut self, label: &str, threshold: Option<f32>) {
        let Some(threshold) = threshold.filter(|threshold| !threshold.is_nan()) else {
            self.0.remove(label);
            return;
        };
        let threshold = threshold.clamp(MIN_THRESHOLD, MAX_THRESHOLD);
        if let Some(known) = self.0.get_mut(label) {
            *known = threshold;
        } else if checked_label(label).is_ok() && self.0.len() < MAX_ROWS {
            self.0.insert(label.to_owned(), threshold);
        }
    }

    /// The thresholds of a model's labels, one entry per label, for `OnLevels::with_thresholds` of the engine; empty if
    /// none of them has one. Upper and lower case count as equal, unless a label of exactly this name is listed.
    pub fn of_labels(&self, labels: &[String]) -> Vec<Option<f32>> {
        let folded = self.folded();
        let of = |label: &String| {
            let exact = self.get(label);
            exact.or_else(|| folded.get(&label.to_lowercase()).copied())
        };
        let thresholds: Vec<Option<f32>> = labels.iter().map(of).collect();
        match thresholds.iter().any(Option::is_some) {
            true => thresholds,
            false => Vec::new(),
        }
    }

    /// The listed labels that a model does not have.
    pub fn unknown<'a>(&'a self, labels: &[String]) -> Vec<&'a str> {
        let known: Vec<String> = labels.iter().map(|label| label.to_lowercase()).collect();
        let listed = self.0.keys().map(String::as_str);
        listed
            .filter(|label| !known.contains(&label.to_lowercase()))
            .collect()
    }

    /// Reads a file. Blocks.
    ///
    /// # Errors
    /// If it cannot be read, is larger than 1 MiB, or is not a table of thresholds; the message names the line.
    pub fn read(path: &Path) -> Result<Self, ThresholdsError> {
        let mut text = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text));
        read.map_err(|cause| ThresholdsError::File {
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(&text).map_err(|problem| ThresholdsError::Contents {
            path: path.to_owned(),
            problem,
        })
    }

    /// Writes a file, over an older one; it is complete or unchanged. Blocks.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ThresholdsError> {
        let written = replace(path, |target| self.write_to(target));
        written.map_err(|cause| ThresholdsError::File {
            path: path.to_owned(),
            cause,
        })
    }

    fn write_to(&self, target: &mut dyn Write) -> io::Result<()> {
        let mut rows = rows(target);
        rows.write_record(HEADER)?;
        for (label, threshold) in &self.0 {
            rows.write_record([cell(label), threshold.to_string()])?;
        }
        rows.flush()
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        if text.len() as u64 > MAX_BYTES {
            return Err("is larger than 1 MiB".to_owned());
        }
        // Spreadsheets mark UTF-8.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text);
        let header = reader.headers().map_err(|error| problem(&error))?;
        if *header != HEADER[..] {
            return Err("the first line must be `label,threshold`".to_owned());
        }
        let mut thresholds = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| problem(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let (label, threshold) =
                row(&record).map_err(|problem| format!("line {line}: {problem}"))?;
            if thresholds.len() == MAX_ROWS {
                return Err(format!("has more than {MAX_ROWS} labels"));
            }
            if thresholds.insert(label.to_owned(), threshold).is_some() {
                return Err(format!("line {line}: the label {label:?} is listed twice"));
            }
        }
        Ok(Self(thresholds))
    }

    /// By label in lower case.
    fn folded(&self) -> BTreeMap<String, f32> {
        let pairs = self.0.iter();
        pairs
            .map(|(label, &threshold)| (label.to_lowercase(), threshold))
            .collect()
    }
}

impl TryFrom<BTreeMap<String, f32>> for Thresholds {
    type Error = String;

    fn try_from(map: BTreeMap<String, f32>) -> Result<Self, String> {
        if map.len() > MAX_ROWS {
            return Err(format!("more than {MAX_ROWS} labels"));
        }
        for (label, threshold) in &map {
            checked_label(label)?;
            checked(*threshold).map_err(|problem| format!("{label:?}: {problem}"))?;
        }
        Ok(Self(map))
    }
}

impl From<Thresholds> for BTreeMap<String, f32> {
    fn from(thresholds: Thresholds) -> Self {
        thresholds.0
    }
}

fn row(record: &StringRecord) -> Result<(&str, f32), String> {
    let (Some(label), Some(threshold), 2) = (record.get(0), record.get(1), record.len()) else {
        return Err(format!(
            "expected a label and a threshold, found {} fields; a label with a comma needs double quotes",
            record.len()
        ));
    };
    let parsed = threshold
        .parse()
        .map_err(|_| format!("the threshold {threshold:?} is not a number"))?;
    Ok((checked_label(uncelled(label))?, checked(parsed)?))
}

fn checked(threshold: f32) -> Result<f32, String> {
    match (MIN_THRESHOLD..=MAX_THRESHOLD).contains(&threshold) {
        true => Ok(threshold),
        false => Err(format!(
            "the threshold {threshold} is not between {MIN_THRESHOLD} and {MAX_THRESHOLD}"
        )),
    }
}

fn checked_label(label: &str) -> Result<&str, String> {
    match label.len() {
        0 => Err("the label is empty".to_owned()),
        1..=MAX_LABEL_BYTES => Ok(label),
        _ => Err(format!("the label is longer than {MAX_LABEL_BYTES} bytes")),
    }
}

/// A label without the apostrophe of [`cell`].
fn uncelled(label: &str) -> &str {
    let formula = |rest: &&str| rest.starts_with(['=', '+', '-', '@']);
    label.strip_prefix('\'').filter(formula).unwrap_or(label)
}

fn problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line}: is not UTF-8 text")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Thresholds, String> {
        Thresholds::parse(text.as_bytes())
    }

    #[test]
    fn files_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thresholds.csv");
        let mut thresholds = Thresholds::default();
        let labels = ["Speech", "Chirp, tweet", "a \"b\"", "=1+1", "'x", "犬"];
        for (index, label) in labels.into_iter().enumerate() {
            thresholds.set(label, Some(0.1 + 0.1 * index as f32));
        }
        thresholds.write(&path).unwrap();
        assert_eq!(Thresholds::read(&path).unwrap(), thresholds);
        thresholds.set("Speech", None);
        thresholds.write(&path).unwrap();
        let again = Thresholds::read(&path).unwrap();
        assert_eq!((again.get("Speech"), again.get("犬")), (None, Some(0.6)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let json = serde_json::to_string(&again).unwrap();
        assert_eq!(serde_json::from_str::<Thresholds>(&json).unwrap(), again);
    }

    #[test]
    fn files_of_spreadsheets_and_editors_are_read() {
        let text = "\u{feff}label,threshold\r\n Speech , 0.25\r\n\r\n\"Chirp, tweet\",1\r\n";
        let thresholds = parse(text).unwrap();
        let all: Vec<_> = thresholds.iter().collect();
        assert_eq!(all, [("Chirp, tweet", 1.0), ("Speech", 0.25)]);
    }

    #[test]
    fn labels_are_matched_by_name_whatever_their_case() {
        let thresholds = parse("label,threshold\nspeech,.2\nC,.3\nc,.4\nBagpipes,.5\n").unwrap();
        let labels = ["Speech", "C", "c", "Rain"].map(str::to_owned);
        let expected = [Some(0.2), Some(0.3), Some(0.4), None];
        assert_eq!(thresholds.of_labels(&labels), expected);
        assert_eq!(thresholds.unknown(&labels), ["Bagpipes"]);
        assert!(thresholds.of_labels(&["Rain".to_owned()]).is_empty());
    }

    #[test]
    fn wrong_files_are_refused_with_the_line() {
        let many: String = (0..=MAX_ROWS).map(|row| format!("l{row},.5\n")).collect();
        for (text, words) in [
            ("", "first line"),
            ("Speech,0.3\n", "first line"),
            ("label;threshold\nSpeech;0,3\n", "first line"),
            (
                "label,threshold\nSpeech,0.3\nRain,1.5\n",
                "line 3: the threshold 1.5 is not between 0.01 and 1",
            ),
            ("label,threshold\nSpeech,NaN\n", "not between"),
            (
                "label,threshold\nSpeech,high\n",
                "line 2: the threshold \"high\" is not a number",
            ),
            ("label,threshold\nChirp, tweet,0.3\n", "double quotes"),
            ("label,threshold\nSpeech\n", "found 1 fields"),
            ("label,threshold\n,0.3\n", "the label is empty"),
            (
                "label,threshold\nSpeech,.3\nSpeech,.4\n",
                "line 3: the label \"Speech\" is listed twice",
            ),
            (
                &format!("label,threshold\n{},.3\n", "x".repeat(1001)),
                "longer than 1000",
            ),
            (
                &format!("label,threshold\n{many}"),
                "more than 10000 labels",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text:.40}: {error}");
        }
        let error = Thresholds::parse(b"label,threshold\n\xff,0.3\n").unwrap_err();
        assert!(error.contains("line 2: is not UTF-8"), "{error}");
        let error = Thresholds::parse(&vec![b'x'; 1 + MAX_BYTES as usize]).unwrap_err();
        assert!(error.contains("1 MiB"), "{error}");
        assert!(serde_json::from_str::<Thresholds>("{\"Speech\":2}").is_err());
    }

    #[test]
    fn set_limits_the_threshold() {
        let mut thresholds = Thresholds::default();
        for (given, kept) in [(0.0, Some(0.01)), (7.0, Some(1.0)), (f32::NAN, None)] {
            thresholds.set("Speech", Some(given));
            assert_eq!(thresholds.get("Speech"), kept);
        }
        thresholds.set("", Some(0.5));
        assert!(thresholds.is_empty());
    }
}
