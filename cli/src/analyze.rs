//! `hamiltone analyze`: timelines of files.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result, bail};
use hamiltone_engine::model::Card;
use hamiltone_engine::timeline::EventSettings;
use hamiltone_exports::{Format, Series};

use crate::analysis::Analysis;
use crate::arguments::AnalyzeArguments;
use crate::inputs::Channels;
use crate::out_folder::OutFolder;
use crate::progress::Progress;
use crate::usage::WrongArgument;
use crate::write_tags::TagWriter;
use crate::{Outcome, batch, closing_line, inputs, selection, to_folder};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let formats = formats(arguments)?;
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let window_s = arguments.window.unwrap_or(model.card().default_window_s);
    let events = match arguments.threshold {
        Some(threshold) => EventSettings::from_threshold(threshold),
        None => EventSettings::of(model.card()),
    };
    let inputs = inputs::find(&arguments.sources.inputs, arguments.sources.channel);
    let progress = Progress::new(inputs.files.len(), quiet);
    let thresholds = match &arguments.thresholds {
        Some(path) => selection::thresholds(path, &model, &among, &progress)?,
        None => Vec::new(),
    };
    let tags = tag_writer(arguments, model.card())?;
    let folder = match &arguments.out {
        Some(path) => {
            let folder = OutFolder::open(path);
            Some(folder.with_context(|| format!("{}: cannot be written to", path.display()))?)
        }
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
        model,
        among,
        window_s,
        events,
        thresholds,
        tags,
        again: arguments.again,
        fail_fast: arguments.fail_fast,
        progress,
        inputs,
    };
    selection::show_measured_accuracy(&analysis.among, &analysis.progress);
    match &folder {
        Some(folder) => to_folder::run(&analysis, folder),
        None => to_stdout(&analysis),
    }
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

/// The formats on the command line, or the default.
///
/// # Errors
/// [`WrongArgument`] if they cannot be printed.
fn formats(arguments: &AnalyzeArguments) -> Result<Vec<Format>> {
    let to_files = arguments.out.is_some();
    let mut formats: Vec<Format> = Vec::new();
    for format in &arguments.format {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    if formats.is_empty() {
        let for_reading = !to_files && io::stdout().is_terminal();
        formats.push(if for_reading {
            Format::TEXT
        } else {
            Format::JSON
        });
    }
    if !to_files && formats.len() > 1 {
        bail!(WrongArgument(
            "only one --format can be printed; to write files in several formats, add --out DIR"
                .to_owned()
        ));
    }
    if !to_files && !formats[0].can_be_printed() {
        let name = formats[0].name();
        bail!(WrongArgument(format!(
            "--format {name} is written to files only; add --out DIR, the folder for them"
        )));
    }
    Ok(formats)
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
