//! Training, validation and test: never a recording, speaker or track in two of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use rand::Rng;
use rand::seq::SliceRandom;

use super::Dataset;
use crate::random;

/// Indices into [`Dataset::clips`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub training: Vec<usize>,
    /// To choose the best epoch by; whole groups out of the training folds.
    pub validation: Vec<usize>,
    /// To measure on, once, at the end.
    pub test: Vec<usize>,
}

/// The split that tests `fold`. Of the other folds, about `validation_share` of each label's
/// clips, in whole groups, are kept for validation; at 0 none.
pub fn split(dataset: &Dataset, fold: usize, validation_share: f64, seed: u64) -> Split {
    let (test, rest): (Vec<usize>, Vec<usize>) =
        (0..dataset.clips.len()).partition(|&index| dataset.clips[index].fold == fold);
    let held_out = match validation_share > 0.0 {
        true => validation_groups(dataset, &rest, validation_share, seed),
        false => BTreeSet::new(),
    };
    let (validation, training) = rest
        .into_iter()
        .partition(|&index| held_out.contains(&dataset.clips[index].group));
    Split {
        training,
        validation,
        test,
    }
}

impl Split {
    /// Keeps at most `most` training clips of each label, drawn at random. A smaller number keeps a part of what a
    /// larger one keeps with the same `random`. A clip with several labels stays while one of them has room.
    pub fn limit_training(&mut self, dataset: &Dataset, most: usize, random: &mut impl Rng) {
        let mut drawn = self.training.clone();
        drawn.shuffle(random);
        let mut taken = vec![0usize; dataset.labels.len()];
        drawn.retain(|&index| {
            let labels = &dataset.clips[index].labels;
            let keeps = labels.iter().any(|&label| taken[label] < most);
            if keeps {
                labels.iter().for_each(|&label| taken[label] += 1);
            }
            keeps
        });
        drawn.sort_unstable();
        self.training = drawn;
    }
}

/// Whole groups, drawn at random, until each label has its share.
fn validation_groups(
    dataset: &Dataset,
    indices: &[usize],
    share: f64,
    seed: u64,
) -> BTreeSet<String> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut totals = vec![0usize; dataset.labels.len()];
    for &index in indices {
        let clip = &dataset.clips[index];
        members.entry(&clip.group).or_default().extend(&clip.labels);
        clip.labels.iter().for_each(|&label| totals[label] += 1);
    }
    let mut groups: Vec<(&str, Vec<usize>)> = members.into_iter().collect();
    groups.shuffle(&mut random::stream(
        seed,
        &[u64::from_le_bytes(*b"validate")],
    ));
    // At least one of each label: an epoch cannot be chosen by what was not asked.
    let wanted = |label: usize| ((totals[label] as f64 * share).round() as usize).max(1);
    let mut taken = vec![0usize; dataset.labels.len()];
    let mut chosen = BTreeSet::new();
    for (group, labels) in groups {
        // A group goes in while none of its labels has its share yet, unless it is all there is
        // to learn one of them from.
        let fits = |&label: &usize| {
            let of_label = labels.iter().filter(|&&other| other == label).count();
            taken[label] < wanted(label) && taken[label] + of_label < totals[label]
        };
        if labels.iter().all(fits) {
            labels.iter().for_each(|&label| taken[label] += 1);
            chosen.insert(group.to_owned());
        }
    }
    chosen
}

/// Folds must be made of whole groups.
pub(super) fn check_groups(dataset: &Dataset) -> anyhow::Result<()> {
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &dataset.clips {
        let fold = *fold_of.entry(&clip.group).or_insert(clip.fold);
        if fold != clip.fold {
            bail!(
                "recording {} stands in the folds {fold} and {}: a score over these folds would \
                 be false",
                clip.group,
                clip.fold
            );
        }
    }
    Ok(())
}
