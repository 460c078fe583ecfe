//! `hamiltone analyze --out`: timelines, a journal and tables in a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, fs};

use anyhow::{Context, Error, Result, anyhow, bail};
use hamiltone_exports::SummaryRow;
use hamiltone_tables::Description;

use crate::analysis::Analysis;
use crate::arguments::PARQUET;
use crate::data_set::DataSet;
use crate::entry::{Entry, Settings};
use crate::journal::{self, Journal};
use crate::out_folder::OutFolder;
use crate::outputs::{Names, Plan};
use crate::tables::{self, Tables};
use crate::{Outcome, batch};

/// Missing results that are listed at the end.
const MAX_LISTED: usize = 5;

/// Writes all formats of all files that are not up to date, and the tables of the run. Memory per file does not depend on its
/// results.
pub(crate) fn run(analysis: &Analysis, folder: &OutFolder) -> Result<Outcome> {
    let path = folder.path();
    let names = Names::of(analysis.shard);
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
    };
    run.begin()
        .with_context(|| format!("{}: the journal cannot be used", path.display()))?;
    run.execute()
}

fn settings(analysis: &Analysis) -> Settings {
    let formats = analysis.formats.iter().map(|format| format.name());
    let formats = formats.chain(analysis.parquet.then_some(PARQUET));
    Settings {
        model_hash: analysis.settings.model.hash().to_owned(),
        window_s: analysis.settings.window_s,
        among: analysis.settings.among.indices().to_vec(),
        threshold: analysis.settings.events.threshold,
        formats: formats.map(str::to_owned).collect(),
    }
}

/// What all rows of the data set have in common.
fn description(analysis: &Analysis) -> Description {
    let settings = &analysis.settings;
    Description::new(
        &settings.model,
        &settings.among,
        settings.window_s,
        settings.events,
    )
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
}

/// The result of one file.
struct FileResult {
    entry: Entry,
    /// Whether it is from an earlier run.
    known: bool,
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
        let mut tables = Tables::begin(self.folder, &self.names).with_context(not_written)?;
        let mut data_set = match analysis.parquet {
            true => Some(DataSet::open(self.folder, description(analysis))?),
            false => None,
        };
        let (mut known, mut done) = (0, vec![false; files.len()]);
        let outcome = batch::each(
            &analysis.inputs,
            &analysis.progress,
            analysis.fail_fast,
            |index| self.process(index),
            |index, result| {
                let (file, channel) = (files[index].path.to_string_lossy(), files[index].channel);
                let id = self.plan.id(index);
                let added = match &result {
                    Ok(result) => {
                        known += usize::from(result.known);
                        done[index] = true;
                        let entry = &result.entry;
                        let row = entry.row(&file, channel);
                        if let Some(data_set) = &mut data_set {
                            if analysis.again {
                                data_set.forget(&id);
                            }
                            data_set.add(&id, &row, entry.events(labels))?;
                        }
                        tables.add(&row, entry.events(labels))
                    }
                    Err(error) if error.is::<Gone>() => return Err(self.gone(known)),
                    Err(error) => {
                        let error = format!("{error:#}");
                        let row = SummaryRow {
                            file: &file,
                            error: Some(&error),
                            channel,
                            ..SummaryRow::default()
                        };
                        if let Some(data_set) = &mut data_set {
                            data_set.add(&id, &row, [])?;
                        }
                        tables.add(&row, [])
                    }
                };
                added.with_context(not_written)
            },
        )?;
        if !self.journal.is_there() {
            return Err(self.gone(known));
        }
        if let Some(data_set) = data_set {
            data_set.finish()?;
        }
        tables.finish().with_context(not_written)?;
        if known > 0 {
            let s = if known == 1 { "file is" } else { "files are" };
            let message =
                format!("{known} {s} up to date from an earlier run (--again analyses them again)");
            analysis.progress.info(&message);
        }
        if !self.check_results(&done) {
            return Ok(Outcome::SomeFailed);
        }
        let message = format!("the timelines are in {}", folder.display());
        analysis.progress.hint(&message);
        Ok(outcome)
    }

    /// Writes the results of a file, unless they are up to date.
    fn process(&self, index: usize) -> Result<FileResult> {
        if !self.journal.is_there() {
            bail!(Gone);
        }
        let (analysis, journal) = (self.analysis, self.journal);
        let input = &analysis.inputs.files[index];
        let sha256 = journal::hash_of(&input.path)
            .with_context(|| format!("{}: cannot be read", input.path.display()))?;
        let stem = self.plan.stem(index);
        let paths = self.plan.paths(&stem);
        let known = journal.find(&stem, &sha256, &self.settings);
        if let Some(entry) = known.filter(|entry| !analysis.again && entry.event_list.is_some())
            && paths.iter().all(|path| path.exists())
        {
            return Ok(FileResult { entry, known: true });
        }
        let (timeline, means) = analysis.analyze(input)?;
        let leading = analysis.settings.leading(&means);
        let record = |entry: &Entry| journal.add(entry).context("the journal cannot be written");
        record(&Entry::started(&stem, self.settings.clone()))?;
        for (path, format) in paths.iter().zip(&analysis.formats) {
            let written = self
                .folder
                .write_with(path, |target| format.write(&timeline, target));
            if written.is_err() && !self.journal.is_there() {
                bail!(Gone);
            }
            written.with_context(|| format!("{}: cannot be written", path.display()))?;
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
