//! Restricting a model to some of its labels.

use super::choice::{CLEAR, Choice};
use super::{Card, ChoiceRule, Model, OnLevels, TaskKind};

/// A set of labels that goes by one word, beside the groups: a run of AudioSet's list (by Google, CC BY 4.0).
struct LabelSet {
    name: &'static str,
    /// What one of its labels is.
    one: &'static str,
    first: &'static str,
    last: &'static str,
}

const SETS: [LabelSet; 3] = [
    LabelSet {
        name: "instruments",
        one: "instrument",
        first: "Plucked string instrument",
        last: "Scratching (performance technique)",
    },
    LabelSet {
        name: "genres",
        one: "genre",
        first: "Pop music",
        last: "Ska",
    },
    LabelSet {
        name: "moods",
        one: "mood",
        first: "Happy music",
        last: "Scary music",
    },
];

/// In the runs, but not of their kind.
const NOT_MEANT: [&str; 5] = [
    "Beatboxing",
    "Vocal music",
    "A capella",
    "Tapping (guitar technique)",
    "Rattle (instrument)",
];

impl Card {
    /// The indices of the labels that a word stands for: the label of exactly this name ("Music"); else one
    /// of this model's [`label_sets`](Self::label_sets) ("music"), or a label whose name differs only
    /// in upper and lower case. Empty for an unknown word.
    pub fn labels_meant(&self, word: &str) -> Vec<usize> {
        let exact = self.labels_where(|label| self.labels[label] == word);
        if !exact.is_empty() {
            return exact;
        }
        if let Some(group) = self.group_meant(word) {
            return self.labels_where(|label| self.groups[label] == group);
        }
        let word = word.trim().to_lowercase();
        match SETS.iter().find(|set| set.name == word) {
            Some(set) if self.has(set) => self.labels_of(set),
            _ => self.labels_where(|label| self.labels[label].to_lowercase() == word),
        }
    }

    /// The group that a word stands for, unless it is the name of a label.
    fn group_meant(&self, word: &str) -> Option<&str> {
        let name = word.trim().to_lowercase();
        let is_label = self.labels.iter().any(|label| label == word);
        let group = self.groups.iter().find(|group| **group == name);
        group.filter(|_| !is_label).map(String::as_str)
    }

    /// The words for sets of this model's labels: its groups, and "instruments", "genres" and "moods"
    /// where it has AudioSet's.
    pub fn label_sets(&self) -> Vec<&str> {
        let has = |group: &&&str| self.groups.iter().any(|known| known == **group);
        let groups = super::GROUPS.iter().filter(has).copied();
        let sets = SETS.iter().filter(|set| self.has(set));
        groups.chain(sets.map(|set| set.name)).collect()
    }

    /// What one of these labels is, for messages: "genre", "instrument" or "mood" where all are of that set,
    /// else "label".
    fn kind_of(&self, labels: &[usize]) -> &'static str {
        let covers = |set: &&LabelSet| {
            let members = self.labels_of(set);
            labels.iter().all(|label| members.contains(label))
        };
        SETS.iter().find(covers).map_or("label", |set| set.one)
    }

    fn worth_of(&self, rule: &ChoiceRule, labels: &[usize]) -> Option<String> {
        let figures = rule.measured.as_ref()?;
        let is_whole = self.labels_meant(&rule.set) == labels;
        is_whole.then(|| format!("{}: {}", rule.set, figures.in_short()))
    }

    fn has(&self, set: &LabelSet) -> bool {
        self.run_of_labels(set).is_some()
    }

    fn labels_of(&self, set: &LabelSet) -> Vec<usize> {
        let Some(run) = self.run_of_labels(set) else {
            return Vec::new();
        };
        self.labels_where(|label| {
            run.contains(&label) && !NOT_MEANT.contains(&&*self.labels[label])
        })
    }

    fn run_of_labels(&self, set: &LabelSet) -> Option<std::ops::RangeInclusive<usize>> {
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

/// Which labels are looked for: all of them, or some that a person chose.
///
/// Of labels that were named one by one or as a set (genres, instruments, moods) exactly one is looked for, a
/// [`Choice`]. A group (music, voice, nature, things) or a single label only leaves out the others; its labels keep
/// their own probabilities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Among {
    /// Indices into the card's labels, rising, without doubles; empty for all.
    labels: Vec<usize>,
    /// How they are compared, where one of them is looked for.
    choice: Option<Choice>,
    /// The level of each label of the card, where there is a choice of a model for any number of labels.
    levels: Vec<f32>,
    /// What is said of a choice in which no label is on.
    unclear: Option<String>,
    /// The set that they are, and how well it is chosen among.
    worth: Option<String>,
}

impl Among {
    /// Some of `card`'s labels, by words as in [`Card::labels_meant`]. Words that this model does not know are
    /// left out; where none is left, all labels compete.
    pub fn new<S: AsRef<str>>(card: &Card, words: impl IntoIterator<Item = S>) -> Self {
        let (mut labels, mut has_group) = (Vec::new(), false);
        for word in words {
            has_group |= card.group_meant(word.as_ref()).is_some();
            labels.extend(card.labels_meant(word.as_ref()));
        }
        labels.sort_unstable();
        labels.dedup();
        // The labels of a group are of all kinds and sound together: none of them is the only one.
        let one_of_them = !has_group || card.task == TaskKind::SingleLabel;
        let is_choice = labels.len() > 1 && one_of_them;
        let rule = card.choice_rule(&labels);
        // A model for one label at a time is judged by the threshold alone, chosen labels or not.
        let has_levels = is_choice && card.task == TaskKind::MultiLabel;
        Self {
            choice: is_choice.then(|| Choice::new(card, &labels, &rule)),
            levels: vec![CLEAR; if has_levels { card.labels.len() } else { 0 }],
            unclear: is_choice.then(|| format!("no clear {}", card.kind_of(&labels))),
            worth: card.worth_of(&rule, &labels),
            labels,
        }
    }

    /// Whether all labels compete.
    pub fn is_all(&self) -> bool {
        self.labels.is_empty()
    }

    /// Whether exactly one of the labels is looked for; their chances then add up to 1 at most.
    pub fn is_choice(&self) -> bool {
        self.choice.is_some()
    }

    /// The indices of the labels, empty for all.
    pub fn places(&self) -> &[usize] {
        &self.labels
    }

    /// The levels from which labels are on, for the probabilities of `activate`. In a choice every
    /// label has [`CLEAR`], so that at most one is on.
    pub fn on_levels<'a>(&'a self, model: &'a Model) -> OnLevels<'a> {
        match self.is_choice() {
            true => OnLevels::of(&self.levels),
            false => model.on_levels(),
        }
    }

    /// What is said of a choice in which no label is on, "no clear genre"; `None` where there is no choice.
    pub fn unclear(&self) -> Option<&str> {
        self.unclear.as_deref()
    }

    /// How well the model chooses among exactly these labels, where that was measured:
    /// `genres: 33 % right of 399 clips, 45 labels`.
    pub fn worth(&self) -> Option<&str> {
        self.worth.as_deref()
    }

    /// Logits to what is shown, in place: probabilities by the model's task where all labels compete; else the
    /// chances of [`Card::choose_among`], and 0 for the others. A single label has nothing to compete with and
    /// keeps its probability. `scratch` is working memory, so that nothing is allocated from the second call on.
    pub(crate) fn activate(&self, model: &Model, logits: &mut [f32], scratch: &mut Vec<f32>) {
        let Some(choice) = &self.choice else {
            model.activate(logits);
            if !self.is_all() {
                scratch.clear();
                scratch.extend(self.labels.iter().map(|label| logits[*label]));
                self.only(logits, scratch);
            }
            return;
        };
        choice.chances_into(logits, scratch);
        self.only(logits, scratch);
    }

    /// Gives the labels these values, and the others 0.
    fn only(&self, values: &mut [f32], own: &[f32]) {
        values.fill(0.0);
        for (label, value) in self.labels.iter().zip(own) {
            values[*label] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFile;

    fn card(labels: &[&str]) -> Card {
        let bytes: &[u8] = include_bytes!("../../../models/esc10.safetensors");
        let mut card = ModelFile::from_bytes(bytes).unwrap().card;
        card.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        card
    }

    #[test]
    fn words_mean_labels_groups_and_sets() {
        let names = [
            "Speech",
            "Pop music",
            "Beatboxing",
            "Jazz",
            "Ska",
            "Wind",
            "Music",
        ];
        let mut card = card(&names);
        card.groups = [
            "voice", "music", "music", "music", "music", "nature", "music",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(card.label_sets(), ["music", "voice", "nature", "genres"]);
        for (word, places) in [
            ("jazz", &[3][..]),
            (" Genres ", &[1, 3, 4]),
            ("music", &[1, 2, 3, 4, 6]),
            ("Music", &[6]),
            ("moods", &[]),
            ("polka", &[]),
            ("", &[]),
        ] {
            assert_eq!(card.labels_meant(word), places, "{word}");
        }
        let among = Among::new(&card, ["wind", "genres", "polka", "Jazz"]);
        assert_eq!(among.places(), [1, 3, 4, 5]);
        assert!(Among::new(&card, ["polka"]).is_all());
    }

    #[test]
    fn those_that_are_meant_compete_and_one_alone_keeps_its_probability() {
        let bytes: &[u8] = include_bytes!("../../../models/esc10.safetensors");
        let mut file = ModelFile::from_bytes(bytes).unwrap();
        let often: Vec<Vec<f32>> = (0..6)
            .map(|i| (0..10).map(|label| label as f32 + (i % 3) as f32).collect())
            .collect();
        file.card.class_statistics = crate::model::ClassStatistics::of(&often);
        let model = Model::from_bytes(&file.to_bytes().unwrap()).unwrap();
        let logits: Vec<f32> = (0..10).map(|label| (label as f32).sin()).collect();
        let shown = |words: &[&str]| {
            let (mut shown, mut scratch) = (logits.clone(), Vec::new());
            let among = Among::new(model.card(), words);
            among.activate(&model, &mut shown, &mut scratch);
            shown
        };
        let mut all = logits.clone();
        model.activate(&mut all);
        assert_eq!(shown(&[]), all);
        let (first, second) = (&model.card().labels[2], &model.card().labels[7]);
        let some = shown(&[first, second]);
        let chosen = model.card().choose_among(&logits, &[2, 7]);
        assert_eq!((some[2], some[7]), (chosen[0], chosen[1]));
        assert_eq!(some.iter().filter(|p| **p > 0.0).count(), 2);
        let one = shown(&[second]);
        assert_eq!(one[7], all[7]);
        assert_eq!(one.iter().sum::<f32>(), all[7]);
    }

    #[test]
    fn a_choice_is_on_from_an_even_chance_and_a_group_keeps_its_own_probabilities() {
        let bytes: &[u8] = include_bytes!("../../../models/esc10.safetensors");
        let mut file = ModelFile::from_bytes(bytes).unwrap();
        file.card.task = TaskKind::MultiLabel;
        file.card.groups = ["music", "things"]
            .repeat(5)
            .into_iter()
            .map(str::to_owned)
            .collect();
        for (index, name) in ["Pop music", "Jazz", "Ska"].into_iter().enumerate() {
            file.card.labels[index] = name.to_owned();
        }
        let model = Model::from_bytes(&file.to_bytes().unwrap()).unwrap();
        let logits: Vec<f32> = (0..10).map(|label| (label as f32).sin() - 1.0).collect();
        let ask = |words: &[&str]| {
            let (mut shown, mut scratch) = (logits.clone(), Vec::new());
            let among = Among::new(model.card(), words);
            among.activate(&model, &mut shown, &mut scratch);
            (shown, among)
        };
        let (all, none) = ask(&[]);
        assert_eq!(
            (none.unclear(), none.on_levels(&model)),
            (None, OnLevels::COMMON)
        );
        let (shown, genres) = ask(&["genres"]);
        assert_eq!(genres.unclear(), Some("no clear genre"));
        assert!((shown.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let threshold = crate::model::USUAL_THRESHOLD;
        assert_eq!(genres.on_levels(&model).level(1, threshold), CLEAR);
        // More likely right than not: at most one label is on.
        let on = crate::tagging::on_now(&shown, genres.on_levels(&model), threshold);
        assert_eq!(
            on.iter().filter(|on| **on).count(),
            usize::from(shown[1].max(shown[2]) >= CLEAR)
        );
        let (_, mixed) = ask(&["Jazz", "Ska", &model.card().labels[7]]);
        assert_eq!(mixed.unclear(), Some("no clear label"));
        let (shown, group) = ask(&["music"]);
        assert!(!group.is_choice() && group.unclear().is_none());
        for (label, shown) in shown.into_iter().enumerate() {
            assert_eq!(shown, if label % 2 == 0 { all[label] } else { 0.0 });
        }
    }
}
