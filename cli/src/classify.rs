//! `hamiltone classify`: what is heard on the whole.

use std::sync::Arc;

use anyhow::{Context, Result};
use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{ClipClassifier, top};
use hamiltone_engine::timeline::Tag;
use serde::Serialize;

use crate::arguments::ClassifyArguments;
use crate::inputs::Input;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, listening, selection};

const BAR_WIDTH: usize = 24;

/// The answer for one file, as a line of JSON has it.
#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    duration_s: f64,
    top: Vec<Tag>,
}

/// Runs the command.
pub(crate) fn run(arguments: &ClassifyArguments, quiet: bool) -> Result<Outcome> {
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let inputs = inputs::find(&arguments.sources.inputs);
    let progress = Progress::new(inputs.files.len(), quiet);
    batch::run(
        &inputs,
        &progress,
        false,
        |index| {
            classify(
                &inputs.files[index],
                (&model, &among),
                arguments.top,
                &progress,
            )
        },
        |_, answer| {
            let text = if arguments.json {
                serde_json::to_string(&answer)? + "\n"
            } else {
                as_table(&answer)
            };
            Ok(progress.print(&text)?)
        },
    )
}

fn classify(
    input: &Input,
    (model, among): (&Arc<Model>, &Among),
    k: usize,
    progress: &Progress,
) -> Result<Answer> {
    let audio = AudioFile::open(&input.path)?;
    let file = input.path.to_string_lossy().into_owned();
    let mut classifier = ClipClassifier::new(Arc::clone(model), audio.sample_rate())
        .with_context(|| file.clone())?;
    classifier.choose_among(among.clone());
    let duration_s = listening::listen(input, audio, progress, |samples| classifier.push(samples))?;
    let probabilities = classifier.finish();
    let labels = &model.card().labels;
    let tag = |index: usize| Tag {
        label: labels[index].clone(),
        probability: probabilities[index],
    };
    let meant = |index: &usize| among.is_all() || among.places().contains(index);
    let order = top(&probabilities, probabilities.len());
    let top = order.into_iter().filter(meant).take(k).map(tag).collect();
    Ok(Answer {
        file,
        duration_s,
        top,
    })
}

fn as_table(answer: &Answer) -> String {
    let mut text = format!("{}  ({:.1} s)\n", answer.file, answer.duration_s);
    let width = answer
        .top
        .iter()
        .map(|tag| tag.label.chars().count())
        .max()
        .unwrap_or(0);
    for Tag { label, probability } in &answer.top {
        let bar = bar(*probability);
        text.push_str(&format!(
            "  {label:width$}  {bar}  {:5.1} %\n",
            100.0 * probability
        ));
    }
    text
}

/// A bar of fixed width, to an eighth of a character.
fn bar(probability: f32) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (probability.clamp(0.0, 1.0) * (BAR_WIDTH * 8) as f32).round() as usize;
    let drawn = "█".repeat(eighths / 8) + PARTS[eighths % 8];
    format!("{drawn:BAR_WIDTH$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_one_width() {
        for probability in [-1.0, 0.0, 0.01, 0.333, 0.5, 0.999, 1.0, 2.0, f32::NAN] {
            assert_eq!(bar(probability).chars().count(), BAR_WIDTH, "{probability}");
        }
        assert_eq!(bar(1.0), "█".repeat(BAR_WIDTH));
        assert_eq!(bar(0.0).trim(), "");
    }
}
