//! `hamiltone classify`: the labels of each file as a whole.

use std::sync::Arc;

use anyhow::Result;
use hamiltone_analysis::classify_file;
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::top;
use hamiltone_engine::text::printable;
use hamiltone_engine::timeline::{Answer, Tag, Warning};
use serde::Serialize;

use crate::analysis::Shown;
use crate::arguments::ClassifyArguments;
use crate::inputs::Input;
use crate::progress::Progress;
use crate::{Outcome, batch, closing_line, inputs, selection};

const BAR_WIDTH: usize = 24;
/// Shown in place of the leading label if none reached its threshold.
const NO_LABEL: &str = "no label reached its threshold";

/// The result of one file; serialises as a line of `--json`.
#[derive(Debug, Serialize)]
struct Classified {
    file: String,
    duration_s: f64,
    /// Highest probability first.
    top: Vec<Tag>,
    leading: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
    /// For the table: the labels in the order of the panel, and whether each is on.
    #[serde(skip)]
    shown: Vec<(Tag, bool)>,
    /// Shown in place of the leading label if none is on.
    #[serde(skip)]
    unclear: String,
}

/// Runs the command.
pub(crate) fn run(arguments: &ClassifyArguments, quiet: bool) -> Result<Outcome> {
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let inputs = inputs::find(&arguments.sources.inputs, arguments.sources.channel, None);
    let progress = Progress::new(inputs.files.len(), quiet);
    selection::show_measured_accuracy(&among, &progress);
    let (outcome, count) = batch::run(
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
        |_, classified| {
            let text = if arguments.json {
                serde_json::to_string(&classified)? + "\n"
            } else {
                as_table(&classified)
            };
            progress.print(text.as_bytes())
        },
    )?;
    closing_line::print(&progress, &inputs, &count, None, None);
    Ok(outcome)
}

fn classify(
    input: &Input,
    (model, among): (&Arc<Model>, &Among),
    k: usize,
    progress: &Progress,
) -> Result<Classified> {
    let mut shown = Shown::new(input, progress);
    let answer = classify_file(model, among, &input.source(), &mut shown)?;
    let probabilities = &answer.probabilities;
    let tag = |index: usize| Tag {
        label: model.card().labels[index].clone(),
        probability: probabilities[index],
    };
    let competes = |index: &usize| among.is_all() || among.indices().contains(index);
    let sorted = top(probabilities, probabilities.len()).into_iter();
    let shown = answer.ranking.iter().take(k);
    Ok(Classified {
        file: input.path.to_string_lossy().into_owned(),
        duration_s: answer.duration_s,
        top: sorted.filter(competes).take(k).map(tag).collect(),
        shown: shown.map(|&label| (tag(label), answer.on[label])).collect(),
        leading: answer.leading,
        channel: input.channel,
        warnings: answer.warnings,
        unclear: among.unclear(model).unwrap_or(NO_LABEL).to_owned(),
    })
}

/// The leading label, then all labels in the order of the panel, with a disc before those that are on.
fn as_table(classified: &Classified) -> String {
    let Classified {
        file, duration_s, ..
    } = classified;
    let leading = classified.leading.as_ref().filter(|answer| answer.on);
    let leading = leading.map_or_else(|| classified.unclear.clone(), Answer::in_short);
    let channel = classified.channel;
    let channel = channel.map_or_else(String::new, |channel| format!("channel {channel}, "));
    let file = printable(file);
    let mut text = format!("{file}  ({channel}{duration_s:.1} s)  {leading}\n");
    let width = classified
        .shown
        .iter()
        .map(|(tag, _)| tag.label.chars().count())
        .max()
        .unwrap_or(0);
    for (Tag { label, probability }, on) in &classified.shown {
        let bar = bar(*probability);
        let sign = if *on { '●' } else { ' ' };
        text.push_str(&format!(
            "{sign} {label:width$}  {bar}  {:5.1} %\n",
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
    fn all_bars_have_the_same_width() {
        for probability in [-1.0, 0.0, 0.01, 0.333, 0.5, 0.999, 1.0, 2.0, f32::NAN] {
            assert_eq!(bar(probability).chars().count(), BAR_WIDTH, "{probability}");
        }
        assert_eq!(bar(1.0), "█".repeat(BAR_WIDTH));
        assert_eq!(bar(0.0).trim(), "");
    }
}
