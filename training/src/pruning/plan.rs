//! How many filters go where.

use anyhow::{bail, ensure};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use serde::{Deserialize, Serialize};

use super::removal::{Kept, tensor};
use super::score::Score;
use super::ties::{Tie, ties};

/// How much is pruned, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Plan {
    /// This share of the filters of each layer of the last `blocks` blocks (arXiv 2510.21388: the
    /// last three).
    Uniform {
        /// Of the filters, over 0 and under 1.
        share: f64,
        /// Counted from the end.
        blocks: usize,
    },
    /// Wherever least is lost for what is saved, until this share of the multiply-adds remains.
    /// Scores are compared between layers over each layer's mean.
    Global {
        /// Of the multiply-adds, over 0 and under 1.
        remaining: f64,
    },
}

/// Which filters are pruned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruning {
    /// The criterion that filters are ranked by.
    pub score: Score,
    /// How many go.
    pub plan: Plan,
    /// Counts stay multiples of this where a layer has more: four quaternions fill a vector of
    /// AVX-512, two one of AVX2.
    #[serde(default = "vector")]
    pub multiple: usize,
}

fn vector() -> usize {
    Pruning::VECTOR
}

/// As a model's card states it.
impl std::fmt::Display for Pruning {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let score = serde_json::to_value(self.score).unwrap_or_default();
        let score = score.as_str().unwrap_or_default().to_owned();
        match self.plan {
            Plan::Uniform {
                share,
                blocks: usize::MAX,
            } => write!(
                to,
                "{score}: {:.0} % of the filters of each layer removed",
                100.0 * share
            ),
            Plan::Uniform { share, blocks } => write!(
                to,
                "{score}: {:.0} % of the filters of each layer of the last {blocks} blocks removed",
                100.0 * share
            ),
            Plan::Global { remaining } => write!(
                to,
                "{score}: filters removed from all layers until {:.0} % of the multiply-adds \
                 remained",
                100.0 * remaining
            ),
        }
    }
}

/// The filters of a convolution, or of several that keep the same, from the most important to the least.
struct Ranked {
    tie: Tie,
    order: Vec<usize>,
    /// Scores in that order, over their mean.
    scores: Vec<f64>,
}

/// Scores over their mean.
fn over_mean(scores: &[f64]) -> Vec<f64> {
    let mean = (scores.iter().sum::<f64>() / scores.len() as f64).max(f64::MIN_POSITIVE);
    scores.iter().map(|score| score / mean).collect()
}

impl Pruning {
    /// Filters of a vector of AVX-512, the usual [`multiple`](Self::multiple).
    pub const VECTOR: usize = 4;

    /// The filters that stay.
    ///
    /// # Errors
    /// If shares are out of range, the weights do not fit, or counts that are multiples of
    /// [`multiple`](Self::multiple) leave more than the share that may remain.
    pub fn kept(
        &self,
        architecture: &Architecture,
        weights: &Weights,
        features: &FeatureSettings,
        seed: u64,
    ) -> anyhow::Result<Kept> {
        let (Plan::Uniform { share, .. } | Plan::Global { remaining: share }) = self.plan;
        ensure!(
            share > 0.0 && share < 1.0 && self.multiple > 0,
            "a share to prune or keep must be over 0 and under 1, and counts multiples of 1 or \
             more: {self:?}"
        );
        let ranked = self.ranked(architecture, weights, seed)?;
        let counts = match self.plan {
            Plan::Uniform { share, blocks } => self.uniform(architecture, &ranked, share, blocks),
            Plan::Global { remaining } => {
                self.global(architecture, &ranked, features, remaining)?
            }
        };
        let mut kept = vec![Vec::new(); architecture.layers().len()];
        for (&count, tied) in counts.iter().zip(ranked) {
            let mut filters = tied.order;
            filters.truncate(count);
            filters.sort_unstable();
            for layer in tied.tie.layers {
                kept[layer].clone_from(&filters);
            }
        }
        Ok(kept)
    }

    fn ranked(
        &self,
        architecture: &Architecture,
        weights: &Weights,
        seed: u64,
    ) -> anyhow::Result<Vec<Ranked>> {
        let layers = architecture.layers();
        let of_layer = |index: usize| -> anyhow::Result<Vec<f64>> {
            let layer = &layers[index];
            let kernel = tensor(weights, &layer.kernel())?;
            let seed = seed.wrapping_add(index as u64);
            let taps = layer.kernel_size * layer.kernel_size;
            Ok(self.score.of(kernel, layer.outputs, taps, seed))
        };
        let ranked = ties(architecture).into_iter().map(|tie| {
            let mut scores = of_layer(tie.layers[0])?;
            if tie.layers.len() > 1 {
                scores = over_mean(&scores);
                for &layer in &tie.layers[1..] {
                    let others = over_mean(&of_layer(layer)?);
                    scores
                        .iter_mut()
                        .zip(others)
                        .for_each(|(sum, score)| *sum += score);
                }
            }
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            let scores = over_mean(&scores);
            Ok(Ranked {
                scores: order.iter().map(|&filter| scores[filter]).collect(),
                order,
                tie,
            })
        });
        ranked.collect()
    }

    fn uniform(
        &self,
        architecture: &Architecture,
        ranked: &[Ranked],
        share: f64,
        blocks: usize,
    ) -> Vec<usize> {
        let first = architecture.blocks.len().saturating_sub(blocks);
        let layers = architecture.layers();
        let count = |tied: &Ranked| {
            let outputs = tied.order.len();
            let block = layers[tied.tie.layers[0]].block;
            if block < first || tied.tie.fixed {
                return outputs;
            }
            let multiples = (1.0 - share) * outputs as f64 / self.multiple as f64;
            (multiples.round().max(1.0) as usize * self.multiple).min(outputs)
        };
        ranked.iter().map(count).collect()
    }

    /// Step by step, the last filters of the layer in which the least score is lost for each
    /// multiply-add that is saved.
    fn global(
        &self,
        architecture: &Architecture,
        ranked: &[Ranked],
        features: &FeatureSettings,
        remaining: f64,
    ) -> anyhow::Result<Vec<usize>> {
        let mut counts: Vec<usize> = ranked.iter().map(|tied| tied.order.len()).collect();
        let mut of_layers = vec![0; architecture.layers().len()];
        let mut cost = |counts: &[usize]| {
            for (count, tied) in counts.iter().zip(ranked) {
                tied.tie
                    .layers
                    .iter()
                    .for_each(|&layer| of_layers[layer] = *count);
            }
            let with = architecture.with_filters(of_layers.iter().copied());
            with.multiply_adds_per_second(features) as f64
        };
        let whole = cost(&counts);
        loop {
            let now = cost(&counts);
            if now <= remaining * whole {
                return Ok(counts);
            }
            let mut best: Option<(f64, usize, usize)> = None;
            for (layer, filters) in ranked.iter().enumerate() {
                let count = counts[layer];
                let fewer = (count - 1) / self.multiple * self.multiple;
                if fewer == 0 || filters.tie.fixed {
                    continue;
                }
                let lost: f64 = filters.scores[fewer..count].iter().sum();
                counts[layer] = fewer;
                let price = lost / (now - cost(&counts)).max(1.0);
                counts[layer] = count;
                if best.is_none_or(|(least, ..)| price < least) {
                    best = Some((price, layer, fewer));
                }
            }
            let Some((_, layer, fewer)) = best else {
                bail!(
                    "a share of {remaining} of the multiply-adds cannot remain: with filters in \
                     multiples of {} the least is {:.3}; ask for that or more, or for smaller \
                     multiples",
                    self.multiple,
                    (1e3 * now / whole).ceil() / 1e3 // rounded up, so that it can be asked for
                );
            };
            counts[layer] = fewer;
        }
    }
}
