//! Measurements as tables, numbers and a picture.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use super::levels::PRECISION;
use super::outcome::{Both, Outcome, Part};
use crate::pictures::reliability;
use hamiltone_training::files;
use hamiltone_training::report::Spread;

/// Tables in Markdown.
pub(super) fn markdown(name: &str, outcome: &Outcome) -> String {
    let mut text = format!(
        "### {name}\n\n{} clips, {} recordings, {} folds that share none.\n\n| | uncalibrated | calibrated |\n|---|---|---|\n",
        outcome.clips, outcome.recordings, outcome.folds
    );
    let spread = |spread: &Spread, percent: bool| {
        let (factor, digits) = if percent { (100.0, 1) } else { (1.0, 3) };
        let deviation = spread.deviation.unwrap_or(0.0);
        format!(
            "{:.digits$} ± {:.digits$}",
            factor * spread.mean,
            factor * deviation
        )
    };
    for (what, figure, percent) in [
        (
            "calibration error, five labels shown",
            &outcome.error_shown,
            false,
        ),
        (
            "calibration error, everything known",
            &outcome.error_all,
            false,
        ),
        (
            "clips with a right specific label on, %",
            &outcome.coverage,
            true,
        ),
        ("specific labels on and right, %", &outcome.precision, true),
    ] {
        let (before, after) = (
            spread(&figure.before, percent),
            spread(&figure.after, percent),
        );
        let _ = writeln!(text, "| {what} | {before} | {after} |");
    }
    let told = |coverage: Option<f64>| match coverage {
        Some(coverage) => format!("{:.1}", 100.0 * coverage),
        None => "none".to_owned(),
    };
    let _ = writeln!(
        text,
        "| clips with a right specific label on, at a precision of {PRECISION}, % | {} | {} |",
        told(outcome.coverage_at_precision.before),
        told(outcome.coverage_at_precision.after)
    );
    let [none, few, some, many] = outcome.labels_by_examples;
    let _ = writeln!(
        text,
        "\nRecordings in which a label is there: none for {none} labels, 1 to 4 for {few}, 5 to 19 for {some}, more for {many}.\n"
    );
    for (title, parts) in [
        ("Calibrated by other recordings", &outcome.by_set),
        ("Calibrated by the other sets alone", &outcome.left_out),
    ] {
        parts_table(&mut text, title, parts);
    }
    text
}

fn parts_table(text: &mut String, title: &str, parts: &[Part]) {
    let _ = writeln!(
        text,
        "| {title} | clips | error shown, before | after | coverage, % | after | precision, % | after |\n{}|",
        "|---".repeat(8)
    );
    let percent = |both: &Option<Both<f64>>| match both {
        Some(both) => format!("{:.1} | {:.1}", 100.0 * both.before, 100.0 * both.after),
        None => " | ".to_owned(),
    };
    for part in parts {
        let _ = writeln!(
            text,
            "| {} | {} | {:.3} | {:.3} | {} | {} |",
            part.name,
            part.clips,
            part.error_shown.before,
            part.error_shown.after,
            percent(&part.coverage),
            percent(&part.precision)
        );
    }
    text.push('\n');
}

/// Writes tables, numbers and the reliability diagram.
///
/// # Errors
/// If a file cannot be written.
pub(super) fn write(folder: &Path, name: &str, outcome: &Outcome) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let file = |ending: &str| folder.join(format!("calibration-{name}.{ending}"));
    files::replace(&file("md"), &markdown(name, outcome))?;
    files::replace(&file("json"), &serde_json::to_string_pretty(outcome)?)?;
    let line = |bins: &[super::measure::Bin]| {
        let there = bins.iter().filter(|bin| bin.count > 0.0);
        there
            .map(|bin| (bin.said, bin.true_share))
            .collect::<Vec<_>>()
    };
    let title = format!("{name}: labels shown, and how often they are there");
    let lines = [
        ("uncalibrated", line(&outcome.bins.before)),
        ("calibrated", line(&outcome.bins.after)),
    ];
    reliability(&file("svg"), &title, &lines)
}
