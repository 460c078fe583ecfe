//! Restricting a model to some of its labels.

use super::{Card, Model, OnLevels};

/// Sets of labels that go by one word, beside the groups: the word, and the first and the last label
/// of the run of AudioSet's list (by Google, CC BY 4.0) that the set is.
const SETS: [(&str, &str, &str); 3] = [
    (
        "instruments",
        "Plucked string instrument",
        "Scratching (performance technique)",
    ),
    ("genres", "Pop music", "Ska"),
    ("moods", "Happy music", "Scary music"),
];

/// In the runs, but none of their kind.
const NOT_MEANT: [&str; 5] = [
    "Beatboxing",
    "Vocal music",
    "A capella",
    "Tapping (guitar technique)",
    "Rattle (instrument)",
];

impl Card {
    /// The places of the labels that a word means: the label of exactly this name ("Music"); else one
    /// of this model's [`label_sets`](Self::label_sets) ("music"), or a label whose name differs only
    /// in upper and lower case. Empty where it means nothing.
    pub fn labels_meant(&self, word: &str) -> Vec<usize> {
        let exact = self.places_where(|place| self.labels[place] == word);
        if !exact.is_empty() {
            return exact;
        }
        let word = word.trim().to_lowercase();
        if let Some(group) = self.groups.iter().find(|group| **group == word) {
            return self.places_where(|place| self.groups[place] == *group);
        }
        let set = SETS.iter().find(|(name, ..)| *name == word);
        match set.and_then(|(_, first, last)| self.run_of_labels(first, last)) {
            Some((first, last)) => self.places_where(|place| {
                (first..=last).contains(&place) && !NOT_MEANT.contains(&&*self.labels[place])
            }),
            None => self.places_where(|place| self.labels[place].to_lowercase() == word),
        }
    }

    /// The words for sets of this model's labels: its groups, and "instruments", "genres" and "moods"
    /// where it has AudioSet's.
    pub fn label_sets(&self) -> Vec<&str> {
        let has = |group: &&&str| self.groups.iter().any(|known| known == **group);
        let groups = super::GROUPS.iter().filter(has).copied();
        let sets = SETS
            .iter()
            .filter(|(_, first, last)| self.run_of_labels(first, last).is_some());
        groups.chain(sets.map(|(name, ..)| *name)).collect()
    }

    fn run_of_labels(&self, first: &str, last: &str) -> Option<(usize, usize)> {
        let place = |name: &str| self.labels.iter().position(|label| label == name);
        Some((place(first)?, place(last)?)).filter(|(first, last)| first <= last)
    }

    fn places_where(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.labels.len())
            .filter(|place| wanted(*place))
            .collect()
    }
}

/// Which labels compete: all of them, or some that a person chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Among {
    /// Places in the card's labels, in order, without doubles; empty means all.
    places: Vec<usize>,
}

impl Among {
    /// Some of `card`'s labels, by words as in [`Card::labels_meant`]. Words that mean nothing to this
    /// model are left out; where none is left, all labels are meant.
    pub fn new<S: AsRef<str>>(card: &Card, words: impl IntoIterator<Item = S>) -> Self {
        let words = words.into_iter();
        let mut places: Vec<usize> = words
            .flat_map(|word| card.labels_meant(word.as_ref()))
            .collect();
        places.sort_unstable();
        places.dedup();
        Self { places }
    }

    /// Whether all labels are meant.
    pub fn is_all(&self) -> bool {
        self.places.is_empty()
    }

    /// The places of the labels, empty for all.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// The levels from which labels are on, for the probabilities of the call to `activate` before.
    pub(crate) fn on_levels<'a>(&'a self, model: &'a Model) -> OnLevels<'a> {
        // Shares of 1 among labels that compete are no calibrated probabilities.
        match self.places.len() {
            0 | 1 => model.on_levels(),
            _ => OnLevels::COMMON,
        }
    }

    /// Logits to what is to be shown, in place: probabilities by the model's task where all labels are
    /// meant; else [`Card::choose_among`], and 0 for the others. One label alone has nothing to compete
    /// with and keeps its probability. `scratch` is for its work, so that nothing is allocated from the
    /// second call on.
    pub(crate) fn activate(&self, model: &Model, logits: &mut [f32], scratch: &mut Vec<f32>) {
        if self.places.len() < 2 {
            model.activate(logits);
            if let [only] = self.places[..] {
                let probability = logits[only];
                logits.fill(0.0);
                logits[only] = probability;
            }
            return;
        }
        scratch.clear();
        let card = model.card();
        scratch.extend(self.places.iter().map(|&place| card.score(logits, place)));
        super::statistics::softmax(scratch);
        logits.fill(0.0);
        for (place, score) in self.places.iter().zip(scratch) {
            logits[*place] = *score;
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
}
