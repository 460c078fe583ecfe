//! The hierarchy of labels.

use super::card::Card;

/// Most parents of a label: AudioSet's have up to four.
const MOST_PARENTS: usize = 16;

impl Card {
    /// All labels of which `label` is a kind, directly or through others, each once, in no order. Indices into
    /// [`labels`](Card::labels). Allocates.
    pub fn ancestors(&self, label: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut next = 0;
        let mut at = label;
        loop {
            for parent in self.parents.get(at).into_iter().flatten() {
                if !found.contains(parent) {
                    found.push(*parent);
                }
            }
            match found.get(next) {
                Some(ancestor) => at = *ancestor,
                None => return found,
            }
            next += 1;
        }
    }

    /// The first inconsistency of [`Card::parents`], if any: there has to be a list for each label, of indices of other
    /// labels, without cycles.
    pub(super) fn problem_of_parents(&self) -> Option<String> {
        let (lists, labels) = (self.parents.len(), self.labels.len());
        if lists == 0 {
            return None;
        }
        if lists != labels {
            return Some(format!("{lists} lists of parents for {labels} labels"));
        }
        for (label, parents) in self.parents.iter().enumerate() {
            if parents.len() > MOST_PARENTS {
                return Some(format!(
                    "label {label} has {} parents, more than {MOST_PARENTS}",
                    parents.len()
                ));
            }
            if let Some(parent) = parents.iter().find(|parent| **parent >= labels) {
                return Some(format!(
                    "label {label} has the parent {parent}, but there are {labels} labels"
                ));
            }
        }
        let label = label_in_cycle(&self.parents)?;
        Some(format!("label {label} is its own ancestor"))
    }
}

/// A label that is on a cycle or below one. Removes labels without parents until none is left.
fn label_in_cycle(parents: &[Vec<usize>]) -> Option<usize> {
    let mut children = vec![Vec::new(); parents.len()];
    let mut missing: Vec<usize> = parents.iter().map(Vec::len).collect();
    for (label, above) in parents.iter().enumerate() {
        above
            .iter()
            .for_each(|parent| children[*parent].push(label));
    }
    let mut roots: Vec<usize> = (0..parents.len()).filter(|l| missing[*l] == 0).collect();
    while let Some(root) = roots.pop() {
        for &child in &children[root] {
            missing[child] -= 1;
            if missing[child] == 0 {
                roots.push(child);
            }
        }
    }
    missing.iter().position(|missing| *missing > 0)
}

#[cfg(test)]
mod tests {
    use crate::model::ModelFile;

    fn problem(parents: Vec<Vec<usize>>) -> Option<String> {
        let mut card = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap().card;
        card.parents = parents;
        card.problem_of_parents()
    }

    #[test]
    fn parents_that_cannot_be_are_refused() {
        let none = vec![Vec::new(); 10];
        let with = |label: usize, parents: &[usize]| {
            let mut lists = none.clone();
            lists[label] = parents.to_vec();
            lists
        };
        assert_eq!(problem(Vec::new()), None);
        assert_eq!(problem(with(2, &[5, 7])), None);
        let mut ring = with(1, &[2]);
        ring[2] = vec![3];
        ring[3] = vec![1];
        for (parents, words) in [
            (none[1..].to_vec(), "9 lists"),
            (with(2, &[10]), "the parent 10"),
            (with(2, &[0; 17]), "17 parents"),
            (with(2, &[2]), "its own ancestor"),
            (ring, "its own ancestor"),
        ] {
            let problem = problem(parents).unwrap();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
