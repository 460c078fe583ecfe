//! Restricting tags to some of a model's labels.

use super::card::{Card, TaskKind};
use super::choice::Choice;
use super::choice_rule::{CLEAR, ChoiceRule};
use super::loaded::Model;
use super::on_levels::OnLevels;

impl Card {
    /// How well the model chooses among exactly these labels, if they are a set and that was measured.
    fn measured_choice(&self, rule: &ChoiceRule, labels: &[usize]) -> Option<String> {
        let figures = rule.measured.as_ref()?;
        let is_whole_set = self.labels_meant(&rule.set) == labels;
        is_whole_set.then(|| format!("{}: {}", rule.set, figures.in_short()))
    }
}

/// The labels that compete: all of them, or some that a person chose.
///
/// Several labels named one by one or as a set (genres, instruments, moods) are a [`Choice`]: exactly one of them is
/// assumed to be there. A group (music, voice, nature, things) or a single label only excludes the others; its labels
/// keep their own probabilities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Among {
    /// Indices into the card's labels, ascending, without duplicates; empty for all.
    labels: Vec<usize>,
    /// How they are compared, if they are a choice.
    choice: Option<Choice>,
    /// The level of each label of the card, if they are a choice in a model for any number of labels.
    levels: Vec<f32>,
    /// The text for a choice in which no label is on.
    unclear: Option<String>,
    /// The accuracy of choosing among them, if they are a whole set.
    worth: Option<String>,
}

impl Among {
    /// Some of `card`'s labels, by words as in [`Card::labels_meant`]. Unknown words are ignored; if no word is known,
    /// all labels compete. Allocates.
    pub fn new<S: AsRef<str>>(card: &Card, words: impl IntoIterator<Item = S>) -> Self {
        let (mut labels, mut has_group) = (Vec::new(), false);
        for word in words {
            has_group |= card.group_meant(word.as_ref()).is_some();
            labels.extend(card.labels_meant(word.as_ref()));
        }
        labels.sort_unstable();
        labels.dedup();
        // Labels of a group sound together: a group is no choice of one.
        let one_of_them = !has_group || card.task == TaskKind::SingleLabel;
        let is_choice = labels.len() > 1 && one_of_them;
        let rule = card.choice_rule(&labels);
        // A model for one label at a time is judged by the threshold alone, chosen labels or not.
        let has_levels = is_choice && card.task == TaskKind::MultiLabel;
        Self {
            choice: is_choice.then(|| Choice::new(card, &labels, &rule)),
            levels: vec![CLEAR; if has_levels { card.labels.len() } else { 0 }],
            unclear: is_choice.then(|| format!("no clear {}", card.singular_of(&labels))),
            worth: card.measured_choice(&rule, &labels),
            labels,
        }
    }

    /// Whether all labels compete.
    pub fn is_all(&self) -> bool {
        self.labels.is_empty()
    }

    /// Whether exactly one of the labels is assumed to be there; their chances then add up to 1 at most.
    pub fn is_choice(&self) -> bool {
        self.choice.is_some()
    }

    /// The indices of the labels, empty for all.
    pub fn indices(&self) -> &[usize] {
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

    /// The text for an answer in which no label is on: "no clear genre" for a choice, "no clear label" for all labels of
    /// a model for one label at a time whose card says from which probability its best label is on; `None` otherwise.
    pub fn unclear(&self, model: &Model) -> Option<&str> {
        let is_one_of_all = || {
            let card = model.card();
            let has_level = card.calibration.as_ref().is_some_and(|c| !c.on.is_empty());
            self.is_all() && card.task == TaskKind::SingleLabel && has_level
        };
        let chosen = self.unclear.as_deref();
        chosen.or_else(|| is_one_of_all().then_some("no clear label"))
    }

    /// The accuracy of the model in choosing among exactly these labels, if it was measured:
    /// `genres: 33 % right of 399 clips, 45 labels`.
    pub fn worth(&self) -> Option<&str> {
        self.worth.as_deref()
    }

    /// Logits to probabilities, in place: by the model's task where all labels compete; else the chances of
    /// [`Card::choose_among`], and 0 for the others. A single label keeps its probability. Allocates only where
    /// `scratch` has to grow.
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

    #[test]
    fn unknown_words_are_left_out() {
        let mut card = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap().card;
        let names = ["Speech", "Pop music", "Beatboxing", "Jazz", "Ska", "Wind"];
        card.labels = names.map(str::to_owned).into();
        let among = Among::new(&card, ["wind", "genres", "polka", "Jazz"]);
        assert_eq!(among.indices(), [1, 3, 4, 5]);
        assert!(Among::new(&card, ["polka"]).is_all());
    }

    #[test]
    fn chosen_labels_compete_and_a_single_one_keeps_its_probability() {
        let mut file = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap();
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
    fn a_model_for_one_label_with_a_level_says_when_no_label_is_clear() {
        let mut file = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap();
        let mut unclear = |on: Vec<f32>| {
            file.card.calibration = Some(crate::model::Calibration {
                scale: vec![1.0],
                offset: Vec::new(),
                on,
                examples: Vec::new(),
                precision: None,
                clips: 40,
                protocol: String::new(),
            });
            let model = Model::from_bytes(&file.to_bytes().unwrap()).unwrap();
            let of = |among: Among| among.unclear(&model).map(str::to_owned);
            [of(Among::default()), of(Among::new(model.card(), ["dog"]))]
        };
        assert_eq!(unclear(Vec::new()), [None, None]);
        let no_clear = Some("no clear label".to_owned());
        assert_eq!(
            unclear(vec![0.6; 10]),
            [no_clear, None],
            "a single label is on or off"
        );
    }

    #[test]
    fn a_choice_is_on_from_an_even_chance_and_a_group_keeps_its_own_probabilities() {
        let mut file = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap();
        file.card.task = TaskKind::MultiLabel;
        file.card.calibration = None;
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
            (none.unclear(&model), none.on_levels(&model)),
            (None, OnLevels::COMMON)
        );
        let (shown, genres) = ask(&["genres"]);
        assert_eq!(genres.unclear(&model), Some("no clear genre"));
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
        assert_eq!(mixed.unclear(&model), Some("no clear label"));
        let (shown, group) = ask(&["music"]);
        assert!(!group.is_choice() && group.unclear(&model).is_none());
        for (label, shown) in shown.into_iter().enumerate() {
            assert_eq!(shown, if label % 2 == 0 { all[label] } else { 0.0 });
        }
    }
}
