//! `hamiltone inspect`: the card of a model.

use std::fmt::Write as _;

use anyhow::Result;
use hamiltone_engine::model::{Calibration, Card, Model, TaskKind};
use serde_json::json;

use crate::arguments::InspectArguments;
use crate::{Outcome, progress, selection};

/// Runs the command.
pub(crate) fn run(arguments: &InspectArguments) -> Result<Outcome> {
    let model = selection::open(Some(&arguments.model))?;
    let text = if arguments.json {
        let mut card = serde_json::to_value(model.card())?;
        card["hash"] = json!(model.hash());
        card["size_bytes"] = json!(model.size_bytes());
        serde_json::to_string_pretty(&card)? + "\n"
    } else {
        as_text(&model)
    };
    progress::print(text.as_bytes())?;
    Ok(Outcome::Done)
}

fn as_text(model: &Model) -> String {
    let card = model.card();
    let mut text = format!("{}\n", card.name);
    if !card.description.is_empty() {
        let _ = writeln!(text, "{}\n", card.description); // cannot fail for a String
    }
    for (name, value) in fields(model, card) {
        let _ = writeln!(text, "{name:<16}{value}");
    }
    let _ = writeln!(
        text,
        "\n{} labels: {}",
        card.labels.len(),
        card.labels.join("; ") // some labels contain commas
    );
    text
}

fn checksum(card: &Card) -> String {
    match &card.checksums {
        Some(checksums) => format!("SHA-256 {} (verified)", checksums.weights_sha256),
        None => {
            "no checksum (the file is from an older version; small damage would not be noticed)"
                .to_owned()
        }
    }
}

fn fields(model: &Model, card: &Card) -> Vec<(&'static str, String)> {
    let task = match card.task {
        TaskKind::SingleLabel => "single-label: exactly one label at a time",
        TaskKind::MultiLabel => "multi-label: any number of labels at a time",
    };
    let features = &card.features;
    let mut fields = vec![
        ("task", task.to_owned()),
        ("parameters", card.parameters.to_string()),
        (
            "multiply-adds",
            format!("{} per second of audio", card.multiply_adds_per_second),
        ),
        (
            "memory",
            format!("at most {:.1} MB", card.memory_bytes as f64 / 1e6),
        ),
        ("window", format!("{} s by default", card.default_window_s)),
        (
            "input",
            format!(
                "{} Hz, {} mel bands from {} to {} Hz, a frame every {:.1} ms",
                features.sample_rate,
                features.mel_bands,
                features.lowest_hz,
                features.highest_hz,
                1e3 * features.hop_s()
            ),
        ),
    ];
    for accuracy in &card.accuracy {
        let spread = accuracy.spread;
        let spread = spread.map_or_else(String::new, |spread| format!(" ± {:.1}", 100.0 * spread));
        let value = 100.0 * accuracy.value;
        let words = format!(
            "{} {value:.1}{spread} %: {}; {}",
            accuracy.measure,
            accuracy.protocol,
            accuracy.on_other_corpora()
        );
        fields.push(("measured", words));
    }
    if let Some(calibration) = &card.calibration {
        fields.push(("calibrated", describe_calibration(calibration)));
    }
    for rule in &card.choices {
        if let Some(figures) = &rule.measured {
            let words = format!(
                "{}: {} ({})",
                rule.set,
                figures.in_short(),
                figures.protocol
            );
            fields.push(("choosing among", words));
        }
    }
    let groups: std::collections::BTreeSet<&str> = card.groups.iter().map(String::as_str).collect();
    let groups: Vec<&str> = groups.into_iter().collect();
    for (name, value) in [
        ("groups", groups.join(", ")),
        ("hierarchy", hierarchy(card)),
        ("trained on", card.training_data.clone()),
        ("licence", card.licence.clone()),
        ("derived from", card.parent.clone().unwrap_or_default()),
        ("pruned", card.pruning.clone().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    fields.push(("weights", checksum(card)));
    fields.push((
        "file",
        format!("{} bytes, SHA-256 {}", model.size_bytes(), model.hash()),
    ));
    fields
}

/// The thresholds of the labels, how many were fitted, and how.
fn describe_calibration(calibration: &Calibration) -> String {
    let mut text = String::new();
    if let (Some(precision), [level, ..], []) = (
        calibration.precision,
        &calibration.on[..],
        &calibration.examples[..],
    ) {
        let (level, precision) = (100.0 * level, 100.0 * precision);
        let _ = write!(
            text,
            "a label is on from {level:.0} %, for {precision:.0} % precision; "
        );
    } else if let (Some(precision), [_, ..]) = (calibration.precision, &calibration.on[..]) {
        let sorted = {
            let mut levels = calibration.on.clone();
            levels.sort_by(f32::total_cmp);
            levels
        };
        let percent = |share: usize| 100.0 * sorted[(sorted.len() - 1) * share / 4];
        let known = calibration.examples.iter().filter(|n| **n > 0).count();
        let _ = write!(
            text,
            "thresholds for {:.0} % precision: median {:.0} % (middle half {:.0} to {:.0} %); fitted on \
             examples of {known} of {} labels; ",
            100.0 * precision,
            percent(2),
            percent(1),
            percent(3),
            sorted.len()
        );
    }
    text + &calibration.protocol
}

/// The number of labels with a parent; empty for a card without a hierarchy.
fn hierarchy(card: &Card) -> String {
    match card
        .parents
        .iter()
        .filter(|parents| !parents.is_empty())
        .count()
    {
        0 => String::new(),
        kinds => format!("{kinds} labels have a more general one above them"),
    }
}
