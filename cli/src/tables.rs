//! The tables of a run in its output folder: `summary.csv`, `summary.jsonl`, `events.csv`, and for Raven `all-files.raven.txt`.

use std::path::Path;

use anyhow::{Result, bail};
use hamiltone_engine::timeline::Event;
use hamiltone_exports::{EventTable, SelectionTable, Summary, SummaryRow};

use crate::out_folder::{OutFolder, PartFile};
use crate::outputs::Names;

/// Each run overwrites the tables of the run before. In a folder without a journal, a file of such a name belongs to
/// another program.
///
/// # Errors
/// If there is such a file.
pub(crate) fn check_free(folder: &Path, names: &Names) -> Result<()> {
    if folder.join(&names.journal).exists() {
        return Ok(());
    }
    for path in names.tables().map(|name| folder.join(name)) {
        if path.symlink_metadata().is_ok() {
            bail!(
                "{}: this file was not written by an earlier run and would be overwritten; rename it, or \
                 choose another folder with --out",
                path.display()
            );
        }
    }
    Ok(())
}

/// All tables while they are written. They get their names when they are complete.
pub(crate) struct Tables {
    summary: Summary<PartFile>,
    events: EventTable<PartFile>,
    selections: Option<SelectionTable<PartFile>>,
}

impl Tables {
    /// Creates the files, that of selections only if it is asked for.
    pub(crate) fn begin(folder: &OutFolder, names: &Names, with_selections: bool) -> Result<Self> {
        let create = |name: &str| folder.create(&folder.path().join(name));
        let selections = match with_selections {
            true => Some(SelectionTable::new(create(&names.selections)?)?),
            false => None,
        };
        Ok(Self {
            selections,
            summary: Summary::new(create(&names.summary_csv)?, create(&names.summary_jsonl)?)?,
            events: EventTable::new(create(&names.events_csv)?)?,
        })
    }

    /// Adds a file and its events.
    pub(crate) fn add(&mut self, row: &SummaryRow<'_>, events: Vec<Event>) -> Result<()> {
        self.summary.add(row)?;
        if let Some(selections) = &mut self.selections {
            let duration_s = row.duration_s.unwrap_or(0.0);
            selections.add(row.file, row.channel, duration_s, events.iter().cloned())?;
        }
        let added = self
            .events
            .add(row.file, row.channel, row.recorded_at, events);
        Ok(added?)
    }

    /// Gives the files their names, over those of an earlier run. Inputs that were not processed (after `--fail-fast`)
    /// have no rows.
    pub(crate) fn finish(self) -> Result<()> {
        let (table, lines) = self.summary.finish()?;
        let events = self.events.finish()?;
        lines.finish()?;
        table.finish()?;
        if let Some(selections) = self.selections {
            selections.finish()?.finish()?;
        }
        Ok(events.finish()?)
    }
}
