//! The journal of an output folder: a line per analysed file, so that an interrupted or repeated run processes only new
//! files.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use same_file::Handle;
use sha2::{Digest, Sha256};

use crate::entry::{Entry, JOURNAL_VERSION, RunLine, Settings};
use crate::outputs::JOURNAL;

/// The journal: read once, then only appended to. Keeps an index in memory, about 200 bytes per file of earlier runs;
/// entries of this run are on disk only.
pub(crate) struct Journal {
    path: PathBuf,
    index: Index,
    /// To check whether `path` is still the file that was opened.
    identity: Handle,
    reader: Mutex<BufReader<File>>,
    writer: Mutex<Writer>,
}

struct Writer {
    file: File,
    /// Whether the last line is incomplete, for example because the disk was full.
    torn: bool,
}

#[derive(Default)]
struct Index {
    /// By the key of the stem, oldest first, without entries that newer ones replace in all formats.
    lines: HashMap<String, Vec<Line>>,
    /// All distinct settings; there are few.
    settings: Vec<Settings>,
    runs: BTreeSet<String>,
}

/// The offset of an entry, and what decides whether it is up to date.
struct Line {
    offset: u64,
    settings: usize,
    /// `None` if the results were not completed.
    sha256: Option<[u8; 32]>,
}

impl Journal {
    /// Opens or creates the journal and reads it. Lines that cannot be parsed (such as the last one of a killed run) are
    /// ignored.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(JOURNAL);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)?;
        let mut reader = BufReader::new(File::open(&path)?);
        let (index, torn) = Index::read(&mut reader)?;
        if torn {
            file.write_all(b"\n")?; // ends the incomplete line
        }
        Ok(Self {
            index,
            identity: Handle::from_file(file.try_clone()?)?,
            reader: Mutex::new(reader),
            writer: Mutex::new(Writer { file, torn: false }),
            path,
        })
    }

    /// The newest entry of this stem, if it has these contents and settings in all formats.
    pub(crate) fn find(&self, stem: &Path, sha256: &str, settings: &Settings) -> Option<Entry> {
        let stem = stem.to_string_lossy();
        let line = self.index.find(&key(&stem), sha256, settings)?;
        let entry = self.read_entry(line.offset).ok()?;
        (key(&entry.stem) == key(&stem) && entry.sha256 == sha256).then_some(entry)
    }

    /// Whether an earlier run wrote this format for this stem, or began to.
    pub(crate) fn has_written(&self, stem: &Path, format: &str) -> bool {
        let lines = self.index.lines.get(&key(&stem.to_string_lossy()));
        lines.is_some_and(|lines| lines.iter().any(|line| self.index.wrote(line, format)))
    }

    /// Appends an entry, without waiting for the disk.
    pub(crate) fn add(&self, entry: &Entry) -> io::Result<()> {
        self.add_line(&serde_json::to_string(entry)?)
    }

    /// Waits until all entries are on the disk. Blocks no other thread that adds.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let file = lock(&self.writer).file.try_clone()?;
        file.sync_data()
    }

    /// Whether the newest finished entry of this stem is of other contents.
    pub(crate) fn has_other_contents(&self, stem: &Path, sha256: &str) -> bool {
        let lines = self.index.lines.get(&key(&stem.to_string_lossy()));
        let newest = lines.and_then(|lines| lines.last());
        newest.is_some_and(|line| line.sha256.is_some() && line.sha256 != parse_hex(sha256))
    }

    /// Appends the name of a run, which its unfinished files have in theirs.
    pub(crate) fn begin_run(&self, run: &str) -> io::Result<()> {
        let line = RunLine {
            format_version: JOURNAL_VERSION,
            run: run.to_owned(),
        };
        self.add_line(&serde_json::to_string(&line)?)
    }

    /// The names of earlier runs.
    pub(crate) fn runs(&self) -> &BTreeSet<String> {
        &self.index.runs
    }

    /// The stems of results that earlier runs did not complete.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = io::Result<PathBuf>> {
        let newest = self.index.lines.values().filter_map(|lines| lines.last());
        newest
            .filter(|line| line.sha256.is_none())
            .map(|line| Ok(PathBuf::from(self.read_entry(line.offset)?.stem)))
    }

    /// Whether its path is still the file that was opened; if not, new entries are lost.
    pub(crate) fn is_there(&self) -> bool {
        Handle::from_path(&self.path).is_ok_and(|now| now == self.identity)
    }

    /// Writes the journal again after it was removed from its folder.
    ///
    /// # Errors
    /// If another file has its name, or the folder cannot be written to.
    pub(crate) fn restore(&self) -> io::Result<()> {
        let mut old = lock(&self.reader);
        old.seek(SeekFrom::Start(0))?;
        io::copy(&mut *old, &mut File::create_new(&self.path)?)?;
        Ok(())
    }

    fn add_line(&self, line: &str) -> io::Result<()> {
        let mut writer = lock(&self.writer);
        let separator = if writer.torn { "\n" } else { "" };
        let written = writer
            .file
            .write_all(format!("{separator}{line}\n").as_bytes());
        writer.torn = written.is_err();
        written
    }

    fn read_entry(&self, offset: u64) -> io::Result<Entry> {
        let mut line = Vec::new();
        let mut reader = lock(&self.reader);
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

impl Index {
    /// Reads all lines; also returns whether the last one is incomplete.
    fn read(reader: &mut impl BufRead) -> io::Result<(Self, bool)> {
        let mut index = Self::default();
        let (mut offset, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if let Ok(entry) = serde_json::from_slice::<Entry>(&line) {
                index.add(offset, entry);
            } else if let Ok(line) = serde_json::from_slice::<RunLine>(&line) {
                index.runs.insert(line.run);
            }
            offset += length as u64;
            if line.last() != Some(&b'\n') {
                return Ok((index, length > 0));
            }
        }
    }

    fn add(&mut self, offset: u64, entry: Entry) {
        let position = self
            .settings
            .iter()
            .position(|known| *known == entry.settings);
        let settings = position.unwrap_or_else(|| {
            self.settings.push(entry.settings);
            self.settings.len() - 1
        });
        // An entry of another version shows that the results are ours, not that they are up to date.
        let readable = entry.format_version == JOURNAL_VERSION;
        let sha256 = parse_hex(&entry.sha256).filter(|_| readable);
        let mut lines = self.lines.remove(&key(&entry.stem)).unwrap_or_default();
        lines.push(Line {
            offset,
            settings,
            sha256,
        });
        let mut superseded: BTreeSet<&String> = BTreeSet::new();
        let mut kept: Vec<Line> = Vec::with_capacity(1);
        for line in lines.into_iter().rev() {
            let before = superseded.len();
            superseded.extend(&self.settings[line.settings].formats);
            if superseded.len() > before {
                kept.push(line);
            }
        }
        kept.reverse();
        self.lines.insert(key(&entry.stem), kept);
    }

    fn find(&self, key: &str, sha256: &str, settings: &Settings) -> Option<&Line> {
        let lines = self.lines.get(key)?;
        let sha256 = parse_hex(sha256)?;
        let mut newest_of_all = None;
        for format in &settings.formats {
            let newest = lines.iter().rev().find(|line| self.wrote(line, format))?;
            let same = self.settings[newest.settings].give_the_same_as(settings);
            if newest.sha256 != Some(sha256) || !same {
                return None;
            }
            newest_of_all = Some(newest);
        }
        newest_of_all
    }

    fn wrote(&self, line: &Line, format: &str) -> bool {
        let formats = &self.settings[line.settings].formats;
        formats.iter().any(|name| name == format)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Equal for stems that differ only in case, which are the same files on some file systems.
fn key(stem: &str) -> String {
    stem.to_lowercase()
}

/// 32 bytes from 64 hexadecimal digits.
fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// SHA-256 of a file's contents, in hexadecimal.
///
/// # Errors
/// If it cannot be read, or is not a regular file: a pipe can be read only once, and a device may not end.
pub(crate) fn hash_of(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other(
            "this is a pipe or a device, and --out needs regular files; run without --out, or save it to a file first",
        ));
    }
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(in_hex(&hash.finalize()))
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    in_hex(&Sha256::digest(bytes))
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(formats: &[&str]) -> Settings {
        Settings {
            model_hash: "model".to_owned(),
            window_s: 2.0,
            among: Vec::new(),
            threshold: 0.5,
            thresholds: Vec::new(),
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
        }
    }

    fn entry(stem: &str, sha256: &str, formats: &[&str]) -> Entry {
        Entry {
            sha256: sha256.to_owned(),
            ..Entry::started(Path::new(stem), settings(formats))
        }
    }

    fn hash(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    #[test]
    fn stems_that_differ_in_case_share_their_history() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal
            .add(&entry("Song.wav", &hash('1'), &["json"]))
            .unwrap();
        journal
            .add(&entry("song.wav", &hash('2'), &["json"]))
            .unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let known = |stem: &str, sha256: &str| {
            journal
                .find(Path::new(stem), sha256, &settings(&["json"]))
                .is_some()
        };
        assert!(!known("Song.wav", &hash('1')), "overwritten by the other");
        assert!(known("song.wav", &hash('2')));
        assert!(journal.has_written(Path::new("SONG.wav"), "json"));
        assert!(!journal.has_written(Path::new("song.wav"), "csv"));
    }

    #[test]
    fn the_newest_entry_of_each_format_counts() {
        let folder = tempfile::tempdir().unwrap();
        let stem = Path::new("a.wav");
        let add = |sha256: &str, formats: &[&str]| {
            let journal = Journal::open(folder.path()).unwrap();
            journal.add(&entry("a.wav", "", formats)).unwrap();
            journal.add(&entry("a.wav", sha256, formats)).unwrap();
        };
        add(&hash('a'), &["json", "csv"]);
        add(&hash('b'), &["json"]);
        let journal = Journal::open(folder.path()).unwrap();
        let known = |sha256: &str, formats: &[&str]| {
            journal.find(stem, sha256, &settings(formats)).is_some()
        };
        assert!(known(&hash('b'), &["json"]) && known(&hash('a'), &["csv"]));
        assert!(!known(&hash('a'), &["json"]) && !known(&hash('b'), &["json", "csv"]));
        assert_eq!(
            journal.index.lines["a.wav"].len(),
            2,
            "only these two are kept"
        );
        add(&hash('a'), &["csv", "json"]);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.index.lines["a.wav"].len(), 1);
        assert_eq!(journal.unfinished().count(), 0);
        journal.add(&entry("b/c.wav", "", &["json"])).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let unfinished: Vec<PathBuf> = journal.unfinished().map(Result::unwrap).collect();
        assert_eq!(unfinished, [Path::new("b/c.wav")]);
    }

    #[test]
    fn an_incomplete_line_does_not_damage_others() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.begin_run("0123").unwrap();
        {
            // As after a full disk.
            let mut writer = lock(&journal.writer);
            writer
                .file
                .write_all(b"{\"format_version\":1,\"pla")
                .unwrap();
            writer.torn = true;
        }
        journal.add(&entry("a.wav", &hash('1'), &["json"])).unwrap();
        journal.add(&entry("b.wav", &hash('1'), &["json"])).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        for stem in ["a.wav", "b.wav"] {
            let found = journal.find(Path::new(stem), &hash('1'), &settings(&["json"]));
            assert_eq!(found.unwrap().stem, stem);
        }
        assert!(journal.runs().contains("0123"));
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_journal_can_be_restored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL);
        let journal = Journal::open(folder.path()).unwrap();
        journal.add(&entry("a.wav", &hash('1'), &["json"])).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(journal.is_there());
        std::fs::remove_file(&path).unwrap();
        assert!(!journal.is_there());
        journal.restore().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(journal.restore().is_err(), "an existing file is kept");
    }
}
