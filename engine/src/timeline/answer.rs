use serde::{Deserialize, Serialize};

use crate::tagging::{Lineup, Tags, on_now};

/// The leading label of a column or a file, with its path in the hierarchy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The label's name.
    pub label: String,
    /// The labels from a root of the hierarchy down to this one, which is the last; among labels that a person
    /// chose, only those.
    pub path: Vec<String>,
    /// 0 to 1.
    pub probability: f32,
    /// Whether it is on. If not, no label is on, and this one comes nearest to its level.
    pub on: bool,
}

impl Answer {
    /// The answer by [`Lineup::leader`], for the labels and the hierarchy of a card. `threshold` moves the levels as in
    /// [`OnLevels`](crate::model::OnLevels). `None` without labels. Allocates.
    pub fn of(
        labels: &[String],
        parents: &[Vec<usize>],
        tags: &Tags<'_>,
        threshold: f32,
    ) -> Option<Self> {
        let probabilities = tags.probabilities;
        let on = on_now(probabilities, tags.on_levels, threshold);
        let lineup = Lineup {
            probabilities,
            on: &on,
            levels: tags.on_levels,
            parents,
        };
        let leader = lineup.leader()?;
        let mut path = lineup.path(leader);
        path.retain(|label| tags.among.is_empty() || tags.among.contains(label));
        let name = |label: &usize| labels.get(*label).cloned().unwrap_or_default();
        Some(Self {
            label: name(&leader),
            path: path.iter().map(name).collect(),
            probability: probabilities[leader],
            on: on[leader],
        })
    }

    /// Root and label, `Music › Guitar`, without the labels between them.
    pub fn in_short(&self) -> String {
        match self.path.first().filter(|root| **root != self.label) {
            Some(root) => format!("{root} › {}", self.label),
            None => self.label.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OnLevels;

    fn answer(probabilities: &[f32], among: &[usize]) -> Answer {
        let labels = ["Music", "Instrument", "Guitar"].map(str::to_owned);
        let tags = Tags {
            time_s: 0.0,
            probabilities,
            among,
            unclear: None,
            on_levels: OnLevels::COMMON,
        };
        let parents = [vec![], vec![0], vec![1]];
        Answer::of(&labels, &parents, &tags, 0.3).unwrap()
    }

    #[test]
    fn an_answer_has_the_label_and_its_path() {
        let guitar = answer(&[0.9, 0.6, 0.5], &[]);
        assert_eq!((guitar.label.as_str(), guitar.on), ("Guitar", true));
        assert_eq!(guitar.path, ["Music", "Instrument", "Guitar"]);
        assert_eq!(guitar.in_short(), "Music › Guitar");
        let faint = answer(&[0.2, 0.1, 0.1], &[]);
        assert_eq!((faint.in_short().as_str(), faint.on), ("Music", false));
        let chosen = answer(&[0.0, 0.4, 0.6], &[1, 2]);
        assert_eq!(
            chosen.path,
            ["Instrument", "Guitar"],
            "music does not compete"
        );
    }
}
