//! The figures as a table.

use std::fmt::Write as _;

use super::Outcome;

/// The tables of all models.
pub(super) fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        // A String takes everything.
        let _ = writeln!(
            text,
            "{}\n\n| among | clips (n, labels) | rule | right | on | of these right | calibration error |\n\
             |---|---|---|---|---|---|---|",
            outcome.model
        );
        for row in &outcome.rows {
            let figures = &row.figures;
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let _ = writeln!(
                text,
                "| {} | {} ({}, {}) | {} | {:.1} ± {:.1} % | {} | {} | {:.3} |",
                row.choice,
                row.clips,
                figures.clips,
                figures.labels,
                row.rule,
                100.0 * figures.right,
                100.0 * figures.spread,
                percent(figures.clear),
                percent(figures.right_where_clear),
                figures.calibration_error
            );
        }
        let _ = writeln!(
            text,
            "\n| among | centring | scaling | depth | reach | temperature |\n|---|---|---|---|---|---|"
        );
        for rule in &outcome.rules {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {:.2} |",
                rule.set, rule.centring, rule.scaling, rule.depth, rule.reach, rule.temperature
            );
        }
        text.push('\n');
    }
    text
}
