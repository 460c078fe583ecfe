//! `hamiltone analyze`: what is heard when.

use std::io::{self, IsTerminal};
use std::path::Path;
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
use crate::journal::{Entry, Journal, Settings};
use crate::means::Means;
use crate::outputs::Planned;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, journal, listening, outputs, selection, summary};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let formats = formats(arguments);
    if let Some(folder) = &arguments.out {
        outputs::prepare(folder)
            .with_context(|| format!("{}: cannot be written to", folder.display()))?;
    }
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
    match &arguments.out {
        Some(folder) => analysis.write_files(folder),
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
struct Analysis<'a> {
    arguments: &'a AnalyzeArguments,
    formats: Vec<Format>,
    model: Arc<Model>,
    among: Among,
    window_s: f32,
    events: EventSettings,
    inputs: Inputs,
    progress: Progress,
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

    /// Writes every format of every file that the journal does not know, then the summary.
    fn write_files(&self, folder: &Path) -> Result<Outcome> {
        summary::refuse_anothers(folder)?;
        let journal = Journal::open(folder)
            .with_context(|| format!("{}: the journal cannot be written", folder.display()))?;
        let settings = Settings {
            model_hash: self.model.hash().to_owned(),
            window_s: self.window_s,
            among: self.among.places().to_vec(),
            threshold: self.events.threshold,
            formats: self
                .formats
                .iter()
                .map(|format| format.name().to_owned())
                .collect(),
        };
        let endings: Vec<&str> = self.formats.iter().map(|format| format.ending()).collect();
        let ours =
            |place: &Path, format: usize| journal.has_written(place, self.formats[format].name());
        let planned = outputs::plan(&self.inputs.files, folder, &endings, ours);
        let rows = summary::Rows::new(self.inputs.files.len());
        let outcome = batch::run(
            &self.inputs,
            &self.progress,
            self.arguments.fail_fast,
            |index| {
                let done = self.write_file(index, &planned[index], &journal, &settings);
                let input = &self.inputs.files[index];
                rows.set(index, &input.path, &done);
                done.map(|_| ())
            },
            |_, ()| Ok(()),
        )?;
        rows.write(folder)
            .with_context(|| format!("{}: the summary cannot be written", folder.display()))?;
        if rows.known() > 0 {
            let known = rows.known();
            let s = if known == 1 { "file is" } else { "files are" };
            let what = format!("{known} {s} known from an earlier run (--again does them anew)");
            self.progress.tell(&what);
        }
        let what = format!("the timelines are in {}", folder.display());
        self.progress.note(&what);
        Ok(outcome)
    }

    /// One file: its journal entry, and whether it was known already.
    fn write_file(
        &self,
        index: usize,
        Planned { place, paths }: &Planned,
        journal: &Journal,
        settings: &Settings,
    ) -> Result<(Entry, bool)> {
        let input = &self.inputs.files[index];
        let sha256 = journal::hash_of(&input.path)
            .with_context(|| format!("{}: cannot be read", input.path.display()))?;
        let known = journal.find(place, &sha256, settings);
        if let Some(entry) = known.filter(|_| !self.arguments.again)
            && paths.iter().all(|path| path.exists())
        {
            return Ok((entry, true));
        }
        let (timeline, means) = self.hear(input)?;
        let leading = self.leading(&means);
        let note = |entry: &Entry| journal.add(entry).context("the journal cannot be written");
        note(&Entry::beginning(place, settings.clone()))?;
        for (path, format) in paths.iter().zip(&self.formats) {
            let written = outputs::write_with(path, |target| match format.export() {
                Some(export) => hamiltone_exports::export(&timeline, export, target),
                None => target.write_all(as_text(&timeline, &self.among).as_bytes()),
            });
            written.with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        let entry = Entry::new(place, sha256, settings.clone(), &timeline, &means, leading);
        note(&entry)?;
        Ok((entry, false))
    }

    /// The label that leads in a file, by the means of its probabilities.
    fn leading(&self, means: &Means) -> Option<Answer> {
        let card = self.model.card();
        let tags = Tags {
            time_s: 0.0,
            probabilities: &means.values(),
            among: self.among.places(),
            unclear: None,
            on_levels: self.among.on_levels(&self.model),
        };
        Answer::of(&card.labels, &card.parents, &tags, self.events.threshold)
    }

    /// The timeline of a file, and the means of its probabilities.
    fn hear(&self, input: &Input) -> Result<(Timeline, Means)> {
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

fn as_text(timeline: &Timeline, among: &Among) -> String {
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
