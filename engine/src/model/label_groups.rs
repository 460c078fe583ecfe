//! Words that stand for several labels: label groups and label sets.
//!
//! A card gives each of its labels at most one *group* ([`Card::groups`]). A new group is a row of [`LABEL_GROUPS`],
//! and its id in the cards of the models that have it. A *label set* is a run of AudioSet's list of labels, found by
//! its first and last label; a new one is a row of `LABEL_SETS`, and cards stay as they are.

use std::ops::RangeInclusive;

use super::card::Card;

/// A group of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelGroup {
    /// As cards, settings and the command line name it.
    pub id: &'static str,
    /// As the panel shows it.
    pub name: &'static str,
}

/// Every group that a card may name, in the order in which they are shown.
pub const LABEL_GROUPS: [LabelGroup; 4] = [
    LabelGroup {
        id: "music", // and musical instruments
        name: "Music",
    },
    LabelGroup {
        id: "voice",
        name: "Voice",
    },
    LabelGroup {
        id: "nature", // animals, weather, water, fire
        name: "Nature",
    },
    LabelGroup {
        id: "things", // everything else
        name: "Things",
    },
];

/// A run of AudioSet's list of labels (by Google, CC BY 4.0).
struct LabelSet {
    /// As the command line names it.
    id: &'static str,
    /// The noun for one of its labels, for messages.
    singular: &'static str,
    first: &'static str,
    last: &'static str,
}

const LABEL_SETS: [LabelSet; 3] = [
    LabelSet {
        id: "instruments",
        singular: "instrument",
        first: "Plucked string instrument",
        last: "Scratching (performance technique)",
    },
    LabelSet {
        id: "genres",
        singular: "genre",
        first: "Pop music",
        last: "Ska",
    },
    LabelSet {
        id: "moods",
        singular: "mood",
        first: "Happy music",
        last: "Scary music",
    },
];

/// Labels inside these runs that are no member of the set.
const NOT_MEMBERS: [&str; 5] = [
    "Beatboxing",
    "Vocal music",
    "A capella",
    "Tapping (guitar technique)",
    "Rattle (instrument)",
];

impl Card {
    /// The indices of the labels that a word stands for: the label of exactly this name ("Music"); else one
    /// of this model's [`label_sets`](Self::label_sets) ("music"), or a label whose name differs only
    /// in upper and lower case. Empty for an unknown word. Allocates.
    pub fn labels_meant(&self, word: &str) -> Vec<usize> {
        let exact = self.labels_where(|label| self.labels[label] == word);
        if !exact.is_empty() {
            return exact;
        }
        if let Some(group) = self.group_meant(word) {
            return self.labels_where(|label| self.groups[label] == group);
        }
        let word = word.trim().to_lowercase();
        match LABEL_SETS.iter().find(|set| set.id == word) {
            Some(set) if self.has(set) => self.labels_of(set),
            _ => self.labels_where(|label| self.labels[label].to_lowercase() == word),
        }
    }

    /// The ids of the groups and label sets that this model has: its groups in the order of [`LABEL_GROUPS`], then
    /// "instruments", "genres" and "moods" where it has AudioSet's labels. Allocates.
    pub fn label_sets(&self) -> Vec<&str> {
        let has = |group: &&LabelGroup| self.groups.iter().any(|known| known == group.id);
        let groups = LABEL_GROUPS.iter().filter(has).map(|group| group.id);
        let sets = LABEL_SETS.iter().filter(|set| self.has(set));
        groups.chain(sets.map(|set| set.id)).collect()
    }

    /// The group that a word stands for, unless it is the name of a label.
    pub(super) fn group_meant(&self, word: &str) -> Option<&str> {
        let id = word.trim().to_lowercase();
        let is_label = self.labels.iter().any(|label| label == word);
        let group = self.groups.iter().find(|group| **group == id);
        group.filter(|_| !is_label).map(String::as_str)
    }

    /// The noun for one of these labels, for messages: "genre", "instrument" or "mood" where all are of that set,
    /// else "label".
    pub(super) fn singular_of(&self, labels: &[usize]) -> &'static str {
        let covers = |set: &&LabelSet| {
            let members = self.labels_of(set);
            labels.iter().all(|label| members.contains(label))
        };
        let set = LABEL_SETS.iter().find(covers);
        set.map_or("label", |set| set.singular)
    }

    /// Says which group is unknown, or that there is not one for each label.
    pub(super) fn problem_of_groups(&self) -> Option<String> {
        let (groups, labels) = (self.groups.len(), self.labels.len());
        if groups != 0 && groups != labels {
            return Some(format!("{groups} groups for {labels} labels"));
        }
        let known = |group: &&String| LABEL_GROUPS.iter().any(|known| known.id == **group);
        let group = self.groups.iter().find(|group| !known(group))?;
        let group: String = group.chars().take(40).collect();
        let ids = LABEL_GROUPS.map(|group| group.id);
        Some(format!("{group:?} is none of the groups {ids:?}"))
    }

    fn has(&self, set: &LabelSet) -> bool {
        self.run_of_labels(set).is_some()
    }

    fn labels_of(&self, set: &LabelSet) -> Vec<usize> {
        let Some(run) = self.run_of_labels(set) else {
            return Vec::new();
        };
        self.labels_where(|label| {
            run.contains(&label) && !NOT_MEMBERS.contains(&&*self.labels[label])
        })
    }

    fn run_of_labels(&self, set: &LabelSet) -> Option<RangeInclusive<usize>> {
        let index = |name: &str| self.labels.iter().position(|label| label == name);
        let (first, last) = (index(set.first)?, index(set.last)?);
        (first <= last).then_some(first..=last)
    }

    fn labels_where(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.labels.len())
            .filter(|label| wanted(*label))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use hamiltone_models::ESC10;

    use super::*;
    use crate::model::ModelFile;

    #[test]
    fn words_stand_for_labels_groups_and_sets() {
        let mut card = ModelFile::from_bytes(ESC10).unwrap().card;
        let names = [
            "Speech",
            "Pop music",
            "Beatboxing",
            "Jazz",
            "Ska",
            "Wind",
            "Music",
        ];
        card.labels = names.map(str::to_owned).into();
        card.groups = [
            "voice", "music", "music", "music", "music", "nature", "music",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(card.label_sets(), ["music", "voice", "nature", "genres"]);
        for (word, indices) in [
            ("jazz", &[3][..]),
            (" Genres ", &[1, 3, 4]),
            ("music", &[1, 2, 3, 4, 6]),
            ("Music", &[6]),
            ("moods", &[]),
            ("polka", &[]),
            ("", &[]),
        ] {
            assert_eq!(card.labels_meant(word), indices, "{word}");
        }
        assert_eq!(card.singular_of(&[1, 4]), "genre");
        assert_eq!(card.singular_of(&[1, 0]), "label");
    }

    #[test]
    fn cards_name_known_groups_one_for_each_label() {
        let read_again = |groups: Vec<String>| {
            let mut file = ModelFile::from_bytes(ESC10).unwrap();
            file.card.groups = groups;
            ModelFile::from_bytes(&file.to_bytes()?).map(|file| file.card.groups)
        };
        for group in LABEL_GROUPS {
            let groups = vec![group.id.to_owned(); 10];
            assert_eq!(read_again(groups.clone()).unwrap(), groups);
        }
        for (groups, words) in [
            (vec!["music".to_owned(); 9], "9 groups"),
            (vec!["noise".to_owned(); 10], "\"noise\""),
        ] {
            let error = read_again(groups).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
