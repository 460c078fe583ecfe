//! Labelled clips as trials: what was to be chosen among, and which answers are right.

use hamiltone_engine::model::{ANY_LABELS, Card};
use sha2::{Digest, Sha256};

use crate::zero_shot::sets::{Clip, Rule, Set};

/// Labels of different kinds, most of them far more frequent than others: a choice among these must not
/// be told of a bird whenever there are strings.
const KINDS: [&str; 6] = ["Speech", "Music", "Bird", "Dog", "Engine", "Rain"];

/// Parts of the clips; each is measured by a rule that was fitted to the others.
pub(super) const FOLDS: usize = 5;

/// One clip.
pub(super) struct Trial {
    /// The network's logits, one a label of the card.
    pub(super) logits: Vec<f32>,
    /// Indices of the labels that are right.
    pub(super) right: Vec<usize>,
    /// The fold of its recording, 0 to [`FOLDS`] − 1.
    pub(super) fold: usize,
}

/// Clips with the same labels to choose among.
pub(super) struct Trials {
    pub(super) name: String,
    /// Indices of the labels that compete.
    pub(super) labels: Vec<usize>,
    pub(super) trials: Vec<Trial>,
    /// Their weight beside others of the same choice.
    pub(super) weight: f64,
}

impl Trials {
    /// The trials for a set of labels of `card`, or for [`ANY_LABELS`], out of the sets that are there. `answers` has
    /// the logits of each clip of each set.
    pub(super) fn of(
        card: &Card,
        choice: &str,
        sets: &[Set],
        answers: &[Vec<Vec<f32>>],
    ) -> Vec<Self> {
        let pairs = || sets.iter().zip(answers);
        if choice == ANY_LABELS {
            let closed =
                pairs().filter(|(set, _)| set.name.contains("ESC") || set.name.contains("Urban"));
            let mut all: Vec<Self> = closed
                .filter_map(|(set, answers)| closed_set(set, answers))
                .collect();
            // In a closed set all labels are alike in how often they are right. To people who name labels of their
            // own they are not, so these weigh as much as the closed sets together.
            let weight = all.len().max(1) as f64;
            all.extend(kinds(card, pairs(), weight));
            return all;
        }
        let labels = card.labels_meant(choice);
        let one = |(set, answers): (&Set, &Vec<Vec<f32>>)| {
            let Rule::Class(classes) = &set.rule else {
                return None;
            };
            let of_class =
                |class: &(Vec<usize>, _)| class.0.iter().all(|label| labels.contains(label));
            classes.iter().all(of_class).then(|| Self {
                name: set.name.to_owned(),
                labels: labels.clone(),
                trials: trials(set, answers, |clip| Some(classes[clip.class].0.clone())),
                weight: 1.0,
            })
        };
        pairs().filter_map(one).collect()
    }
}

/// The classes of a set, each by the first of its labels.
fn closed_set(set: &Set, answers: &[Vec<f32>]) -> Option<Trials> {
    let Rule::Class(classes) = &set.rule else {
        return None;
    };
    let first = |class: usize| classes[class].0.first().copied();
    let mut labels: Vec<usize> = (0..classes.len()).filter_map(first).collect();
    labels.sort_unstable();
    labels.dedup();
    Some(Trials {
        name: set.name.to_owned(),
        labels,
        trials: trials(set, answers, |clip| {
            first(clip.class).map(|label| vec![label])
        }),
        weight: 1.0,
    })
}

/// All clips that are of exactly one of [`KINDS`].
fn kinds<'a>(
    card: &Card,
    sets: impl Iterator<Item = (&'a Set, &'a Vec<Vec<f32>>)>,
    weight: f64,
) -> Option<Trials> {
    let index = |name: &&str| card.labels.iter().position(|label| label == name);
    let labels: Vec<usize> = KINDS.iter().filter_map(index).collect();
    let kinds_of = |label: &usize| {
        let mut above = card.ancestors(*label);
        above.push(*label);
        above.retain(|label| labels.contains(label));
        above
    };
    let mut all = Vec::new();
    for (set, answers) in sets {
        all.extend(trials(set, answers, |clip| {
            let own = match &set.rule {
                Rule::Class(classes) => classes[clip.class].0.clone(),
                Rule::Present(label) => vec![*label],
            };
            let mut kinds: Vec<usize> = own.iter().flat_map(kinds_of).collect();
            kinds.sort_unstable();
            kinds.dedup();
            (kinds.len() == 1).then_some(kinds)
        }));
    }
    (!all.is_empty()).then(|| Trials {
        name: KINDS.join(", "),
        labels,
        trials: all,
        weight,
    })
}

fn trials(
    set: &Set,
    answers: &[Vec<f32>],
    right: impl Fn(&Clip) -> Option<Vec<usize>>,
) -> Vec<Trial> {
    let one = |(clip, logits): (&Clip, &Vec<f32>)| {
        Some(Trial {
            right: right(clip)?,
            logits: logits.clone(),
            fold: fold_of(&clip.group),
        })
    };
    set.clips.iter().zip(answers).filter_map(one).collect()
}

/// The fold of a recording, track or file: by its name alone, so that sets which share clips share folds.
fn fold_of(group: &str) -> usize {
    let hash = Sha256::digest(group.as_bytes());
    usize::from(u16::from_be_bytes([hash[0], hash[1]])) % FOLDS
}

/// On which clips, how split.
pub(super) fn protocol(trials: &[Trials]) -> String {
    let names: Vec<&str> = trials.iter().map(|trials| trials.name.as_str()).collect();
    format!(
        "{}; rule and temperature fitted to four fifths of the recordings, measured on the others, {FOLDS} folds",
        names.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_one_fold_and_folds_are_alike() {
        let mut counts = [0; FOLDS];
        for number in 0..1000 {
            let name = format!("recording {number}");
            assert_eq!(fold_of(&name), fold_of(&name));
            counts[fold_of(&name)] += 1;
        }
        assert!(
            counts.iter().all(|count| (150..250).contains(count)),
            "{counts:?}"
        );
    }
}
