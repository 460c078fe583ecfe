//! `hamiltone analyze --out`: the timelines of many files in a folder, with a journal and a summary.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, fs};

use anyhow::{Context, Error, Result, anyhow, bail};

use crate::analyze::{Analysis, as_text};
use crate::entry::{Entry, Settings};
use crate::journal::{self, Journal};
use crate::out_folder::OutFolder;
use crate::outputs::Plan;
use crate::summary::{self, Summary};
use crate::{Outcome, batch};

/// Results that are named where they are missing at the end.
const NAMED: usize = 5;

/// Writes every format of every file that the journal does not know, and the summary. What is kept in memory for each
/// file does not depend on its results.
pub(crate) fn run(analysis: &Analysis, folder: &OutFolder) -> Result<Outcome> {
    let path = folder.path();
    summary::refuse_anothers(path)?;
    let journal = Journal::open(path)
        .with_context(|| format!("{}: the journal cannot be written", path.display()))?;
    let endings: Vec<&str> = analysis
        .formats
        .iter()
        .map(|format| format.ending())
        .collect();
    let ours =
        |place: &Path, format: usize| journal.has_written(place, analysis.formats[format].name());
    let run = Run {
        analysis,
        folder,
        plan: Plan::new(&analysis.inputs.files, path, &endings, ours),
        settings: settings(analysis),
        journal: &journal,
        written: AtomicUsize::new(0),
    };
    run.tidy_up()
        .with_context(|| format!("{}: the journal cannot be used", path.display()))?;
    run.execute()
}

fn settings(analysis: &Analysis) -> Settings {
    let formats = analysis.formats.iter();
    Settings {
        model_hash: analysis.model.hash().to_owned(),
        window_s: analysis.window_s,
        among: analysis.among.indices().to_vec(),
        threshold: analysis.events.threshold,
        formats: formats.map(|format| format.name().to_owned()).collect(),
    }
}

struct Run<'a> {
    analysis: &'a Analysis<'a>,
    folder: &'a OutFolder,
    plan: Plan<'a>,
    settings: Settings,
    journal: &'a Journal,
    /// Files that this run has written results of.
    written: AtomicUsize,
}

/// What came of a file.
struct Done {
    entry: Entry,
    /// Whether an earlier run had done it.
    known: bool,
}

/// The folder or its journal is not there any more.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the output folder is gone")
    }
}

impl std::error::Error for Gone {}

impl Run<'_> {
    /// Removes what killed runs left half-written, and says that another begins.
    fn tidy_up(&self) -> Result<()> {
        let mut folders = BTreeSet::from([self.folder.path().to_owned()]);
        for place in self.journal.unfinished() {
            let path = self.folder.path().join(place?);
            folders.extend(path.parent().map(Path::to_owned));
        }
        self.folder.remove_left_over(self.journal.runs(), &folders);
        Ok(self.journal.begin_run(self.folder.run())?)
    }

    fn execute(&self) -> Result<Outcome> {
        let (analysis, folder) = (self.analysis, self.folder.path());
        let files = &analysis.inputs.files;
        let not_written = || format!("{}: the summary cannot be written", folder.display());
        let mut summary = Summary::begin(self.folder).with_context(not_written)?;
        let (mut known, mut done) = (0, vec![false; files.len()]);
        let outcome = batch::each(
            &analysis.inputs,
            &analysis.progress,
            analysis.arguments.fail_fast,
            |index| self.write_file(index),
            |index, result| {
                let path = &files[index].path;
                let row = match &result {
                    Ok(file) => {
                        known += usize::from(file.known);
                        done[index] = true;
                        summary.add(path, Ok(&file.entry))
                    }
                    Err(error) if error.is::<Gone>() => return Err(self.gone(known)),
                    Err(error) => summary.add(path, Err(&format!("{error:#}"))),
                };
                row.with_context(not_written)
            },
        )?;
        if !self.journal.is_there() {
            return Err(self.gone(known));
        }
        summary.finish().with_context(not_written)?;
        if known > 0 {
            let s = if known == 1 { "file is" } else { "files are" };
            let what = format!("{known} {s} known from an earlier run (--again does them anew)");
            analysis.progress.tell(&what);
        }
        if !self.all_there(&done) {
            return Ok(Outcome::SomeFailed);
        }
        let what = format!("the timelines are in {}", folder.display());
        analysis.progress.note(&what);
        Ok(outcome)
    }

    /// One file: its journal entry, and whether it was known already.
    fn write_file(&self, index: usize) -> Result<Done> {
        if !self.journal.is_there() {
            bail!(Gone);
        }
        let (analysis, journal) = (self.analysis, self.journal);
        let input = &analysis.inputs.files[index];
        let sha256 = journal::hash_of(&input.path)
            .with_context(|| format!("{}: cannot be read", input.path.display()))?;
        let place = self.plan.place(index);
        let paths = self.plan.paths(&place);
        let known = journal.find(&place, &sha256, &self.settings);
        if let Some(entry) = known.filter(|_| !analysis.arguments.again)
            && paths.iter().all(|path| path.exists())
        {
            return Ok(Done { entry, known: true });
        }
        let (timeline, means) = analysis.hear(input)?;
        let leading = analysis.leading(&means);
        let note = |entry: &Entry| journal.add(entry).context("the journal cannot be written");
        note(&Entry::beginning(&place, self.settings.clone()))?;
        for (path, format) in paths.iter().zip(&analysis.formats) {
            let written = self
                .folder
                .write_with(path, |target| match format.export() {
                    Some(export) => hamiltone_exports::export(&timeline, export, target),
                    None => target.write_all(as_text(&timeline, &analysis.among).as_bytes()),
                });
            if written.is_err() && !self.journal.is_there() {
                bail!(Gone);
            }
            written.with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        if !self.folder.is_there() {
            // Another folder has its name: in it these files would belong to nobody.
            paths.iter().for_each(|path| drop(fs::remove_file(path)));
            bail!(Gone);
        }
        let entry = Entry::new(
            &place,
            sha256,
            self.settings.clone(),
            &timeline,
            &means,
            leading,
        );
        note(&entry)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(Done {
            entry,
            known: false,
        })
    }

    /// What to say where the folder or its journal is gone; the journal is put back where its folder is still there.
    fn gone(&self, known: usize) -> Error {
        let folder = self.folder.path().display();
        if self.folder.is_there() {
            return match self.journal.restore() {
                Ok(()) => anyhow!(
                    "{folder}: the journal was removed during the run, which stops here. The journal is written \
                     again; run the same command to do the rest"
                ),
                Err(error) => anyhow!(
                    "{folder}: the journal was removed or replaced during the run, which stops here, and it cannot be \
                     written again ({error}). Without it, a new run takes the results in this folder for those of \
                     another program; give another folder with --out"
                ),
            };
        }
        let files = self.written.load(Ordering::Relaxed);
        anyhow!(
            "{folder}: this folder was removed, renamed or replaced during the run, which stops here. The results of \
             {files} files from this run and {known} from earlier ones were in it. If they are lost, run the same \
             command again to make them anew"
        )
    }

    /// Whether the results of all files that are done are still there; names some that are not.
    fn all_there(&self, done: &[bool]) -> bool {
        let done = done.iter().enumerate().filter(|(_, done)| **done);
        let mut missing = 0;
        let mut named: Vec<String> = Vec::new();
        for (index, _) in done {
            let paths: Vec<PathBuf> = self.plan.paths(&self.plan.place(index));
            for path in paths.iter().filter(|path| !path.exists()) {
                missing += 1;
                if named.len() < NAMED {
                    named.push(path.display().to_string());
                }
            }
        }
        if missing == 0 {
            return true;
        }
        if missing > named.len() {
            named.push("…".to_owned());
        }
        self.analysis.progress.error(&format!(
            "{missing} result files were removed during the run: {}; run the same command again to write them",
            named.join(", ")
        ));
        false
    }
}
