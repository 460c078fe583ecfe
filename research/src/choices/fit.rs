//! Fitting a rule: a grid of a few numbers, by the likelihood of the right label.

use hamiltone_engine::model::{CLEAR, Card, Choice, ChoiceFigures, ChoiceRule};
use rayon::prelude::*;

use super::trials::{FOLDS, Trials};

/// Bins of the calibration error.
const BINS: usize = 15;
/// Logits below the highest one without a loss. Fixed: on the developers' sets 4 costs 6 points on UrbanSound8K,
/// and beyond 6 nothing changes but a guard is lost.
const REACH: f32 = 6.0;
/// A right label's least chance, so that one hopeless clip does not decide.
const LEAST_CHANCE: f64 = 1e-6;

/// A rule that compares logits as they are.
pub(super) fn plain(set: &str) -> ChoiceRule {
    ChoiceRule {
        set: set.to_owned(),
        centring: 0.0,
        scaling: 0.0,
        depth: 0.0,
        reach: 100.0,
        temperature: 1.0,
        measured: None,
    }
}

/// A rule that compares standard scores.
pub(super) fn standard(set: &str) -> ChoiceRule {
    ChoiceRule {
        centring: 1.0,
        scaling: 1.0,
        ..plain(set)
    }
}

/// The answer to each clip of a set under a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Tried {
    clips: Vec<TriedClip>,
    /// Labels that competed.
    labels: usize,
}

#[derive(Debug, Clone, Copy)]
struct TriedClip {
    fold: usize,
    /// Chance of the best label.
    best: f64,
    is_right: bool,
    /// Chance of the right labels together.
    right: f64,
}

impl Tried {
    /// All clips by one rule.
    pub(super) fn by(card: &Card, trials: &Trials, rule: &ChoiceRule) -> Self {
        let choice = Choice::new(card, &trials.labels, rule);
        let mut chances = Vec::new();
        let clips = trials.trials.iter().map(|trial| {
            choice.chances_into(&trial.logits, &mut chances);
            let pairs = || trials.labels.iter().zip(&chances);
            let (first, best) = pairs().fold((usize::MAX, -1.0), |best, (&label, &chance)| {
                if chance > best.1 {
                    (label, chance)
                } else {
                    best
                }
            });
            let right = pairs().filter(|(label, _)| trial.right.contains(label));
            TriedClip {
                fold: trial.fold,
                best: f64::from(best),
                is_right: trial.right.contains(&first),
                right: right.map(|(_, chance)| f64::from(*chance)).sum(),
            }
        });
        Self {
            clips: clips.collect(),
            labels: trials.labels.len(),
        }
    }

    /// Mean of the negative logarithm of the right labels' chance over the clips outside a fold, or over all.
    fn loss(&self, without: Option<usize>) -> f64 {
        let clips = self.clips.iter().filter(|clip| without != Some(clip.fold));
        let losses: Vec<f64> = clips
            .map(|clip| -clip.right.max(LEAST_CHANCE).ln())
            .collect();
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    }

    /// Figures over the clips of several sets.
    pub(super) fn figures(tried: &[&Self], protocol: &str) -> ChoiceFigures {
        let clips: Vec<TriedClip> = tried.iter().flat_map(|tried| tried.clips.clone()).collect();
        let clear: Vec<TriedClip> = clips
            .iter()
            .filter(|clip| clip.best >= f64::from(CLEAR))
            .copied()
            .collect();
        let of_fold = |fold: usize| -> Vec<TriedClip> {
            clips
                .iter()
                .filter(|clip| clip.fold == fold)
                .copied()
                .collect()
        };
        let folds: Vec<f64> = (0..FOLDS)
            .map(of_fold)
            .filter(|clips| !clips.is_empty())
            .map(|clips| share_right(&clips))
            .collect();
        ChoiceFigures {
            right: share_right(&clips),
            spread: deviation(&folds),
            clips: clips.len(),
            labels: tried.iter().map(|tried| tried.labels).max().unwrap_or(0),
            clear: clear.len() as f64 / clips.len().max(1) as f64,
            right_where_clear: share_right(&clear),
            calibration_error: calibration_error(&clips),
            protocol: protocol.to_owned(),
        }
    }
}

fn share_right(clips: &[TriedClip]) -> f64 {
    let right = clips.iter().filter(|clip| clip.is_right).count();
    right as f64 / clips.len().max(1) as f64
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

fn calibration_error(clips: &[TriedClip]) -> f64 {
    let mut bins = [(0usize, 0.0, 0.0); BINS];
    for clip in clips {
        let bin = &mut bins[((clip.best * BINS as f64) as usize).min(BINS - 1)];
        *bin = (
            bin.0 + 1,
            bin.1 + clip.best,
            bin.2 + f64::from(u8::from(clip.is_right)),
        );
    }
    let apart = bins
        .iter()
        .map(|(_, chances, right)| (chances - right).abs());
    apart.sum::<f64>() / clips.len().max(1) as f64
}

/// The rules that are tried.
pub(super) struct Grid {
    rules: Vec<ChoiceRule>,
}

impl Grid {
    pub(super) fn new(depths: &[f32]) -> Self {
        let mut rules = Vec::new();
        for centring in (0..=8).map(|step| step as f32 / 8.0) {
            for scaling in [0.0, 0.25, 0.5, 0.75, 1.0] {
                for &depth in depths {
                    for step in 0..=20 {
                        rules.push(ChoiceRule {
                            centring,
                            scaling,
                            depth,
                            reach: REACH,
                            temperature: 0.2 * 30f32.powf(step as f32 / 20.0), // 0.2 to 6
                            ..plain("")
                        });
                    }
                }
            }
        }
        Self { rules }
    }

    /// The rule with the least loss over all clips, sets of clips by their weight; and what becomes of each
    /// clip of each set by the rule with the least loss over the other folds.
    pub(super) fn fit(
        &self,
        card: &Card,
        set: &str,
        trials: &[Trials],
    ) -> (ChoiceRule, Vec<Tried>) {
        let losses: Vec<Vec<f64>> = self
            .rules
            .par_iter()
            .map(|rule| {
                let tried: Vec<Tried> = trials.iter().map(|t| Tried::by(card, t, rule)).collect();
                let loss = |without| {
                    let weighed = trials.iter().zip(&tried);
                    weighed
                        .map(|(t, tried)| t.weight * tried.loss(without))
                        .sum()
                };
                (0..FOLDS).map(Some).chain([None]).map(loss).collect()
            })
            .collect();
        let best = |part: usize| {
            let order =
                (0..self.rules.len()).min_by(|a, b| losses[*a][part].total_cmp(&losses[*b][part]));
            &self.rules[order.unwrap_or(0)]
        };
        let rule = ChoiceRule {
            set: set.to_owned(),
            ..best(FOLDS).clone()
        };
        let mut measured: Vec<Tried> = vec![Tried::default(); trials.len()];
        for fold in 0..FOLDS {
            let rule = best(fold);
            for (all, trials) in measured.iter_mut().zip(trials) {
                let tried = Tried::by(card, trials, rule);
                all.labels = tried.labels;
                all.clips
                    .extend(tried.clips.iter().filter(|clip| clip.fold == fold));
            }
        }
        (rule, measured)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trials::Trial;
    use super::*;
    use hamiltone_engine::model::{ClassStatistics, Library};

    /// Two labels of a model, the first with logits that are always 3 higher.
    fn card() -> Card {
        let mut card = Library::with_folders(vec![]).default_model().card().clone();
        let labels = card.labels.len();
        card.parents = Vec::new();
        let mut mean = vec![0.0; labels];
        mean[0] = 3.0;
        card.class_statistics = Some(ClassStatistics {
            mean,
            deviation: vec![1.0; labels],
        });
        card
    }

    fn trials(card: &Card) -> Trials {
        // Alternately the one and the other; one in ten is taken for the other.
        let one = |number: usize| {
            let right = number % 2;
            let answer = if number % 10 == 9 { 1 - right } else { right };
            let mut logits = vec![0.0; card.labels.len()];
            logits[0] = 3.0;
            logits[answer] += 2.0;
            Trial {
                logits,
                right: vec![right],
                fold: number / 10 % FOLDS, // each has its share of the wrong ones
            }
        };
        Trials {
            name: "made".into(),
            labels: vec![0, 1],
            trials: (0..200).map(one).collect(),
            weight: 1.0,
        }
    }

    #[test]
    fn the_rule_takes_out_what_is_common_and_says_how_often_it_is_right() {
        let card = card();
        let trials = [trials(&card)];
        let before = Tried::by(&card, &trials[0], &plain("any"));
        let before = Tried::figures(&[&before], "");
        assert!((before.right - 0.5).abs() < 0.11, "{before:?}");
        let (rule, tried) = Grid::new(&[0.0]).fit(&card, "any", &trials);
        let figures = Tried::figures(&[&tried[0]], "made");
        assert_eq!((rule.set.as_str(), rule.centring), ("any", 1.0));
        assert_eq!((figures.clips, figures.labels), (200, 2));
        assert!((figures.right - 0.9).abs() < 1e-9, "{figures:?}");
        assert!(figures.calibration_error < 0.05, "{figures:?}");
        assert!((figures.right_where_clear - 0.9).abs() < 1e-9);
        assert_eq!(figures.clear, 1.0);
    }

    #[test]
    fn the_calibration_error_is_the_distance_of_chance_and_truth() {
        let clip = |best: f64, is_right: bool| TriedClip {
            fold: 0,
            best,
            is_right,
            right: best,
        };
        let honest = [clip(0.5, true), clip(0.5, false)];
        assert!(calibration_error(&honest) < 1e-12);
        let boastful = [clip(0.9, true), clip(0.9, false)];
        assert!((calibration_error(&boastful) - 0.4).abs() < 1e-12);
        assert_eq!(calibration_error(&[clip(1.0, true)]), 0.0);
    }
}
