//! `hamiltone classify`: what is heard on the whole.

use std::sync::Arc;

use anyhow::{Context, Result};
use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{ClipClassifier, Lineup, Tags, on_now, top};
use hamiltone_engine::timeline::{Answer, EventSettings, Tag};
use serde::Serialize;

use crate::arguments::ClassifyArguments;
use crate::inputs::Input;
use crate::progress::Progress;
use crate::{Outcome, batch, inputs, listening, selection};

const BAR_WIDTH: usize = 24;

/// What is said of one file, as a line of JSON has it.
#[derive(Debug, Serialize)]
struct Classified {
    file: String,
    duration_s: f64,
    /// By falling probability.
    top: Vec<Tag>,
    leading: Option<Answer>,
    /// For the table: the labels in the order in which they are shown, and whether each is on.
    #[serde(skip)]
    shown: Vec<(Tag, bool)>,
    /// What is said if none is on.
    #[serde(skip)]
    unclear: String,
}

/// Runs the command.
pub(crate) fn run(arguments: &ClassifyArguments, quiet: bool) -> Result<Outcome> {
    let model = selection::open(arguments.sources.model.as_deref())?;
    let among = selection::among(&model, &arguments.sources.among)?;
    let inputs = inputs::find(&arguments.sources.inputs);
    let progress = Progress::new(inputs.files.len(), quiet);
    selection::tell_worth(&among, &progress);
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
        |_, classified| {
            let text = if arguments.json {
                serde_json::to_string(&classified)? + "\n"
            } else {
                as_table(&classified)
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
) -> Result<Classified> {
    let audio = AudioFile::open(&input.path)?;
    let file = input.path.to_string_lossy().into_owned();
    let mut classifier = ClipClassifier::new(Arc::clone(model), audio.sample_rate())
        .with_context(|| file.clone())?;
    classifier.choose_among(among.clone());
    let duration_s = listening::listen(input, audio, progress, |samples| classifier.push(samples))?;
    let probabilities = classifier.finish();
    let (labels, parents) = (&model.card().labels, &model.card().parents);
    let tag = |index: usize| Tag {
        label: labels[index].clone(),
        probability: probabilities[index],
    };
    let meant = |index: &usize| among.is_all() || among.indices().contains(index);
    let tags = Tags {
        time_s: duration_s,
        probabilities: &probabilities,
        among: among.indices(),
        unclear: None,
        on_levels: among.on_levels(model),
    };
    let threshold = EventSettings::of(model.card()).threshold;
    let on = on_now(&probabilities, tags.on_levels, threshold);
    let falling = top(&probabilities, probabilities.len());
    let lineup = Lineup {
        probabilities: &probabilities,
        on: &on,
        levels: tags.on_levels,
        parents,
    };
    let shown = lineup.ranking().into_iter().filter(meant).take(k);
    Ok(Classified {
        file,
        duration_s,
        top: falling.into_iter().filter(meant).take(k).map(tag).collect(),
        leading: Answer::of(labels, parents, &tags, threshold),
        shown: shown.map(|label| (tag(label), on[label])).collect(),
        unclear: selection::unclear(among),
    })
}

/// The answer, then the labels in the order in which the panel shows them; a disc stands before those that are on.
fn as_table(classified: &Classified) -> String {
    let Classified {
        file, duration_s, ..
    } = classified;
    let answer = classified.leading.as_ref().filter(|answer| answer.on);
    let answer = answer.map_or_else(|| classified.unclear.clone(), Answer::in_short);
    let mut text = format!("{file}  ({duration_s:.1} s)  {answer}\n");
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
    fn bars_have_one_width() {
        for probability in [-1.0, 0.0, 0.01, 0.333, 0.5, 0.999, 1.0, 2.0, f32::NAN] {
            assert_eq!(bar(probability).chars().count(), BAR_WIDTH, "{probability}");
        }
        assert_eq!(bar(1.0), "█".repeat(BAR_WIDTH));
        assert_eq!(bar(0.0).trim(), "");
    }
}
