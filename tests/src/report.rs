//! Reading the report that the plugin writes into its report folder.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// One line of `tags.jsonl`: the tags of one column.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Tags {
    /// Seconds from the first sample to the newest one in this column.
    pub time_s: f64,
    /// In descending order of probability.
    pub top: Vec<Tag>,
    /// The leading label: the most specific one that is on, or the most probable.
    #[serde(default)]
    pub leading: Option<Leading>,
}

/// The leading label of a column.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Leading {
    /// One of the model's labels.
    pub label: String,
    /// From a root of the hierarchy down to the label.
    pub path: Vec<String>,
    /// 0 to 1.
    pub probability: f64,
    /// Whether it is on.
    pub on: bool,
}

/// A label and its probability.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Tag {
    /// One of the model's labels.
    pub label: String,
    /// 0 to 1.
    pub probability: f64,
}

/// Follows `tags.jsonl` while it grows.
pub struct TagsReader {
    path: PathBuf,
    file: Option<BufReader<File>>,
    unfinished: String,
}

impl TagsReader {
    /// A reader at the beginning of the report in `folder`, which may not have begun yet.
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join("tags.jsonl"),
            file: None,
            unfinished: String::new(),
        }
    }

    /// The lines completed since the last call.
    ///
    /// # Errors
    /// The file cannot be read, or a complete line is not what the plugin promises.
    pub fn read_new(&mut self) -> Result<Vec<Tags>> {
        let file = match &mut self.file {
            Some(file) => file,
            missing => match File::open(&self.path) {
                Ok(file) => missing.insert(BufReader::new(file)),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error).context(self.path.display().to_string()),
            },
        };
        let mut tags = Vec::new();
        while file.read_line(&mut self.unfinished)? > 0 {
            if !self.unfinished.ends_with('\n') {
                break; // the plugin is in the middle of this line
            }
            let line = serde_json::from_str(&self.unfinished)
                .with_context(|| format!("{}: {}", self.path.display(), self.unfinished))?;
            tags.push(line);
            self.unfinished.clear();
        }
        Ok(tags)
    }
}

/// All lines of a finished report.
///
/// # Errors
/// The file is missing or damaged.
pub fn read_tags(folder: &Path) -> Result<Vec<Tags>> {
    let path = folder.join("tags.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.lines()
        .map(|line| serde_json::from_str(line).context(line.to_owned()))
        .collect()
}

/// Waits for a file that another thread is about to write.
///
/// # Errors
/// It did not come in time.
pub fn wait_for(path: &Path, patience: Duration) -> Result<()> {
    let start = Instant::now();
    while !path.exists() {
        if start.elapsed() > patience {
            bail!("{} was not written within {patience:?}", path.display());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_growing_file_is_read_line_by_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = TagsReader::new(folder.path());
        assert!(
            reader.read_new().unwrap().is_empty(),
            "it has not begun yet"
        );
        let mut file = File::create(folder.path().join("tags.jsonl")).unwrap();
        let line = r#"{"time_s":1.5,"top":[{"label":"rain","probability":0.9}]}"#;
        file.write_all(&line.as_bytes()[..20]).unwrap();
        assert!(reader.read_new().unwrap().is_empty(), "half a line");
        writeln!(file, "{}\n{line}", &line[20..]).unwrap();
        let read = reader.read_new().unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].top[0].label, "rain");
        writeln!(file, "nonsense").unwrap();
        assert!(reader.read_new().is_err());
    }
}
