//! AudioSet's hierarchy over its labels.

use crate::teacher::audioset_parents;

/// With this many labels below it, a label says little: "Animal", "Vehicle", "Musical instrument".
const GENERAL_FROM: usize = 10;
/// The same for a label that has none above it: "Speech".
const GENERAL_ROOT_FROM: usize = 5;

/// Which labels are kinds of which.
pub(super) struct Hierarchy {
    /// All labels above each label.
    above: Vec<Vec<usize>>,
    /// All labels below each label.
    below: Vec<Vec<usize>>,
}

impl Hierarchy {
    pub(super) fn audioset() -> Self {
        Self::of(&audioset_parents())
    }

    fn of(parents: &[Vec<usize>]) -> Self {
        let mut below = vec![Vec::new(); parents.len()];
        let above: Vec<Vec<usize>> = (0..parents.len())
            .map(|label| {
                let (mut found, mut next) = (Vec::new(), parents[label].clone());
                while let Some(parent) = next.pop() {
                    if parent != label && !found.contains(&parent) {
                        found.push(parent);
                        next.extend(&parents[parent]);
                    }
                }
                found
            })
            .collect();
        for (label, above) in above.iter().enumerate() {
            above.iter().for_each(|&parent| below[parent].push(label));
        }
        Self { above, below }
    }

    pub(super) fn above(&self, label: usize) -> &[usize] {
        &self.above[label]
    }

    pub(super) fn below(&self, label: usize) -> &[usize] {
        &self.below[label]
    }

    /// Whether a label tells a listener something: fewer than ten labels are kinds of it, or, where it is a kind of
    /// nothing itself, fewer than five.
    pub(super) fn is_specific(&self, label: usize) -> bool {
        let below = self.below[label].len();
        below < GENERAL_FROM && (!self.above[label].is_empty() || below < GENERAL_ROOT_FROM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::audioset_labels;

    #[test]
    fn what_everybody_says_is_not_specific() {
        let hierarchy = Hierarchy::audioset();
        let index = |name: &str| {
            let found = audioset_labels().iter().find(|label| label.name == name);
            found.unwrap_or_else(|| panic!("no {name}")).index
        };
        for general in [
            "Music",
            "Speech",
            "Animal",
            "Vehicle",
            "Musical instrument",
            "Domestic animals, pets",
            "Wild animals",
        ] {
            assert!(!hierarchy.is_specific(index(general)), "{general}");
        }
        for specific in [
            "Dog",
            "Bark",
            "Guitar",
            "Wind",
            "Siren",
            "Male speech, man speaking",
        ] {
            assert!(hierarchy.is_specific(index(specific)), "{specific}");
        }
        let above = hierarchy.above(index("Acoustic guitar"));
        for parent in [
            "Guitar",
            "Plucked string instrument",
            "Musical instrument",
            "Music",
        ] {
            assert!(above.contains(&index(parent)), "{parent}");
        }
        assert!(hierarchy.below(index("Dog")).contains(&index("Bark")));
    }

    #[test]
    fn a_circle_ends() {
        let circle = Hierarchy::of(&[vec![1], vec![0], vec![0]]);
        assert_eq!(circle.above(0), [1]);
        assert_eq!(circle.above(2), [0, 1]);
    }
}
