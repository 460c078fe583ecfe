//! The Parquet data set of an output folder: `parquet/files` and `parquet/events`, in parts of many files each.
//!
//! A part is a file in each folder, of the same name. Each is written under a hidden name first, the events before the
//! files, so that whatever has its name is a complete Parquet file. Rows of a file that was analysed again are removed from
//! older parts before its new rows are written: a run that is killed between them leaves the file out, and the next run
//! writes it from the journal. So an id is never in the data set twice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hamiltone_engine::timeline::Event;
use hamiltone_exports::SummaryRow;
use hamiltone_tables::{Description, Part, RecordBatch, Table, parquet};

use crate::out_folder::OutFolder;

/// The folder of the data set.
pub(crate) const FOLDER: &str = "parquet";
/// Held while rows are removed from a part, so that two runs do not write the same one.
const LOCK: &str = ".hamiltone-lock";
/// A part is written when it has this many files, or this many events.
const MAX_FILES: usize = 1_000;
const MAX_EVENTS: usize = 50_000;

/// The data set during a run. Needs about 40 bytes per file of earlier runs.
pub(crate) struct DataSet<'a> {
    folder: &'a OutFolder,
    description: Description,
    /// The names of the parts, and by the hash of an id the part and the contents of its row.
    parts: Vec<String>,
    known: HashMap<u64, Known>,
    /// Parts of the events whose part of the files is missing, by the hashes of their ids.
    orphans: HashMap<u64, usize>,
    staged: Part,
}

#[derive(Clone, Copy)]
struct Known {
    part: usize,
    contents: u64,
}

impl<'a> DataSet<'a> {
    /// Reads which files are in the data set.
    ///
    /// # Errors
    /// If a part cannot be read, or the data set was made with another model or other settings.
    pub(crate) fn open(folder: &'a OutFolder, description: Description) -> Result<Self> {
        let mut set = Self {
            staged: Part::new(&description),
            folder,
            description,
            parts: Vec::new(),
            known: HashMap::new(),
            orphans: HashMap::new(),
        };
        let names = set.names(Table::Files)?;
        for name in &names {
            let path = set.path(Table::Files, name);
            set.check(&path)?;
            let part = set.parts.len();
            set.parts.push(name.clone());
            let known = &mut set.known;
            parquet::known_files(&path, &mut |file| {
                let contents = contents(file.sha256.as_deref(), file.error.as_deref());
                known.insert(hash(&file.id), Known { part, contents });
            })
            .with_context(|| not_readable(&path))?;
        }
        let names: HashSet<String> = names.into_iter().collect();
        for name in set.names(Table::Events)? {
            if !names.contains(&name) {
                let path = set.path(Table::Events, &name);
                let (part, orphans) = (set.parts.len(), &mut set.orphans);
                parquet::ids(&path, &mut |id| {
                    orphans.insert(hash(id), part);
                })
                .with_context(|| not_readable(&path))?;
                set.parts.push(name);
            }
        }
        Ok(set)
    }

    /// The folders that may hold unfinished files.
    pub(crate) fn folders(folder: &Path) -> [PathBuf; 2] {
        [Table::Files, Table::Events].map(|table| folder.join(FOLDER).join(table.name()))
    }

    /// Adds a file, unless the data set has the same row. Writes a part when it is full.
    pub(crate) fn add(
        &mut self,
        id: &str,
        row: &SummaryRow<'_>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<()> {
        let contents = contents(row.sha256, row.error);
        let known = self.known.get(&hash(id));
        if known.is_some_and(|known| known.contents == contents) {
            return Ok(());
        }
        self.staged.add(id, row, events);
        if self.staged.files() >= MAX_FILES || self.staged.events() >= MAX_EVENTS {
            self.write()?;
        }
        Ok(())
    }

    /// Removes the rows of a file that is analysed again although it has not changed.
    pub(crate) fn forget(&mut self, id: &str) {
        if let Some(known) = self.known.get_mut(&hash(id)) {
            known.contents = 0;
        }
    }

    /// Writes the rows that are left.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        if self.staged.files() == 0 {
            return Ok(());
        }
        let staged = std::mem::replace(&mut self.staged, Part::new(&self.description));
        self.remove_old_rows(&staged)?;
        let name = format!("part-{}-{:05}.parquet", self.folder.run(), self.parts.len());
        self.write_table(Table::Events, &name, &staged.events_table()?)?;
        self.write_table(Table::Files, &name, &staged.files_table()?)?;
        self.parts.push(name);
        Ok(())
    }

    fn write_table(&self, table: Table, name: &str, rows: &RecordBatch) -> Result<()> {
        let path = self.path(table, name);
        let written = self.folder.create(&path).map_err(anyhow::Error::from);
        written
            .and_then(|file| Ok(parquet::write(rows, table, &self.description, file)?.finish()?))
            .with_context(|| format!("{}: cannot be written", path.display()))
    }

    fn remove_old_rows(&self, staged: &Part) -> Result<()> {
        let mut removed: BTreeMap<usize, HashSet<&str>> = BTreeMap::new();
        for source in staged.sources() {
            let id = hash(&source.id);
            let part = self.known.get(&id).map(|known| known.part);
            for part in part.into_iter().chain(self.orphans.get(&id).copied()) {
                removed.entry(part).or_default().insert(&source.id);
            }
        }
        if removed.is_empty() {
            return Ok(());
        }
        let lock = self.folder.path().join(FOLDER).join(LOCK);
        let lock = File::create(&lock).with_context(|| lock.display().to_string())?;
        let _ = lock.lock(); // on file systems without locks, runs that remove rows must not overlap
        for (part, ids) in &removed {
            for table in [Table::Events, Table::Files] {
                self.rewrite(&self.path(table, &self.parts[*part]), ids)?;
            }
        }
        Ok(())
    }

    /// Writes a part again without some ids; removes it if no row is left.
    fn rewrite(&self, path: &Path, removed: &HashSet<&str>) -> Result<()> {
        if !path.exists() {
            return Ok(()); // removed with its last row
        }
        let target = self.folder.create(path)?;
        let (target, left) =
            parquet::copy_without(path, removed, target).with_context(|| not_readable(path))?;
        match left {
            0 => fs::remove_file(path)?,
            _ => target.finish()?,
        }
        Ok(())
    }

    /// That a part has the same model and settings.
    fn check(&self, path: &Path) -> Result<()> {
        let found = parquet::metadata(path).with_context(|| not_readable(path))?;
        let expected = self.description.metadata(Table::Files);
        let of = |entries: &[(String, String)], name: &str| {
            let entry = entries.iter().find(|(key, _)| key == name);
            entry.map_or_else(String::new, |(_, value)| value.clone())
        };
        for (key, what) in [
            ("hamiltone.format_version", "version of the tables"),
            ("hamiltone.model_hash", "model"),
            ("hamiltone.settings", "settings"),
        ] {
            if of(&found, key) != of(&expected, key) {
                let shown = |entries| match key {
                    "hamiltone.model_hash" => of(entries, "hamiltone.model"),
                    _ => of(entries, key),
                };
                bail!(
                    "{}: the data set was made with another {what} ({}, now {}); choose another folder with --out, or \
                     remove {}",
                    path.display(),
                    shown(&found),
                    shown(&expected),
                    self.folder.path().join(FOLDER).display()
                );
            }
        }
        Ok(())
    }

    fn path(&self, table: Table, name: &str) -> PathBuf {
        let folder = self.folder.path().join(FOLDER);
        folder.join(table.name()).join(name)
    }

    /// The names of the parts of a table, sorted.
    fn names(&self, table: Table) -> Result<Vec<String>> {
        let folder = self.folder.path().join(FOLDER).join(table.name());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| folder.display().to_string())?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".parquet") && !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

fn not_readable(path: &Path) -> String {
    format!(
        "{}: this part of the data set cannot be read; remove it, and run the same command again",
        path.display()
    )
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new(); // not seeded: the same in every run
    text.hash(&mut hasher);
    hasher.finish()
}

/// Differs between different contents, and between errors.
fn contents(sha256: Option<&str>, error: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (sha256, error).hash(&mut hasher);
    hasher.finish()
}
