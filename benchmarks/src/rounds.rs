//! Interleaved timing: every round runs every contender for a moment, so that a noisy machine is
//! noisy for all of them.

use std::time::Instant;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Something to be timed.
pub(crate) trait Contender {
    /// Runs it for about this many seconds. Returns the seconds of each repeat.
    ///
    /// # Errors
    /// If it fails.
    fn run(&mut self, seconds: f64) -> Result<Vec<f64>>;
}

/// A contender of our own: a closure that does it once.
pub(crate) struct Ours<F>(pub(crate) F);

impl<F: FnMut() -> Result<()>> Contender for Ours<F> {
    fn run(&mut self, seconds: f64) -> Result<Vec<f64>> {
        let (start, mut times) = (Instant::now(), Vec::new());
        while times.len() < 2 || start.elapsed().as_secs_f64() < seconds {
            let before = Instant::now();
            (self.0)()?;
            times.push(before.elapsed().as_secs_f64());
        }
        Ok(times)
    }
}

/// What a contender took.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Timing {
    /// Its name.
    pub(crate) name: String,
    /// Median over rounds of each round's median, in seconds.
    pub(crate) median_s: f64,
    /// Smallest and largest median of a round.
    pub(crate) range_s: (f64, f64),
    /// Rounds.
    pub(crate) rounds: usize,
}

/// How long to time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds over all contenders.
    pub(crate) rounds: usize,
    /// Seconds for each in a round.
    pub(crate) seconds: f64,
}

/// Times contenders round by round. One that fails is left out, with a word.
pub(crate) fn time(
    title: &str,
    contenders: Vec<(String, Box<dyn Contender + '_>)>,
    effort: Effort,
) -> Vec<Timing> {
    let bar = ProgressBar::new((effort.rounds * contenders.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix:30} {bar:30} {eta} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    let mut list: Vec<(String, Box<dyn Contender + '_>, Vec<f64>)> = contenders
        .into_iter()
        .map(|(name, contender)| (name, contender, Vec::new()))
        .collect();
    for round in 0..=effort.rounds {
        list.retain_mut(|(name, contender, medians)| {
            bar.set_message(name.clone());
            bar.inc(1);
            match contender.run(effort.seconds) {
                // The first round is for caches, clocks and compilers.
                Ok(_) if round == 0 => true,
                Ok(times) => {
                    medians.push(median(times));
                    true
                }
                Err(error) => {
                    bar.suspend(|| eprintln!("{title}: without {name}: {error:#}"));
                    false
                }
            }
        });
    }
    bar.finish_and_clear();
    list.into_iter()
        .map(|(name, _, medians)| Timing {
            name,
            range_s: (
                medians.iter().copied().fold(f64::INFINITY, f64::min),
                medians.iter().copied().fold(0.0, f64::max),
            ),
            rounds: medians.len(),
            median_s: median(medians),
        })
        .collect()
}

/// The median; not a number where there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => f64::NAN,
        1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_one_takes_longer_and_the_broken_one_is_left_out() {
        let sleep = |ms| {
            move || {
                std::thread::sleep(std::time::Duration::from_millis(ms));
                Ok(())
            }
        };
        let contenders: Vec<(String, Box<dyn Contender>)> = vec![
            ("slow".into(), Box::new(Ours(sleep(4)))),
            ("broken".into(), Box::new(Ours(|| anyhow::bail!("no")))),
            ("fast".into(), Box::new(Ours(sleep(1)))),
        ];
        let effort = Effort {
            rounds: 3,
            seconds: 0.0,
        };
        let timings = time("test", contenders, effort);
        assert_eq!(timings.len(), 2);
        assert!(timings[0].median_s > timings[1].median_s);
        assert!(timings.iter().all(|timing| timing.rounds == 3));
        assert!(timings[1].range_s.0 <= timings[1].median_s);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }
}
