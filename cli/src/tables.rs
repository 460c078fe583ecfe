//! The tables of a run in its output folder: `summary.csv`, `summary.jsonl` and `events.csv`.

use std::path::Path;

use anyhow::{Result, bail};
use hamiltone_engine::timeline::Event;
use hamiltone_exports::{EventTable, Summary, SummaryRow};

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
    let tables = [&names.summary_csv, &names.summary_jsonl, &names.events_csv];
    for path in tables.map(|name| folder.join(name)) {
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
}

impl Tables {
    /// Creates the files.
    pub(crate) fn begin(folder: &OutFolder, names: &Names) -> Result<Self> {
        let create = |name: &str| folder.create(&folder.path().join(name));
        Ok(Self {
            summary: Summary::new(create(&names.summary_csv)?, create(&names.summary_jsonl)?)?,
            events: EventTable::new(create(&names.events_csv)?)?,
        })
    }

    /// Adds a file.
    pub(crate) fn add(
        &mut self,
        row: &SummaryRow<'_>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<()> {
        self.summary.add(row)?;
        let events = self
            .events
            .add(row.file, row.channel, row.recorded_at, events);
        Ok(events?)
    }

    /// Gives the files their names, over those of an earlier run. Inputs that were not processed (after `--fail-fast`)
    /// have no rows.
    pub(crate) fn finish(self) -> Result<()> {
        let (table, lines) = self.summary.finish()?;
        let events = self.events.finish()?;
        lines.finish()?;
        table.finish()?;
        Ok(events.finish()?)
    }
}
