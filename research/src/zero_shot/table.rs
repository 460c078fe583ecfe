//! The figures as a table.

use std::fmt::Write;

use super::{Figure, Outcome};

/// A table in Markdown: for each network the share of right answers by plain logits and by class
/// statistics, in percent; for each model also its share of the teacher's.
pub(super) fn markdown(outcome: &Outcome) -> String {
    let mut text = String::from("| set | clips |");
    for (index, name) in outcome.networks.iter().enumerate() {
        let _ = write!(text, " {name} | with statistics |");
        if is_student(outcome, index) {
            text.push_str(" of the teacher's |");
        }
    }
    let columns = text.matches('|').count() - 1;
    let _ = writeln!(text, "\n|{}", "---|".repeat(columns));
    for row in &outcome.rows {
        let chance = row
            .classes
            .map_or_else(String::new, |n| format!(", {n}-way"));
        let _ = write!(text, "| {}{chance} | {} |", row.set, row.clips);
        line(&mut text, outcome, &row.figures);
    }
    let sets = outcome.rows.iter().filter(|row| row.classes.is_some());
    let _ = write!(text, "| **mean of {} sets** | |", sets.count());
    line(&mut text, outcome, &outcome.means);
    text
}

/// The models come before the teacher.
fn is_student(outcome: &Outcome, index: usize) -> bool {
    outcome.teacher.is_some_and(|teacher| index < teacher)
}

fn line(text: &mut String, outcome: &Outcome, figures: &[Figure]) {
    for (index, figure) in figures.iter().enumerate() {
        let scaled = figure.scaled.map_or_else(String::new, percent);
        let _ = write!(text, " {} | {scaled} |", percent(figure.plain));
        if let Some(teacher) = outcome.teacher.filter(|_| is_student(outcome, index)) {
            let teacher = figures[teacher];
            let ratio = |own: f64, its: f64| format!("{:.2}", own / its.max(1e-9));
            let mut ratios = ratio(figure.plain, teacher.plain);
            if let (Some(own), Some(its)) = (figure.scaled, teacher.scaled) {
                let _ = write!(ratios, ", {}", ratio(own, its));
            }
            let _ = write!(text, " {ratios} |");
        }
    }
    text.push('\n');
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::super::Row;
    use super::*;

    #[test]
    fn every_line_has_every_column() {
        let figure = |plain, scaled| Figure { plain, scaled };
        let figures = vec![figure(0.5, Some(0.6)), figure(0.8, Some(0.75))];
        let outcome = Outcome {
            networks: vec!["general".into(), "mn04".into()],
            teacher: Some(1),
            rows: vec![
                Row {
                    set: "ESC-10".into(),
                    clips: 400,
                    classes: Some(10),
                    figures: figures.clone(),
                },
                Row {
                    set: "speech".into(),
                    clips: 7,
                    classes: None,
                    figures: vec![figure(0.9, None), figure(1.0, None)],
                },
            ],
            means: figures,
        };
        let text = markdown(&outcome);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        for line in &lines {
            assert_eq!(line.matches('|').count(), 8, "{text}");
        }
        assert!(
            lines[2].contains("| 50.0 | 60.0 | 0.62, 0.80 | 80.0 | 75.0 |"),
            "{text}"
        );
        assert!(lines[3].contains("| 90.0 |  | 0.90 | 100.0 |  |"), "{text}");
        assert!(lines[4].contains("mean of 1 sets"), "{text}");
    }
}
