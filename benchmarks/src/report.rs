//! Tables for people, and for scripts.

use std::fmt::Write;

use serde::Serialize;

use crate::rounds::Timing;

/// Contenders of one comparison; the first is the measure of the others.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Table {
    title: String,
    timings: Vec<Timing>,
}

impl Table {
    /// With the timings in the order in which they are shown.
    pub(crate) fn new(title: &str, timings: Vec<Timing>) -> Self {
        Self {
            title: title.to_owned(),
            timings,
        }
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "### {}\n\n| | ms, median | range over rounds | times the first |\n|---|---|---|---|\n",
            self.title
        );
        let first = self
            .timings
            .first()
            .map_or(f64::NAN, |first| first.median_s);
        for timing in &self.timings {
            let ms = |seconds: f64| 1e3 * seconds;
            let _ = writeln!(
                text,
                "| {} | {:.3} | {:.3} to {:.3} | {:.2} |",
                timing.name,
                ms(timing.median_s),
                ms(timing.range_s.0),
                ms(timing.range_s.1),
                timing.median_s / first
            );
        }
        text
    }
}

/// The whole report: what machine, when, how often, and the tables.
pub(crate) fn document(tables: &[Table], rounds: usize, set: &str) -> String {
    let processor = processor();
    let date = date();
    let mut text = format!(
        "# Benchmarks\n\nMade by `cargo xtask bench` on {date}: {processor}, our kernels with {set}. \
         All on one thread unless a title says otherwise; every round ran all contenders of a table \
         one after the other, and a figure is the median of {rounds} rounds' medians. Networks have \
         random weights, and clips are rounded up to whole columns for everyone. The others run the *real* network of the same shape (a quaternion network \
         costs them the same); candle runs it without the batch norms, so it does a little less.\n"
    );
    for table in tables {
        text += "\n";
        text += &table.markdown();
    }
    text
}

/// What the processor calls itself, and how many of them there are.
fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(": ").nth(1));
    format!("{} ({cores} cores)", name.unwrap_or(std::env::consts::ARCH))
}

/// Today, in UTC (civil from days, after H. Hinnant).
fn date() -> String {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
