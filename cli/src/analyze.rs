//! `hamiltone analyze`: what is heard when.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap::error::ErrorKind;
use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{Tagger, Tags};
use hamiltone_engine::timeline::{Answer, EventSettings, Recorder, Timeline};

use crate::arguments::{AnalyzeArguments, Arguments, Format};
use crate::inputs::{Input, Inputs};
use crate::means::Means;
use crate::out_folder::OutFolder;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, listening, selection, to_folder};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let formats = formats(arguments);
    let folder = match &arguments.out {
        Some(path) => {
            let folder = OutFolder::open(path);
            Some(folder.with_context(|| format!("{}: cannot be written to", path.display()))?)
        }
        None => None,
    };
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let window_s = arguments.window.unwrap_or(model.card().default_window_s);
    let events = match arguments.threshold {
        Some(threshold) => EventSettings::from_threshold(threshold),
        None => EventSettings::of(model.card()),
    };
    let inputs = inputs::find(&arguments.sources.inputs);
    if let Some(jobs) = arguments.jobs {
        let threads = jobs.min(inputs.files.len().max(1)); // each hears a file at a time
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .with_context(|| format!("--jobs {jobs}: {threads} threads cannot be started"))?;
    }
    let analysis = Analysis {
        arguments,
        formats,
        model,
        among,
        window_s,
        events,
        progress: Progress::new(inputs.files.len(), quiet),
        inputs,
    };
    selection::tell_worth(&analysis.among, &analysis.progress);
    match &folder {
        Some(folder) => to_folder::run(&analysis, folder),
        None => analysis.to_stdout(),
    }
}

/// The formats that were asked for, or the usual one. What cannot be is wrong usage.
fn formats(arguments: &AnalyzeArguments) -> Vec<Format> {
    let to_files = arguments.out.is_some();
    let mut formats = arguments.format.clone();
    formats.dedup();
    let complain = |what: String| {
        let kind = ErrorKind::ArgumentConflict;
        Arguments::command().error(kind, what).exit()
    };
    if formats.is_empty() {
        formats.push(default_format(to_files));
    }
    if !to_files && formats.len() > 1 {
        complain("several formats go into files: give a folder with --out".to_owned());
    }
    if !to_files && !formats[0].can_be_printed() {
        let name = formats[0].name();
        complain(format!("{name} goes into files: give a folder with --out"));
    }
    formats
}

fn default_format(to_files: bool) -> Format {
    if !to_files && io::stdout().is_terminal() {
        Format::Text
    } else {
        Format::Json
    }
}

/// What was asked for.
pub(crate) struct Analysis<'a> {
    pub(crate) arguments: &'a AnalyzeArguments,
    pub(crate) formats: Vec<Format>,
    pub(crate) model: Arc<Model>,
    pub(crate) among: Among,
    pub(crate) window_s: f32,
    pub(crate) events: EventSettings,
    pub(crate) inputs: Inputs,
    pub(crate) progress: Progress,
}

impl Analysis<'_> {
    fn to_stdout(&self) -> Result<Outcome> {
        let (files, format) = (&self.inputs.files, self.formats[0]);
        let mut header_due = true;
        batch::run(
            &self.inputs,
            &self.progress,
            self.arguments.fail_fast,
            |index| Ok(self.hear(&files[index])?.0),
            |_, timeline| {
                let text = match format {
                    Format::Text => as_text(&timeline, &self.among),
                    Format::Json => serde_json::to_string(&timeline)? + "\n",
                    Format::Csv if files.len() > 1 => with_file_column(&timeline, header_due)?,
                    Format::Jsonl if files.len() > 1 => with_file_field(&timeline, &self.among)?,
                    other => as_file(&timeline, other, &self.among)?,
                };
                header_due = false;
                Ok(self.progress.print(&text)?)
            },
        )
    }

    /// The label that leads in a file, by the means of its probabilities.
    pub(crate) fn leading(&self, means: &Means) -> Option<Answer> {
        let card = self.model.card();
        let tags = Tags {
            time_s: 0.0,
            probabilities: &means.values(),
            among: self.among.indices(),
            unclear: None,
            on_levels: self.among.on_levels(&self.model),
        };
        Answer::of(&card.labels, &card.parents, &tags, self.events.threshold)
    }

    /// The timeline of a file, and the labels with the highest means.
    pub(crate) fn hear(&self, input: &Input) -> Result<(Timeline, Means)> {
        let file = AudioFile::open(&input.path)?;
        let name = input.path.to_string_lossy().into_owned();
        let model = &self.model;
        let mut tagger = Tagger::new(Arc::clone(model), file.sample_rate(), self.window_s)
            .with_context(|| name.clone())?;
        tagger.choose_among(self.among.clone());
        let mut recorder = Recorder::new(model, self.window_s, self.events);
        let mut means = Means::new(model.card().labels.len());
        let duration_s = listening::listen(input, file, &self.progress, |samples| {
            tagger.push(samples, &mut |tags| {
                recorder.push(tags);
                means.add(tags.probabilities);
            });
        })?;
        tagger.finish(&mut |tags| {
            recorder.push(tags);
            means.add(tags.probabilities);
        });
        Ok((recorder.finish(&name, duration_s), means))
    }
}

fn as_file(timeline: &Timeline, format: Format, among: &Among) -> Result<String> {
    let Some(export) = format.export() else {
        return Ok(as_text(timeline, among));
    };
    let mut bytes = Vec::new();
    hamiltone_exports::export(timeline, export, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The events with the file's name behind them; the header only where it is due.
fn with_file_column(timeline: &Timeline, header: bool) -> Result<String> {
    let text = timeline.to_csv();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for (line, record) in reader.records().enumerate() {
        let mut record = record?;
        record.push_field(if line == 0 { "file" } else { &timeline.source });
        if line > 0 || header {
            writer.write_record(&record)?;
        }
    }
    Ok(String::from_utf8(
        writer.into_inner().map_err(|error| error.into_error())?,
    )?)
}

/// The columns with the file's name at the end of each line.
fn with_file_field(timeline: &Timeline, among: &Among) -> Result<String> {
    let file = serde_json::to_string(&timeline.source)?;
    let text = as_file(timeline, Format::Jsonl, among)?;
    let objects = text.lines().filter_map(|line| line.strip_suffix('}'));
    Ok(objects
        .map(|object| format!("{object},\"file\":{file}}}\n"))
        .collect())
}

pub(crate) fn as_text(timeline: &Timeline, among: &Among) -> String {
    let Timeline {
        source,
        duration_s,
        model,
        window_s,
        events,
        ..
    } = timeline;
    let length = clock(*duration_s);
    let mut text = format!("{source}  ({length}, model {model}, window {window_s} s)\n");
    if events.is_empty() {
        text.push_str(&format!("  {}\n", selection::unclear(among)));
    }
    let width = events
        .iter()
        .map(|event| event.label.chars().count())
        .max()
        .unwrap_or(0);
    let time_width = length.len();
    for event in events {
        text.push_str(&format!(
            "  {:>time_width$} – {:>time_width$}  {:width$}  {:3.0} %  (peak {:.0} %)\n",
            clock(event.start_s),
            clock(event.end_s),
            event.label,
            100.0 * event.mean_probability,
            100.0 * event.peak_probability,
        ));
    }
    text
}

/// Seconds as `m:ss.t`, or `h:mm:ss.t`.
fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, (tenths % 600) as f64 / 10.0);
    match minutes / 60 {
        0 => format!("{minutes}:{rest:04.1}"),
        hours => format!("{hours}:{:02}:{rest:04.1}", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock() {
        for (seconds, shown) in [
            (0.0, "0:00.0"),
            (5.04, "0:05.0"),
            (59.96, "1:00.0"),
            (3_725.5, "1:02:05.5"),
        ] {
            assert_eq!(clock(seconds), shown);
        }
    }
}
