//! Which labels of a model show in the panel.

use hamiltone_engine::model::OnLevels;
use hamiltone_engine::tagging::Lineup;

use crate::settings::Settings;
use crate::snapshot::ModelFacts;

/// Whether a label shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Visibility {
    /// Always, above all others.
    Pinned,
    /// When it is probable.
    Normal,
    /// Never.
    Hidden,
}

/// The labels of a model with their visibility.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    model: Option<&'a ModelFacts>,
    visibility: Vec<Visibility>,
}

impl<'a> Labels<'a> {
    /// By what the user chose. A pinned label shows whatever its group. `among` are the indices of the labels that
    /// compete; empty for all.
    pub(crate) fn of(model: Option<&'a ModelFacts>, settings: &Settings, among: &[usize]) -> Self {
        let names = model.map_or(&[][..], |model| &model.labels);
        let group = |index: usize| model.and_then(|model| model.groups.get(index));
        let visibility = |(index, name): (usize, &String)| {
            if !among.is_empty() && !among.contains(&index) {
                Visibility::Hidden
            } else if settings.pinned.contains(name) {
                Visibility::Pinned
            } else if settings.hidden.contains(name)
                || group(index).is_some_and(|group| settings.groups_hidden.contains(group))
            {
                Visibility::Hidden
            } else {
                Visibility::Normal
            }
        };
        let visibility = names.iter().enumerate().map(visibility).collect();
        Self { model, visibility }
    }

    /// Whether they are the labels of the model with this hash.
    pub(crate) fn belong_to(&self, hash: &str) -> bool {
        self.model.is_some_and(|model| model.hash == hash)
    }

    /// The number of labels.
    pub(crate) fn len(&self) -> usize {
        self.visibility.len()
    }

    /// The number of labels that are not hidden.
    pub(crate) fn visible_count(&self) -> usize {
        let visible = |visibility: &&Visibility| **visibility != Visibility::Hidden;
        self.visibility.iter().filter(visible).count()
    }

    /// Whether a label shows; as usual for an index out of range.
    pub(crate) fn visibility(&self, label: usize) -> Visibility {
        let visibility = self.visibility.get(label).copied();
        visibility.unwrap_or(Visibility::Normal)
    }

    /// The parents of each label in the hierarchy, as indices; empty where the model has no hierarchy.
    pub(crate) fn parents(&self) -> &'a [Vec<usize>] {
        self.model.map_or(&[], |model| &model.parents)
    }

    /// The highest visible ancestor of a label, by the values of the labels. `None` where it has none.
    pub(crate) fn root_above(&self, label: usize, values: &[f32]) -> Option<usize> {
        let lineup = Lineup {
            probabilities: values,
            on: &[],
            levels: OnLevels::COMMON,
            parents: self.parents(),
        };
        let mut path = lineup.path(label);
        path.pop();
        path.into_iter()
            .find(|label| self.visibility(*label) != Visibility::Hidden)
    }

    /// A label's name; empty for an index out of range.
    pub(crate) fn name(&self, label: usize) -> &'a str {
        self.model
            .and_then(|model| model.labels.get(label))
            .map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Edit;

    #[test]
    fn pinned_beats_hidden_and_groups() {
        let model = ModelFacts {
            name: String::new(),
            hash: String::new(),
            labels: ["guitar", "dog", "speech"].map(str::to_owned).to_vec(),
            one_of: false,
            groups: ["music", "nature", "voice"].map(str::to_owned).to_vec(),
            parents: Vec::new(),
            likely: Vec::new(),
            label_sets: Vec::new(),
            parameters: 1,
            multiply_adds_per_second: 1,
            size_bytes: 1,
        };
        let mut settings = Settings::default();
        settings.apply(Edit::ShowGroup {
            group: "music".to_owned(),
            shown: false,
        });
        settings.apply(Edit::Hide("dog".to_owned()));
        let visibility = |settings: &Settings| -> Vec<Visibility> {
            let labels = Labels::of(Some(&model), settings, &[]);
            (0..3).map(|label| labels.visibility(label)).collect()
        };
        assert_eq!(
            visibility(&settings),
            [Visibility::Hidden, Visibility::Hidden, Visibility::Normal]
        );
        settings.apply(Edit::Pin("guitar".to_owned()));
        settings.apply(Edit::Pin("dog".to_owned()));
        assert_eq!(
            visibility(&settings),
            [Visibility::Pinned, Visibility::Pinned, Visibility::Normal]
        );
        settings.apply(Edit::Unpin("dog".to_owned()));
        assert_eq!(Labels::of(Some(&model), &settings, &[]).visible_count(), 2);
        assert_eq!(Labels::of(Some(&model), &settings, &[1]).visible_count(), 0);
        assert_eq!(Labels::of(Some(&model), &settings, &[2]).visible_count(), 1);
        assert_eq!(Labels::of(None, &settings, &[]).len(), 0);
    }
}
