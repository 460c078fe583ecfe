//! `hamiltone analyze`: timelines of files.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap::error::ErrorKind;
use hamiltone_analysis::Analysis as Settings;
use hamiltone_engine::timeline::EventSettings;
use hamiltone_exports::{Format, Series};

use crate::analysis::Analysis;
use crate::arguments::{AnalyzeArguments, Arguments, OutputFormat, PARQUET};
use crate::out_folder::OutFolder;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, merge, selection, to_folder};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let (formats, parquet) = formats(arguments);
    let folder = match &arguments.out {
        Some(path) => {
            let folder = OutFolder::open(path);
            Some(folder.with_context(|| format!("{}: cannot be written to", path.display()))?)
        }
        None => None,
    };
    if let (true, Some(folder)) = (arguments.merge_summary, &folder) {
        return merge::run(folder);
    }
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let window_s = arguments.window.unwrap_or(model.card().default_window_s);
    let events = match arguments.threshold {
        Some(threshold) => EventSettings::from_threshold(threshold),
        None => EventSettings::of(model.card()),
    };
    let (given, channel) = (&arguments.sources.inputs, arguments.sources.channel);
    let inputs = inputs::find(given, channel, arguments.shard);
    if let Some(jobs) = arguments.jobs {
        let threads = jobs.min(inputs.files.len().max(1)); // a thread processes one file at a time
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .with_context(|| format!("--jobs {jobs}: cannot start {threads} threads"))?;
    }
    let analysis = Analysis {
        formats,
        parquet,
        shard: arguments.shard,
        settings: Settings {
            model,
            among,
            window_s,
            events,
        },
        again: arguments.again,
        fail_fast: arguments.fail_fast,
        progress: Progress::new(inputs.files.len(), quiet),
        inputs,
    };
    selection::show_measured_accuracy(&analysis.settings.among, &analysis.progress);
    match &folder {
        Some(folder) => to_folder::run(&analysis, folder),
        None => to_stdout(&analysis),
    }
}

/// The formats of files on the command line, or the default, and whether a Parquet data set is asked for. Exits with code 2 if
/// they cannot be printed.
fn formats(arguments: &AnalyzeArguments) -> (Vec<Format>, bool) {
    let to_files = arguments.out.is_some();
    let parquet = arguments.format.contains(&OutputFormat::Parquet);
    let mut formats: Vec<Format> = Vec::new();
    for format in &arguments.format {
        if let OutputFormat::File(format) = format
            && !formats.contains(format)
        {
            formats.push(*format);
        }
    }
    if formats.is_empty() && !parquet {
        let for_reading = !to_files && io::stdout().is_terminal();
        formats.push(if for_reading {
            Format::TEXT
        } else {
            Format::JSON
        });
    }
    let refuse = |message: String| {
        let kind = ErrorKind::ArgumentConflict;
        Arguments::command().error(kind, message).exit()
    };
    if !to_files && formats.len() + usize::from(parquet) > 1 {
        refuse("only one format can be printed; to write several, add --out DIR".to_owned());
    }
    let unprintable = formats.iter().find(|format| !format.can_be_printed());
    let unprintable = unprintable.map(|format| format.name());
    if let (false, Some(name)) = (to_files, unprintable.or(parquet.then_some(PARQUET))) {
        refuse(format!(
            "{name} cannot be printed; to write files, add --out DIR"
        ));
    }
    (formats, parquet)
}

fn to_stdout(analysis: &Analysis) -> Result<Outcome> {
    let (files, format) = (&analysis.inputs.files, analysis.formats[0]);
    let mut series = Series {
        first: true,
        several: files.len() > 1,
    };
    batch::run(
        &analysis.inputs,
        &analysis.progress,
        analysis.fail_fast,
        |index| Ok(analysis.analyze(&files[index])?.0),
        |_, timeline| {
            let mut bytes = Vec::new();
            format.print(&timeline, series, &mut bytes)?;
            series.first = false;
            Ok(analysis.progress.print(&bytes)?)
        },
    )
}
