//! Which labels show: pinned, hidden, of a group that is filtered out, or none of those that compete.

use hamiltone_engine::model::OnLevels;
use hamiltone_engine::tagging::Lineup;

use crate::settings::Settings;
use crate::snapshot::ModelFacts;

/// How a label shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Always, before all others.
    Pinned,
    /// When it is probable.
    Ordinary,
    /// Never.
    Hidden,
}

/// The labels of a model with their places.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    model: Option<&'a ModelFacts>,
    places: Vec<Place>,
}

impl<'a> Shown<'a> {
    /// By what the user chose. What is pinned shows whatever its group. `among` are the labels that
    /// compete, or none if all do.
    pub(super) fn of(model: Option<&'a ModelFacts>, settings: &Settings, among: &[usize]) -> Self {
        let labels = model.map_or(&[][..], |model| &model.labels);
        let group = |index: usize| model.and_then(|model| model.groups.get(index));
        let place = |(index, label): (usize, &String)| {
            if !among.is_empty() && !among.contains(&index) {
                Place::Hidden
            } else if settings.pinned.contains(label) {
                Place::Pinned
            } else if settings.hidden.contains(label)
                || group(index).is_some_and(|group| settings.groups_hidden.contains(group))
            {
                Place::Hidden
            } else {
                Place::Ordinary
            }
        };
        let places = labels.iter().enumerate().map(place).collect();
        Self { model, places }
    }

    /// Whether they are the labels of the model with this hash.
    pub(super) fn is_of(&self, hash: &str) -> bool {
        self.model.is_some_and(|model| model.hash == hash)
    }

    /// How many labels there are.
    pub(super) fn labels(&self) -> usize {
        self.places.len()
    }

    /// How many of them may show.
    pub(super) fn visible(&self) -> usize {
        let visible = |place: &&Place| **place != Place::Hidden;
        self.places.iter().filter(visible).count()
    }

    pub(super) fn place(&self, label: usize) -> Place {
        self.places.get(label).copied().unwrap_or(Place::Ordinary)
    }

    /// The labels of which each label is a kind; empty where the model has no hierarchy.
    pub(super) fn parents(&self) -> &'a [Vec<usize>] {
        self.model.map_or(&[], |model| &model.parents)
    }

    /// The root of the hierarchy above a label, by the values of the labels; hidden labels are left out. `None`
    /// where nothing that shows is above it.
    pub(super) fn root_above(&self, label: usize, values: &[f32]) -> Option<usize> {
        let lineup = Lineup {
            probabilities: values,
            on: &[],
            levels: OnLevels::COMMON,
            parents: self.parents(),
        };
        let mut path = lineup.path(label);
        path.pop();
        path.into_iter()
            .find(|label| self.place(*label) != Place::Hidden)
    }

    /// A label's name; empty for none.
    pub(super) fn name(&self, label: usize) -> &'a str {
        self.model
            .and_then(|model| model.labels.get(label))
            .map_or("", String::as_str)
    }
}

/// Adds `name` to the list, or takes it out.
pub(super) fn toggle(list: &mut Vec<String>, name: &str) {
    match list.iter().position(|known| known == name) {
        Some(index) => {
            list.remove(index);
        }
        None => list.push(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_beats_hidden_and_groups() {
        let model = ModelFacts {
            name: String::new(),
            hash: String::new(),
            labels: ["guitar", "dog", "speech"].map(str::to_owned).to_vec(),
            one_of: false,
            groups: ["music", "nature", "voice"].map(str::to_owned).to_vec(),
            parents: Vec::new(),
            label_sets: Vec::new(),
            parameters: 1,
            multiply_adds_per_second: 1,
            size_bytes: 1,
        };
        let mut settings = Settings::default();
        toggle(&mut settings.groups_hidden, "music");
        toggle(&mut settings.hidden, "dog");
        let places = |settings: &Settings| -> Vec<Place> {
            let shown = Shown::of(Some(&model), settings, &[]);
            (0..3).map(|label| shown.place(label)).collect()
        };
        assert_eq!(
            places(&settings),
            [Place::Hidden, Place::Hidden, Place::Ordinary]
        );
        toggle(&mut settings.pinned, "guitar");
        toggle(&mut settings.pinned, "dog");
        assert_eq!(
            places(&settings),
            [Place::Pinned, Place::Pinned, Place::Ordinary]
        );
        toggle(&mut settings.pinned, "dog");
        assert_eq!(Shown::of(Some(&model), &settings, &[]).visible(), 2);
        assert_eq!(Shown::of(Some(&model), &settings, &[1]).visible(), 0);
        assert_eq!(Shown::of(Some(&model), &settings, &[2]).visible(), 1);
        assert_eq!(Shown::of(None, &settings, &[]).labels(), 0);
    }
}
