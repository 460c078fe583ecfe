//! `hamiltone analyze`: what is heard when.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use anyhow::{Context, Result};
use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tagger;
use hamiltone_engine::timeline::{EventSettings, Recorder, Timeline};

use crate::arguments::{AnalyzeArguments, Format};
use crate::inputs::Input;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, listening, outputs, selection};

/// Runs the command.
pub(crate) fn run(arguments: &AnalyzeArguments, quiet: bool) -> Result<Outcome> {
    let out = arguments.out.as_deref();
    if let Some(folder) = out {
        outputs::prepare(folder)
            .with_context(|| format!("{}: cannot be written to", folder.display()))?;
    }
    let model = selection::open(arguments.sources.model.as_deref())?;
    let window_s = arguments.window.unwrap_or(model.card().default_window_s);
    let inputs = inputs::find(&arguments.sources.inputs);
    let files = &inputs.files;
    let format = arguments
        .format
        .unwrap_or_else(|| default_format(out.is_some()));
    let planned = out.map(|folder| outputs::plan(files, folder, format.ending()));
    let progress = Progress::new(files.len(), quiet);
    let mut header_due = true;
    let outcome = batch::run(
        &inputs,
        &progress,
        |index| {
            let timeline = analyze(&files[index], &model, window_s, &progress)?;
            let Some(planned) = &planned else {
                return Ok(Some(timeline));
            };
            let path = &planned[index];
            outputs::write(path, &as_file(&timeline, format))
                .with_context(|| format!("{}: cannot be written", path.display()))?;
            Ok(None)
        },
        |_, timeline| {
            let Some(timeline) = timeline else {
                return Ok(());
            };
            let text = match format {
                Format::Text => as_text(&timeline),
                Format::Json => serde_json::to_string(&timeline)? + "\n",
                Format::Csv if files.len() == 1 => timeline.to_csv(),
                Format::Csv => with_file_column(&timeline, header_due)?,
            };
            header_due = false;
            Ok(progress.print(&text)?)
        },
    )?;
    if let Some(folder) = out {
        progress.note(&format!("the timelines are in {}", folder.display()));
    }
    Ok(outcome)
}

fn default_format(to_files: bool) -> Format {
    if !to_files && io::stdout().is_terminal() {
        Format::Text
    } else {
        Format::Json
    }
}

fn analyze(
    input: &Input,
    model: &Arc<Model>,
    window_s: f32,
    progress: &Progress,
) -> Result<Timeline> {
    let file = AudioFile::open(&input.path)?;
    let name = input.path.to_string_lossy().into_owned();
    let mut tagger = Tagger::new(Arc::clone(model), file.sample_rate(), window_s)
        .with_context(|| name.clone())?;
    let mut recorder = Recorder::new(model, window_s, EventSettings::default());
    let duration_s = listening::listen(input, file, progress, |samples| {
        tagger.push(samples, &mut |tags| recorder.push(tags));
    })?;
    tagger.finish(&mut |tags| recorder.push(tags));
    Ok(recorder.finish(&name, duration_s))
}

fn as_file(timeline: &Timeline, format: Format) -> String {
    match format {
        Format::Text => as_text(timeline),
        Format::Json => timeline.to_json() + "\n",
        Format::Csv => timeline.to_csv(),
    }
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

fn as_text(timeline: &Timeline) -> String {
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
        text.push_str("  nothing that the model is sure of\n");
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
