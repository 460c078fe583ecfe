//! AudioSet's labels.

use std::sync::OnceLock;

use serde::Deserialize;

/// A label that teachers of AudioSet score.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Its index in the teacher's output.
    pub index: usize,
    /// Its identifier in the ontology.
    pub mid: String,
    /// For people.
    #[serde(rename = "display_name")]
    pub name: String,
}

/// The labels in the order of the teacher's output.
///
/// The list is AudioSet's
/// (`class_labels_indices.csv`), by Google, under CC BY 4.0; its ontology is under CC BY-SA 4.0.
pub fn audioset_labels() -> &'static [Label] {
    static LABELS: OnceLock<Vec<Label>> = OnceLock::new();
    LABELS.get_or_init(|| {
        csv::Reader::from_reader(include_str!("audioset_labels.csv").as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("the list is part of the program, and a test reads it")
    })
}

#[derive(Deserialize)]
struct Branch {
    first_label: String,
    group: String,
}

/// The group of each label, one of [`hamiltone_engine::model::LABEL_GROUPS`], in the labels' order: by
/// the branches of the ontology's tree. `audioset_groups.csv` says how.
pub fn audioset_groups() -> Vec<String> {
    let branches: Vec<Branch> = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_str!("audioset_groups.csv").as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("the table is part of the program, and a test reads it");
    let mut group = String::new();
    let of_label = |label: &Label| {
        if let Some(branch) = branches.iter().find(|b| b.first_label == label.name) {
            group.clone_from(&branch.group);
        }
        group.clone()
    };
    audioset_labels().iter().map(of_label).collect()
}

#[derive(Deserialize)]
struct Above {
    parents: String,
}

/// The parents of each label as indices of labels, in the labels' order: the nearest ancestors in the ontology that
/// are labels themselves. `audioset_parents.csv` says where it is from.
pub fn audioset_parents() -> Vec<Vec<usize>> {
    let labels = audioset_labels();
    let index = |name: &str| {
        let found = labels.iter().position(|label| label.name == name);
        found.expect("the table is part of the program, and a test reads it")
    };
    let of_line = |line: Result<Above, csv::Error>| {
        let line = line.expect("the table is part of the program, and a test reads it");
        let names = line.parents.split(';').filter(|name| !name.is_empty());
        names.map(index).collect()
    };
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_str!("audioset_parents.csv").as_bytes())
        .deserialize()
        .map(of_line)
        .collect()
}

#[cfg(test)]
mod tests {
    use hamiltone_engine::model::LABEL_GROUPS;

    use super::*;

    #[test]
    fn every_label_is_in_the_group_of_its_branch() {
        let groups = audioset_groups();
        assert_eq!(groups.len(), audioset_labels().len());
        let ids = LABEL_GROUPS.map(|group| group.id);
        assert!(groups.iter().all(|group| ids.contains(&group.as_str())));
        let of = |name: &str| {
            let label = audioset_labels().iter().find(|label| label.name == name);
            groups[label.unwrap_or_else(|| panic!("no {name}")).index].as_str()
        };
        for (group, names) in [
            (
                "voice",
                ["Speech", "Singing", "Sniff", "Cheering", "Children playing"],
            ),
            (
                "nature",
                ["Animal", "Whale vocalization", "Wind", "Rain", "Crackle"],
            ),
            (
                "music",
                ["Music", "Scary music", "Guitar", "Church bell", "Opera"],
            ),
            (
                "things",
                [
                    "Walk, footsteps",
                    "Heart murmur",
                    "Vehicle",
                    "Siren",
                    "Field recording",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(of(name), group, "{name}");
            }
        }
        let count = |group: &str| groups.iter().filter(|g| *g == group).count();
        // By the indices where the branches begin in the list: 0, 51, 66, 72, 137, 283, 300, 527.
        assert_eq!(ids.map(count), [146, 57, 82, 242]);
    }

    #[test]
    fn parents_are_those_of_the_ontology() {
        let (labels, parents) = (audioset_labels(), audioset_parents());
        assert_eq!(parents.len(), labels.len());
        let of = |name: &str| -> Vec<&str> {
            let label = labels.iter().find(|label| label.name == name).unwrap();
            let above = parents[label.index].iter();
            above.map(|parent| labels[*parent].name.as_str()).collect()
        };
        assert_eq!(of("Guitar"), ["Plucked string instrument"]);
        assert_eq!(of("Heavy metal"), ["Rock music"]);
        assert_eq!(of("Jazz"), ["Music"], "the genres' own class is no label");
        assert_eq!(of("Bleat"), ["Goat", "Sheep"]);
        assert!(of("Music").is_empty() && of("Singing").is_empty());
        let roots = parents.iter().filter(|above| above.is_empty());
        assert_eq!(roots.count(), 126, "as audioset_parents.py counts them");
    }
}
