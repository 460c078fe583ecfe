//! `hamiltone analyze --out`: timelines, a journal and tables in a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fmt, fs, io};

use anyhow::{Context, Error, Result, anyhow, bail};
use hamiltone_engine::model::FileSignature;
use hamiltone_engine::timeline::Event;
use hamiltone_exports::{Format, LabelOn, SummaryRow};
use hamiltone_tables::Description;

use crate::analysis::Analysis;
use crate::arguments::PARQUET;
use crate::closing_line::{self, Results};
use crate::data_set::DataSet;
use crate::entry::{Entry, Settings};
use crate::journal::{self, Journal};
use crate::out_folder::OutFolder;
use crate::outputs::{Names, Plan};
use crate::run_lock::RunLock;
use crate::tables::{self, Tables};
use crate::usage::text_of;
use crate::{Outcome, batch};

/// Missing results that are listed at the end.
const MAX_LISTED: usize = 5;

/// Writes all formats of all files that are not up to date, and the tables of the run. Memory per file does not depend on its
/// results.
pub(crate) fn run(analysis: &Analysis, folder: &OutFolder) -> Result<Outcome> {
    let path = folder.path();
    let names = Names::of(analysis.shard);
    let _lock = RunLock::take(path, analysis.shard).with_context(|| path.display().to_string())?;
    tables::check_free(path, &names)?;
    let journal = Journal::open(path, &names.journal)
        .with_context(|| format!("{}: the journal cannot be written", path.display()))?;
    let formats = analysis.formats.iter();
    let endings: Vec<&str> = formats.map(|format| format.ending()).collect();
    let ours =
        |stem: &Path, format: usize| journal.has_written(stem, analysis.formats[format].name());
    let run = Run {
        analysis,
        folder,
        plan: Plan::new(&analysis.inputs.files, path, &endings, analysis.shard, ours),
        names,
        settings: settings(analysis),
        journal: &journal,
        written: AtomicUsize::new(0),
        replaced: Mutex::default(),
        is_unwritable: AtomicBool::new(false),
    };
    run.begin()
        .with_context(|| format!("{}: the journal cannot be used", path.display()))?;
    run.execute()
}

fn settings(analysis: &Analysis) -> Settings {
    let formats = analysis.formats.iter().map(|format| format.name());
    let formats = formats.chain(analysis.parquet.then_some(PARQUET));
    let settings = &analysis.settings;
    Settings {
        model_hash: settings.model.hash().to_owned(),
        window_s: settings.window_s,
        among: settings.among.indices().to_vec(),
        threshold: settings.events.threshold,
        thresholds: set_thresholds(&settings.thresholds),
        formats: formats.map(str::to_owned).collect(),
    }
}

/// Index and threshold of the labels that have one.
fn set_thresholds(thresholds: &[Option<f32>]) -> Vec<(usize, f32)> {
    let labels = thresholds.iter().enumerate();
    let set = labels.filter_map(|(label, threshold)| Some((label, (*threshold)?)));
    set.collect()
}

/// What all rows of the data set have in common.
fn description(analysis: &Analysis) -> Description {
    let settings = &analysis.settings;
    Description::new(
        &settings.model,
        &settings.among,
        settings.window_s,
        settings.events,
        &settings.thresholds,
    )
}

fn hash(path: &Path) -> Result<String> {
    journal::hash_of(path).with_context(|| format!("{}: cannot be read", path.display()))
}

struct Run<'a> {
    analysis: &'a Analysis,
    folder: &'a OutFolder,
    plan: Plan<'a>,
    names: Names,
    settings: Settings,
    journal: &'a Journal,
    /// Files with results of this run.
    written: AtomicUsize,
    /// Files with results that replaced those of other contents.
    replaced: Mutex<Vec<String>>,
    /// Set by the first file that met an error which all others would meet too.
    is_unwritable: AtomicBool,
}

/// The result of one file.
struct FileResult {
    entry: Entry,
    /// Whether it is from an earlier run.
    known: bool,
}

/// Nothing more can be written to the folder.
#[derive(Debug)]
struct Unwritable;

impl fmt::Display for Unwritable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "stopped, because nothing more can be written. What is there is complete; make room and run the same \
             command to process the remaining files",
        )
    }
}

impl std::error::Error for Unwritable {}

/// Whether an error of writing would meet every other file too.
fn meets_all(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.kind(),
        StorageFull | QuotaExceeded | ReadOnlyFilesystem
    )
}

/// Marks an error that would meet every other file too.
fn unwritable(result: io::Result<()>) -> Result<()> {
    result.map_err(|error| {
        let meets_all = meets_all(&error);
        let error = Error::new(error);
        if meets_all {
            error.context(Unwritable)
        } else {
            error
        }
    })
}

/// The folder or its journal was removed or replaced.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the output folder was removed")
    }
}

impl std::error::Error for Gone {}

impl Run<'_> {
    /// Removes unfinished files of killed runs, and adds this run to the journal.
    fn begin(&self) -> Result<()> {
        let mut folders = BTreeSet::from([self.folder.path().to_owned()]);
        folders.extend(DataSet::folders(self.folder.path()));
        for stem in self.journal.unfinished() {
            let path = self.folder.path().join(stem?);
            folders.extend(path.parent().map(Path::to_owned));
        }
        self.folder
            .remove_unfinished(&self.journal.runs(), &folders);
        Ok(self.journal.begin_run(self.folder.run())?)
    }

    fn execute(&self) -> Result<Outcome> {
        let (analysis, folder) = (self.analysis, self.folder.path());
        let files = &analysis.inputs.files;
        let not_written = || format!("{}: the tables cannot be written", folder.display());
        let labels = &analysis.settings.model.card().labels;
        let with_selections = analysis.formats.contains(&Format::RAVEN);
        let mut tables =
            Tables::begin(self.folder, &self.names, with_selections).with_context(not_written)?;
        let mut data_set = match analysis.parquet {
            true => Some(DataSet::open(self.folder, description(analysis))?),
            false => None,
        };
        let (mut known, mut done) = (0, vec![false; files.len()]);
        let (outcome, count) = batch::each(
            &analysis.inputs,
            &analysis.progress,
            analysis.fail_fast,
            |index| {
                if self.is_unwritable.load(Ordering::Relaxed) {
                    bail!(Unwritable);
                }
                let result = self.process(index);
                if result.as_ref().is_err_and(|error| error.is::<Unwritable>()) {
                    self.is_unwritable.store(true, Ordering::Relaxed);
                }
                result
            },
            |index, result| {
                let (file, channel) = (files[index].path.to_string_lossy(), files[index].channel);
                let id = self.plan.id(index);
                let added = match &result {
                    Ok(result) => {
                        let first_channel =
                            index == 0 || files[index - 1].path != files[index].path;
                        known += usize::from(result.known && first_channel);
                        done[index] = true;
                        let entry = &result.entry;
                        let events: Vec<Event> = entry.events(labels).collect();
                        let on = LabelOn::of_events(events.iter().cloned(), entry.duration_s);
                        let row = entry.row(&file, channel, &on);
                        if let Some(data_set) = &mut data_set {
                            if analysis.again {
                                data_set.forget(&id);
                            }
                            data_set.add(&id, &row, events.iter().cloned())?;
                        }
                        tables.add(&row, events)
                    }
                    Err(error) if error.is::<Gone>() => return Err(self.gone(known)),
                    Err(error) if error.is::<Unwritable>() => {
                        return Err(anyhow!("{error:#}"));
                    }
                    Err(error) => {
                        let error = text_of(error);
                        let row = SummaryRow {
                            file: &file,
                            error: Some(&error),
                            channel,
                            ..SummaryRow::default()
                        };
                        if let Some(data_set) = &mut data_set {
                            data_set.add(&id, &row, [])?;
                        }
                        tables.add(&row, Vec::new())
                    }
                };
                added.with_context(not_written)
            },
        )?;
        if !self.journal.is_there() {
            return Err(self.gone(known));
        }
        self.journal.sync().with_context(not_written)?;
        self.tell_replaced();
        if let Some(data_set) = data_set {
            data_set.finish()?;
        }
        tables.finish().with_context(not_written)?;
        let complete = self.check_results(&done);
        let results = Results {
            known,
            table: &folder.join(&self.names.summary_csv),
        };
        let (progress, tags) = (&analysis.progress, analysis.tags.as_ref());
        closing_line::print(progress, &analysis.inputs, &count, Some(&results), tags);
        Ok(if complete {
            outcome
        } else {
            Outcome::SomeFailed
        })
    }

    /// Writes the results of a file, unless they are up to date, and its tags. A file that got tags has new contents, which
    /// are added to the journal.
    fn process(&self, index: usize) -> Result<FileResult> {
        let mut result = self.results(index)?;
        let Some(tags) = &self.analysis.tags else {
            return Ok(result);
        };
        let (path, labels) = (
            &self.analysis.inputs.files[index].path,
            &self.analysis.settings.model.card().labels,
        );
        let entry = &mut result.entry;
        let events: Vec<Event> = entry.events(labels).collect();
        if tags.write(path, events, entry.duration_s, &self.analysis.progress)? {
            entry.sha256 = hash(path)?;
            self.journal
                .add(entry)
                .context("the journal cannot be written")?;
        }
        Ok(result)
    }

    /// Writes the results of a file, unless they are up to date.
    fn results(&self, index: usize) -> Result<FileResult> {
        if !self.journal.is_there() {
            bail!(Gone);
        }
        let (analysis, journal) = (self.analysis, self.journal);
        let input = &analysis.inputs.files[index];
        let before = FileSignature::of(&input.path);
        let sha256 = hash(&input.path)?;
        let stem = self.plan.stem(index);
        let paths = self.plan.paths(&stem);
        let known = journal.find(&stem, &sha256, &self.settings);
        if let Some(entry) = known.filter(|entry| !analysis.again && entry.event_list.is_some())
            && paths.iter().all(|path| path.exists())
        {
            return Ok(FileResult { entry, known: true });
        }
        let (timeline, means) = analysis.analyze(input)?;
        if FileSignature::of(&input.path) != before {
            // Its hash would stand for other audio than its results.
            bail!(
                "{}: changed while it was read; run the same command again when it is complete",
                input.path.display()
            );
        }
        let leading = analysis.settings.leading(&means);
        let record = |entry: &Entry| {
            let added = journal.add(entry);
            unwritable(added).context("the journal cannot be written")
        };
        if journal.has_other_contents(&stem, &sha256) {
            let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
            replaced.push(input.path.display().to_string());
        }
        record(&Entry::started(&stem, self.settings.clone()))?;
        for (path, format) in paths.iter().zip(&analysis.formats) {
            let written = self
                .folder
                .write_with(path, |target| format.write(&timeline, target));
            if written.is_err() && !self.journal.is_there() {
                bail!(Gone);
            }
            unwritable(written)
                .with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        if !self.folder.is_there() {
            // Another folder has the name now. These files do not belong in it.
            paths.iter().for_each(|path| drop(fs::remove_file(path)));
            bail!(Gone);
        }
        let settings = self.settings.clone();
        let entry = Entry::new(&stem, sha256, settings, &timeline, &means, leading);
        record(&entry)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(FileResult {
            entry,
            known: false,
        })
    }

    /// Says which results replaced those of an earlier run, of a file of the same name with other contents.
    fn tell_replaced(&self) {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.sort();
        let count = replaced.len();
        if count == 0 {
            return;
        }
        let more = if count > MAX_LISTED { ", …" } else { "" };
        replaced.truncate(MAX_LISTED);
        self.analysis.progress.info(&format!(
            "{count} results of earlier runs were replaced, because the files of these names have other contents now: \
             {}{more}",
            replaced.join(", ")
        ));
    }

    /// The error for a removed folder or journal. Restores the journal if its folder still exists.
    fn gone(&self, known: usize) -> Error {
        let folder = self.folder.path().display();
        if self.folder.is_there() {
            return match self.journal.restore() {
                Ok(()) => anyhow!(
                    "{folder}: stopped, because the journal was removed during the run. It has been written again; \
                     run the same command to process the remaining files"
                ),
                Err(error) => anyhow!(
                    "{folder}: stopped, because the journal was removed or replaced during the run. It cannot be \
                     written again ({error}). Without it, a new run treats the results in this folder as files of \
                     another program; choose another folder with --out"
                ),
            };
        }
        let files = self.written.load(Ordering::Relaxed);
        anyhow!(
            "{folder}: stopped, because this folder was removed, renamed or replaced during the run. It held the \
             results of {files} files of this run and {known} of earlier runs. If they are lost, run the same \
             command again"
        )
    }

    /// Whether the results of all processed files still exist; prints some that do not.
    fn check_results(&self, done: &[bool]) -> bool {
        let done = done.iter().enumerate().filter(|(_, done)| **done);
        let mut missing = 0;
        let mut listed: Vec<String> = Vec::new();
        for (index, _) in done {
            let paths: Vec<PathBuf> = self.plan.paths(&self.plan.stem(index));
            for path in paths.iter().filter(|path| !path.exists()) {
                missing += 1;
                if listed.len() < MAX_LISTED {
                    listed.push(path.display().to_string());
                }
            }
        }
        if missing == 0 {
            return true;
        }
        if missing > listed.len() {
            listed.push("…".to_owned());
        }
        self.analysis.progress.error(&format!(
            "{missing} results were removed during the run: {}; run the same command again to write them",
            listed.join(", ")
        ));
        false
    }
}
