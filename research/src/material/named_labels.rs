//! Labels that the names of sounds state: the file `rooster3.ogg` of a library of effects has a rooster in it, whatever a teacher
//! says. Libraries of notes, effects and animals, made tones and accompaniments in a style are named this way.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hamiltone_training::material::Source;
use serde::Deserialize;

use crate::teacher::{audioset_labels, audioset_parents};

/// Names in these kinds of sources are of what is said, not of what sounds.
const SPOKEN: [&str; 2] = ["speech", "narration"];
/// A named label has at least this probability, where a teacher finds it plausible.
const PROBABILITY: f32 = 0.7;
/// A label that a name excludes has at most this.
const ABSENT: f32 = 0.03;
/// Plausible: among so many labels with the highest logits. A name may be of another stretch of the sound, or a figure of speech.
const PLAUSIBLE: usize = 24;

/// The labels that a name states, as indices in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedLabels {
    /// Named, in the order of the name.
    named: Vec<usize>,
    /// In the sound: what is named, with all that AudioSet's hierarchy has above them on a single path.
    pub present: Vec<usize>,
    /// Not in the sound.
    pub absent: Vec<usize>,
}

impl NamedLabels {
    /// Those of a source's name; none if it says nothing.
    pub fn of(source: &Source) -> Self {
        if SPOKEN.contains(&&*source.kind) {
            return Self::default();
        }
        let words = words(&source.source);
        let mut found = Self::default();
        let mut at = 0;
        while at < words.len() {
            let Some((count, row)) = longest(&words[at..], &source.source) else {
                at += 1;
                continue;
            };
            if row.present.is_empty() {
                return Self::default();
            }
            found.named.extend(&row.present);
            found.absent.extend(&row.absent);
            at += count;
        }
        let parents = audioset_parents();
        found.present.clone_from(&found.named);
        let mut above = 0;
        while above < found.present.len() {
            if let [only] = parents[found.present[above]][..] {
                found.present.push(only);
            }
            above += 1;
        }
        found.present.sort_unstable();
        found.present.dedup();
        let present = &found.present;
        found.absent.retain(|label| !present.contains(label));
        found.absent.sort_unstable();
        found.absent.dedup();
        found
    }

    /// Whether the name says nothing.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && self.absent.is_empty()
    }

    /// Raises the logits of labels that are present to that of .7 where a named one is among the 24 highest, and lowers those of
    /// labels that are absent. `logits` has as many elements as there are labels.
    pub fn correct(&self, logits: &mut [f32]) {
        if self.is_empty() {
            return;
        }
        let mut sorted = logits.to_vec();
        let (_, least, _) = sorted.select_nth_unstable_by(PLAUSIBLE - 1, |a, b| b.total_cmp(a));
        let least = *least;
        let logit = |probability: f32| (probability / (1.0 - probability)).ln();
        let plausible = self.named.iter().any(|label| logits[*label] >= least);
        if plausible {
            for label in &self.present {
                logits[*label] = logits[*label].max(logit(PROBABILITY));
            }
        }
        for label in &self.absent {
            logits[*label] = logits[*label].min(logit(ABSENT));
        }
    }
}

/// What words in a row state in sources whose name begins with `from`.
struct Row {
    from: String,
    present: Vec<usize>,
    absent: Vec<usize>,
}

#[derive(Deserialize)]
struct Line {
    from: String,
    words: String,
    labels: String,
    absent: String,
}

/// The rows of `named_labels.csv` by their words.
fn table() -> &'static BTreeMap<String, Vec<Row>> {
    static TABLE: OnceLock<BTreeMap<String, Vec<Row>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let named = audioset_labels().iter();
        let index: BTreeMap<&str, usize> = named.map(|label| (&*label.name, label.index)).collect();
        let labels = |list: &str| {
            let names = list.split(';').filter(|name| !name.is_empty());
            names.map(|name| index[name]).collect()
        };
        let mut table: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut lines = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(include_str!("named_labels.csv").as_bytes());
        for line in lines.deserialize() {
            let line: Line = line.expect("the table is part of the program, and a test reads it");
            table.entry(line.words).or_default().push(Row {
                from: line.from,
                present: labels(&line.labels),
                absent: labels(&line.absent),
            });
        }
        table
    })
}

/// The row with the most words at the beginning of `words`, and their number. Rows for a source's own beginning come first.
fn longest(words: &[String], source: &str) -> Option<(usize, &'static Row)> {
    const MOST_WORDS: usize = 3;
    (1..=MOST_WORDS.min(words.len())).rev().find_map(|count| {
        let exact = words[..count].join(" ");
        let numbers = |letter: char| letter.is_ascii_digit();
        let bare: Vec<&str> = words[..count]
            .iter()
            .map(|word| word.trim_end_matches(numbers))
            .collect();
        let rows = [exact, bare.join(" ")].into_iter();
        let rows = rows.filter_map(|words| table().get(&words)).flatten();
        let row = rows
            .filter(|row| source.starts_with(&row.from))
            .max_by_key(|row| row.from.len())?;
        Some((count, row))
    })
}

/// The words of the last part of a name, in lower case: `sounds/CrowCaw_2.ogg:0` has crow, caw and 2.
fn words(source: &str) -> Vec<String> {
    let (_, inside) = source.split_once(':').unwrap_or(("", source));
    let name = inside.rsplit('/').next().unwrap_or(inside);
    let name = name.split('.').next().unwrap_or(name);
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            let word = words.last_mut().expect("there is always a word");
            word.extend(letter.to_lowercase());
        }
        lower_before = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::LABELS;

    fn source(name: &str, kind: &str) -> Source {
        Source {
            path: "cache/a".into(),
            source: name.to_owned(),
            group: String::new(),
            kind: kind.to_owned(),
            licence: String::new(),
            commercial: true,
            held_out: false,
            seconds: 1.0,
        }
    }

    fn names(labels: &[usize]) -> Vec<&'static str> {
        let all = audioset_labels();
        labels.iter().map(|label| &*all[*label].name).collect()
    }

    fn present(name: &str) -> Vec<&'static str> {
        names(&NamedLabels::of(&source(name, "sounds")).present)
    }

    #[test]
    fn names_of_files_state_labels_and_what_is_above_them() {
        assert_eq!(
            present("me/mod:sounds/sounds_rooster.3.ogg:0"),
            [
                "Animal",
                "Livestock, farm animals, working animals",
                "Fowl",
                "Chicken, rooster",
                "Crowing, cock-a-doodle-doo"
            ]
        );
        assert_eq!(
            present("a/b:CrowCaw_2.ogg")[..3],
            ["Animal", "Wild animals", "Bird"]
        );
        assert!(present("a/b:soprsax3-c4.wav").contains(&"Saxophone"));
        assert!(present("a/b:wind_chime1.ogg").contains(&"Wind chime"));
        assert!(
            !present("a/b:wind_chime1.ogg").contains(&"Wind"),
            "the longest phrase counts"
        );
        assert!(
            present("a/rain:crowded-menu.ogg").is_empty(),
            "whole words of the last part"
        );
        assert!(present("tuxpaint:animals/owl_desc_fr.ogg").is_empty());
        assert!(present("made-instruments:program65-1").contains(&"Saxophone"));
        assert!(present("other:program65-1").is_empty());
        assert!(present("made-grooves:50srock-50sRockSus").contains(&"Rock music"));
        let spoken = NamedLabels::of(&source("asterisk:monkeys/dog.wav", "speech"));
        assert!(spoken.is_empty());
    }

    #[test]
    fn every_row_has_its_labels() {
        let rows = table().values().map(Vec::len).sum::<usize>();
        let lines = include_str!("named_labels.csv").lines();
        assert_eq!(
            rows,
            lines.filter(|line| !line.starts_with('#')).count() - 1
        );
    }

    #[test]
    fn plausible_labels_are_raised_and_excluded_ones_lowered() {
        let hum = NamedLabels::of(&source("made-signals:hum-3", "sounds"));
        assert_eq!(names(&hum.absent), ["Speech", "Music"]);
        let label = |name: &str| {
            audioset_labels()
                .iter()
                .position(|label| label.name == name)
                .unwrap()
        };
        let (mains, music) = (label("Mains hum"), label("Music"));
        let mut logits: Vec<f32> = (0..LABELS)
            .map(|label| -10.0 + 0.001 * label as f32)
            .collect();
        (logits[mains], logits[music]) = (-2.0, 1.0);
        let mut corrected = logits.clone();
        hum.correct(&mut corrected);
        assert!((corrected[mains] - 0.847).abs() < 1e-3 && corrected[music] < -3.4);
        // A name that no teacher finds plausible changes nothing.
        let drum = NamedLabels::of(&source("a:snare.wav", "sounds"));
        let mut same = logits.clone();
        drum.correct(&mut same);
        assert_eq!(same, logits);
        NamedLabels::default().correct(&mut same);
        assert_eq!(same, logits);
    }
}
