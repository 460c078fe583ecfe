//! `hamiltone analyze`: timelines of files.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::{Context, Result, bail};
use hamiltone_analysis::Analysis as Settings;
use hamiltone_engine::model::Card;
use hamiltone_engine::timeline::EventSettings;
use hamiltone_exports::{Format, Series};

use crate::analysis::Analysis;
use crate::arguments::{AnalyzeArguments, OutputFormat, PARQUET};
use crate::inputs::Channels;
use crate::out_folder::OutFolder;
use crate::progress::Progress;
use crate::usage::WrongArgument;
use crate::write_tags::TagWriter;
use crate::{Outcome, batch, closing_line, inputs, merge, selection, to_folder};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let (formats, parquet) = formats(arguments)?;
    if let (true, Some(path)) = (arguments.merge_summary, &arguments.out) {
        return merge::run(&open_folder(path)?);
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
    let progress = Progress::new(inputs.files.len(), quiet);
    let thresholds = match &arguments.thresholds {
        Some(path) => selection::thresholds(path, &model, &among, &progress)?,
        None => Vec::new(),
    };
    let tags = tag_writer(arguments, model.card())?;
    let folder = match &arguments.out {
        Some(path) => Some(open_folder(path)?),
        None => None,
    };
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
            thresholds,
        },
        tags,
        again: arguments.again,
        fail_fast: arguments.fail_fast,
        progress,
        inputs,
    };
    selection::show_measured_accuracy(&analysis.settings.among, &analysis.progress);
    match &folder {
        Some(folder) => to_folder::run(&analysis, folder),
        None => to_stdout(&analysis),
    }
}

fn open_folder(path: &Path) -> Result<OutFolder> {
    OutFolder::open(path).with_context(|| format!("{}: cannot be written to", path.display()))
}

/// # Errors
/// [`WrongArgument`] if single channels are read: their labels are not those of the file.
fn tag_writer(arguments: &AnalyzeArguments, card: &Card) -> Result<Option<TagWriter>> {
    if !arguments.write_tags {
        return Ok(None);
    }
    if arguments.sources.channel != Channels::Mix {
        bail!(WrongArgument(
            "--write-tags: tags are those of the whole file; leave out --channel".to_owned()
        ));
    }
    Ok(Some(TagWriter::new(card, arguments.dry_run)))
}

/// The formats of files on the command line, or the default, and whether a Parquet data set is asked for.
///
/// # Errors
/// [`WrongArgument`] if they cannot be printed.
fn formats(arguments: &AnalyzeArguments) -> Result<(Vec<Format>, bool)> {
    let to_files = arguments.out.is_some();
    let mut formats: Vec<Format> = Vec::new();
    let parquet = arguments.format.contains(&OutputFormat::Parquet);
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
    if !to_files && formats.len() + usize::from(parquet) > 1 {
        bail!(WrongArgument(
            "only one --format can be printed; to write files in several formats, add --out DIR"
                .to_owned()
        ));
    }
    let unprintable = formats.iter().find(|format| !format.can_be_printed());
    let unprintable = unprintable.map(|format| format.name());
    if let (false, Some(name)) = (to_files, unprintable.or(parquet.then_some(PARQUET))) {
        bail!(WrongArgument(format!(
            "--format {name} is written to files only; add --out DIR, the folder for them"
        )));
    }
    Ok((formats, parquet))
}

fn to_stdout(analysis: &Analysis) -> Result<Outcome> {
    let (files, format) = (&analysis.inputs.files, analysis.formats[0]);
    let mut series = Series {
        first: true,
        several: files.len() > 1,
    };
    let (outcome, count) = batch::run(
        &analysis.inputs,
        &analysis.progress,
        analysis.fail_fast,
        |index| {
            let (timeline, _) = analysis.analyze(&files[index])?;
            if let Some(tags) = &analysis.tags {
                let events = timeline.events.iter().cloned();
                let progress = &analysis.progress;
                tags.write(&files[index].path, events, timeline.duration_s, progress)?;
            }
            Ok(timeline)
        },
        |_, timeline| {
            let mut bytes = Vec::new();
            format.print(&timeline, series, &mut bytes)?;
            series.first = false;
            analysis.progress.print(&bytes)
        },
    )?;
    let (progress, tags) = (&analysis.progress, analysis.tags.as_ref());
    closing_line::print(progress, &analysis.inputs, &count, None, tags);
    Ok(outcome)
}
