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
use crate::shard::Shard;

/// The journal: read once, then only appended to. Keeps an index in memory, about 200 bytes per file of earlier runs;
/// entries of this run are on disk only. The journals of other runs with `--shard` into this folder are read too.
pub(crate) struct Journal {
    path: PathBuf,
    own: Readable,
    others: Vec<Readable>,
    /// To check whether `path` is still the file that was opened.
    identity: Handle,
    writer: Mutex<Writer>,
}

/// A journal as it was when the run began.
struct Readable {
    index: Index,
    reader: Mutex<BufReader<File>>,
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
    /// Opens or creates the journal of this name and reads it, and the others in the folder. Lines that cannot be parsed
    /// (such as the last one of a killed run) are ignored.
    pub(crate) fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)?;
        let (own, torn) = Readable::open(&path)?;
        if torn {
            file.write_all(b"\n")?; // ends the incomplete line
        }
        let mut others = Vec::new();
        for entry in folder.read_dir()? {
            let other = entry?.file_name();
            if other != name && is_journal(&other.to_string_lossy()) {
                others.push(Readable::open(&folder.join(other))?.0);
            }
        }
        Ok(Self {
            own,
            others,
            identity: Handle::from_file(file.try_clone()?)?,
            writer: Mutex::new(Writer { file, torn: false }),
            path,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Readable> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// The newest entry of this stem, if it has these contents and settings in all formats. Where several journals have
    /// entries of the stem, all have to say so: which one is the newest is unknown.
    pub(crate) fn find(&self, stem: &Path, sha256: &str, settings: &Settings) -> Option<Entry> {
        let stem = stem.to_string_lossy();
        let mut found = None;
        for journal in self.all() {
            let wrote = |format: &String| journal.index.has_written(&key(&stem), format);
            if settings.formats.iter().any(wrote) {
                let line = journal.index.find(&key(&stem), sha256, settings)?;
                found = Some(journal.entry(line.offset).ok()?);
            }
        }
        found.filter(|entry: &Entry| key(&entry.stem) == key(&stem) && entry.sha256 == sha256)
    }

    /// Whether an earlier run wrote this format for this stem, or began to.
    pub(crate) fn has_written(&self, stem: &Path, format: &str) -> bool {
        let key = key(&stem.to_string_lossy());
        self.all()
            .any(|journal| journal.index.has_written(&key, format))
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
        let key = key(&stem.to_string_lossy());
        self.all().any(|journal| {
            let lines = journal.index.lines.get(&key);
            let newest = lines.and_then(|lines| lines.last());
            newest.is_some_and(|line| line.sha256.is_some() && line.sha256 != parse_hex(sha256))
        })
    }

    /// Appends the name of a run, which its unfinished files have in theirs.
    pub(crate) fn begin_run(&self, run: &str) -> io::Result<()> {
        let line = RunLine {
            format_version: JOURNAL_VERSION,
            run: run.to_owned(),
        };
        self.add_line(&serde_json::to_string(&line)?)
    }

    /// The names of earlier runs, and of other runs with `--shard`, which may be at work.
    pub(crate) fn runs(&self) -> BTreeSet<String> {
        self.all()
            .flat_map(|journal| journal.index.runs.iter().cloned())
            .collect()
    }

    /// The stems of results that earlier runs did not complete.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = io::Result<PathBuf>> {
        self.all().flat_map(|journal| {
            let newest = journal.index.lines.values();
            newest
                .filter_map(|lines| lines.last())
                .filter(|line| line.sha256.is_none())
                .map(|line| Ok(PathBuf::from(journal.entry(line.offset)?.stem)))
        })
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
        let mut old = lock(&self.own.reader);
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
}

impl Readable {
    /// Reads a journal; also returns whether its last line is incomplete.
    fn open(path: &Path) -> io::Result<(Self, bool)> {
        let mut reader = BufReader::new(File::open(path)?);
        let (index, torn) = Index::read(&mut reader)?;
        let reader = Mutex::new(reader);
        Ok((Self { index, reader }, torn))
    }

    fn entry(&self, offset: u64) -> io::Result<Entry> {
        let mut line = Vec::new();
        let mut reader = lock(&self.reader);
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

/// Whether a file of this name is the journal of a run, or of a part of one.
fn is_journal(name: &str) -> bool {
    let whole = Shard::of_file_name(name).map(|(_, whole)| whole);
    whole.as_deref().unwrap_or(name) == JOURNAL
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

    fn has_written(&self, key: &str, format: &str) -> bool {
        let lines = self.lines.get(key);
        lines.is_some_and(|lines| lines.iter().any(|line| self.wrote(line, format)))
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
mod tests;
