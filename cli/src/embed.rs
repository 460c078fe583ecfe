//! `hamiltone embed`: the features of the network for each file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use hamiltone_analysis::embed_file;
use hamiltone_engine::tagging::EmbeddingRow;
use hamiltone_tables::{Description, Embeddings, FileRow, Table, parquet, schema};

use crate::analysis::Shown;
use crate::arguments::{EmbedArguments, EmbeddingFormat, Existing};
use crate::inputs::Input;
use crate::npy::NpyWriter;
use crate::out_folder::{OutFolder, PartFile};
use crate::outputs::Plan;
use crate::progress::Progress;
use crate::{Outcome, batch, closing_line, inputs, selection};

/// Numbers that are collected before they are written.
const BATCH: usize = 1 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &EmbedArguments, quiet: bool) -> Result<Outcome> {
    let folder = OutFolder::open(&arguments.out)
        .with_context(|| format!("{}: cannot be written to", arguments.out.display()))?;
    let model = selection::open(arguments.sources.model.as_deref())?;
    let (given, channel) = (&arguments.sources.inputs, arguments.sources.channel);
    let inputs = inputs::find(given, channel, None);
    let progress = Progress::new(inputs.files.len(), quiet);
    let ending = match arguments.format {
        EmbeddingFormat::Npy => "npy",
        EmbeddingFormat::Parquet => "parquet",
    };
    let plan = Plan::new(&inputs.files, folder.path(), &[ending], None, |_, _| true);
    let result = |index: usize| plan.paths(&plan.stem(index)).remove(0);
    let existing = (0..inputs.files.len())
        .map(result)
        .find(|path| path.exists());
    if let (Some(path), None) = (existing, arguments.existing) {
        bail!(
            "{}: this file exists; to continue a run with the same model and options, add --existing keep; to replace \
             it, --existing replace",
            path.display()
        );
    }
    let period_s = Some(arguments.every).filter(|seconds| seconds.is_finite());
    let run = Run {
        description: Description::of_embeddings(&model, period_s),
        features: model.card().architecture.features(),
        folder: &folder,
        model,
        arguments,
        progress: &progress,
    };
    let mut kept = 0;
    let (outcome, count) = batch::run(
        &inputs,
        &progress,
        false,
        |index| {
            let path = result(index);
            if path.exists() && arguments.existing == Some(Existing::Keep) {
                return Ok(true);
            }
            run.embed(&inputs.files[index], plan.id(index), &path)?;
            Ok(false)
        },
        |_, exists| {
            kept += usize::from(exists);
            Ok(())
        },
    )?;
    if kept > 0 {
        let s = if kept == 1 { "file was" } else { "files were" };
        progress.info(&format!("{kept} {s} kept"));
    }
    closing_line::print(&progress, &inputs, &count, None, None);
    Ok(outcome)
}

struct Run<'a> {
    arguments: &'a EmbedArguments,
    folder: &'a OutFolder,
    model: std::sync::Arc<hamiltone_engine::model::Model>,
    description: Description,
    features: usize,
    progress: &'a Progress,
}

impl Run<'_> {
    fn embed(&self, input: &Input, id: String, path: &Path) -> Result<()> {
        let failed = || format!("{}: cannot be written", path.display());
        let file = self.folder.create(path).with_context(failed)?;
        let finished = match self.arguments.format {
            EmbeddingFormat::Npy => {
                let mut array = NpyWriter::new(file, self.features).with_context(failed)?;
                self.rows(input, path, |row| Ok(array.add(row.features)?))?;
                array.finish().map_err(anyhow::Error::from)
            }
            EmbeddingFormat::Parquet => self.table(input, id, path, file),
        };
        finished
            .and_then(|file| Ok(file.finish()?))
            .with_context(failed)
    }

    fn table(&self, input: &Input, id: String, path: &Path, file: PartFile) -> Result<PartFile> {
        let source = FileRow {
            id,
            file: input.path.to_string_lossy().into_owned(),
            channel: input.channel,
        };
        let mut rows = Embeddings::new(source, self.features);
        let schema = schema::embeddings(self.features);
        let description = &self.description;
        let mut writer = parquet::Writer::new(file, schema, Table::Embeddings, description)?;
        self.rows(input, path, |row| {
            rows.add(row.start_s, row.features);
            if rows.rows() * self.features >= BATCH {
                writer.add(&rows.take_table()?)?;
                writer.end_row_group()?;
            }
            Ok(())
        })?;
        writer.add(&rows.take_table()?)?;
        Ok(writer.finish()?)
    }

    /// Passes the rows of a file to `write`. Rows after an error are not passed.
    fn rows(
        &self,
        input: &Input,
        path: &Path,
        mut write: impl FnMut(EmbeddingRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut written = Ok(());
        let mut shown = Shown::new(input, self.progress);
        let every = self.arguments.every;
        embed_file(
            &self.model,
            &input.source(),
            every,
            &mut shown,
            &mut |row| {
                if written.is_ok() {
                    written = write(row);
                }
            },
        )?;
        written.with_context(|| format!("{}: cannot be written", path.display()))
    }
}
