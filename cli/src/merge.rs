//! `hamiltone analyze --merge-summary`: the tables of all parts of `--shard`, put together.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use csv::StringRecord;

use crate::Outcome;
use crate::out_folder::OutFolder;
use crate::outputs::{EVENTS_CSV, SUMMARY_CSV, SUMMARY_JSONL};
use crate::shard::Shard;

/// Writes `summary.csv`, `summary.jsonl` and `events.csv` from those of the parts. Rows are in the order of their paths, as
/// after one run over one folder. Memory does not grow with the rows.
pub(crate) fn run(folder: &OutFolder) -> Result<Outcome> {
    let count = shards(folder.path())?;
    for (name, header) in [
        (SUMMARY_CSV, true),
        (SUMMARY_JSONL, false),
        (EVENTS_CSV, true),
    ] {
        let target = folder.path().join(name);
        let failed = || format!("{}: cannot be written", target.display());
        let mut file = folder.create(&target).with_context(failed)?;
        let shards = (1..=count).map(|index| Shard { index, count });
        let paths = shards.map(|shard| folder.path().join(shard.file_name(name)));
        if header {
            merge(open_all(paths, Records::open)?, &mut file)?;
        } else {
            merge(open_all(paths, JsonLines::open)?, &mut file)?;
        }
        file.finish().with_context(failed)?;
    }
    Ok(Outcome::Done)
}

fn open_all<T>(
    paths: impl Iterator<Item = PathBuf>,
    open: impl Fn(&Path) -> Result<T>,
) -> Result<Vec<T>> {
    let open = |path: PathBuf| open(&path).with_context(|| path.display().to_string());
    paths.map(open).collect()
}

/// The number of parts whose tables are in the folder.
///
/// # Errors
/// If there are none, some are missing, or there are tables of several divisions.
fn shards(folder: &Path) -> Result<u32> {
    let mut found: Vec<Shard> = Vec::new();
    let entries = folder.read_dir();
    for entry in entries.with_context(|| folder.display().to_string())? {
        let name = entry?.file_name();
        if let Some((shard, table)) = Shard::of_file_name(&name.to_string_lossy())
            && table == SUMMARY_CSV
        {
            found.push(shard);
        }
    }
    found.sort_by_key(|shard| (shard.count, shard.index));
    let folder = folder.display();
    let Some(Shard { count, .. }) = found.first().copied() else {
        bail!(
            "{folder}: no tables of parts in this folder; run `hamiltone analyze --shard K/N --out {folder}` for each \
             part first"
        );
    };
    if let Some(other) = found.iter().find(|shard| shard.count != count) {
        bail!(
            "{folder}: tables of {count} and of {} parts; remove those of the earlier division (*.K-of-N.*)",
            other.count
        );
    }
    let missing = (1..=count).filter(|index| found.iter().all(|shard| shard.index != *index));
    let missing: Vec<String> = missing.map(|index| format!("{index}/{count}")).collect();
    if !missing.is_empty() {
        bail!(
            "{folder}: these parts have not been processed to their ends: {}; run them first (--shard)",
            missing.join(", ")
        );
    }
    Ok(count)
}

/// A table that is read row by row.
trait Rows {
    /// Moves to the next row; false at the end.
    fn next(&mut self) -> Result<bool>;
    /// The path and the channel of the row.
    fn key(&self) -> (&str, u32);
    fn write_header(&self, target: &mut dyn Write) -> Result<()>;
    fn write(&self, target: &mut dyn Write) -> Result<()>;
}

/// Writes the rows of sorted tables in the order of their keys.
fn merge<R: Rows>(mut tables: Vec<R>, target: &mut dyn Write) -> Result<()> {
    if let Some(first) = tables.first() {
        first.write_header(target)?;
    }
    let mut left = Vec::new();
    for mut table in tables.drain(..) {
        if table.next()? {
            left.push(table);
        }
    }
    while !left.is_empty() {
        let first = (1..left.len()).fold(0, |first, index| {
            match order(left[index].key(), left[first].key()) {
                Ordering::Less => index,
                _ => first,
            }
        });
        // All rows of this file.
        let (path, channel) = left[first].key();
        let (path, table) = (path.to_owned(), &mut left[first]);
        loop {
            table.write(target)?;
            if !table.next()? {
                left.remove(first);
                break;
            }
            if table.key() != (path.as_str(), channel) {
                break;
            }
        }
    }
    Ok(())
}

/// The order in which a folder is walked: by the names of folders and files.
fn order(a: (&str, u32), b: (&str, u32)) -> Ordering {
    Path::new(a.0).cmp(Path::new(b.0)).then(a.1.cmp(&b.1))
}

/// A table in CSV.
struct Records {
    reader: csv::Reader<File>,
    header: StringRecord,
    file: usize,
    channel: usize,
    row: StringRecord,
}

impl Records {
    fn open(path: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path)?;
        let header = reader.headers()?.clone();
        let column = |name: &str| {
            let found = header.iter().position(|column| column == name);
            found.with_context(|| format!("no column {name}"))
        };
        Ok(Self {
            file: column("file")?,
            channel: column("channel")?,
            row: StringRecord::new(),
            header,
            reader,
        })
    }
}

fn write_record(record: &StringRecord, target: &mut dyn Write) -> Result<()> {
    // As the tables of a run.
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(target);
    writer.write_record(record)?;
    Ok(writer.flush()?)
}

impl Rows for Records {
    fn next(&mut self) -> Result<bool> {
        Ok(self.reader.read_record(&mut self.row)?)
    }

    fn key(&self) -> (&str, u32) {
        let channel = self.row.get(self.channel).unwrap_or_default();
        let file = self.row.get(self.file).unwrap_or_default();
        (file, channel.parse().unwrap_or(0))
    }

    fn write_header(&self, target: &mut dyn Write) -> Result<()> {
        write_record(&self.header, target)
    }

    fn write(&self, target: &mut dyn Write) -> Result<()> {
        write_record(&self.row, target)
    }
}

/// A table of JSON lines.
struct JsonLines {
    lines: Lines<BufReader<File>>,
    line: String,
    key: (String, u32),
}

impl JsonLines {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            lines: BufReader::new(File::open(path)?).lines(),
            line: String::new(),
            key: Default::default(),
        })
    }
}

/// The fields by which rows are sorted.
#[derive(serde::Deserialize)]
struct Key {
    file: String,
    channel: Option<u32>,
}

impl Rows for JsonLines {
    fn next(&mut self) -> Result<bool> {
        let Some(line) = self.lines.next() else {
            return Ok(false);
        };
        self.line = line?;
        let Key { file, channel } = serde_json::from_str(&self.line)?;
        self.key = (file, channel.unwrap_or(0));
        Ok(true)
    }

    fn key(&self) -> (&str, u32) {
        (&self.key.0, self.key.1)
    }

    fn write_header(&self, _target: &mut dyn Write) -> Result<()> {
        Ok(())
    }

    fn write(&self, target: &mut dyn Write) -> Result<()> {
        Ok(writeln!(target, "{}", self.line)?)
    }
}
