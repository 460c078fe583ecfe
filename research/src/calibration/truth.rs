//! The truth of a clip: labels that are present, labels that are not, and unknown ones.
//!
//! A class says one thing about a clip, not 527. Of a clip of a labelled set,
//! - the class's first label and all labels above it are there; the other labels that a map gives the class are there
//!   where the teacher finds them, and unknown where not;
//! - labels below any of the class's are unknown, and so are sounds by their manner and surroundings ("Thump",
//!   "Inside, small room": from "Whoosh, swoosh, swish" to the end of the list);
//! - labels of another class of the same set, and what the set leaves out, are not there;
//! - every other label is not there, unless the teacher finds it plausible: then it is unknown.
//!
//! UrbanSound8K's street recordings hold more than their class, so there other classes are unknown too where the
//! teacher finds them plausible. In GTZAN instruments, voices and moods are unknown; in single notes, genres and moods.
//!
//! In a sound without a class, labels that the teacher finds are present, and those it does not find plausible are not.

use super::clips::{SOUNDS, Set};
use super::hierarchy::Hierarchy;
use crate::teacher::audioset_labels;

/// From this probability on, the teacher finds a label present.
pub(super) const PRESENT_FROM: f32 = 0.3;
/// From this one it finds it plausible.
const PLAUSIBLE: f32 = 0.1;

/// Whether a label is there; `None`: not known.
pub(super) type Truth = Option<bool>;

/// Says what is true, set by set.
pub(super) struct Judge {
    hierarchy: Hierarchy,
    /// First label of sounds by their manner and surroundings.
    manner: usize,
    /// First and last genre, mood, and the whole branch of music.
    genres: (usize, usize),
    moods: (usize, usize),
    music: usize,
}

fn index_of(name: &str) -> usize {
    let found = audioset_labels().iter().find(|label| label.name == name);
    found.expect("a label of AudioSet's").index
}

impl Judge {
    pub(super) fn new() -> Self {
        Self {
            hierarchy: Hierarchy::audioset(),
            manner: index_of("Whoosh, swoosh, swish"),
            genres: (index_of("Pop music"), index_of("Ska")),
            moods: (index_of("Happy music"), index_of("Scary music")),
            music: index_of("Music"),
        }
    }

    pub(super) fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// One truth a label. `probabilities` are the teacher's for the clip.
    pub(super) fn of(&self, set: &Set, clip: usize, probabilities: &[f32]) -> Vec<Truth> {
        match set.name {
            SOUNDS => probabilities.iter().map(|&p| by_teacher(p)).collect(),
            "RAVDESS" => self.of_an_actor(&set.clips[clip].recording, probabilities),
            _ => self.of_a_class(set, set.clips[clip].class, probabilities),
        }
    }

    fn of_a_class(&self, set: &Set, class: usize, probabilities: &[f32]) -> Vec<Truth> {
        let own = &set.classes[class];
        let mut truth: Vec<Truth> = probabilities
            .iter()
            .enumerate()
            .map(|(label, &probability)| match probability {
                _ if self.is_open(set.name, label) => None,
                p if p >= PLAUSIBLE => None,
                _ => Some(false),
            })
            .collect();
        if set.name != "UrbanSound8K" {
            for other in set.classes.iter().flatten() {
                truth[*other] = Some(false);
            }
        }
        if matches!(
            set.name,
            "ESC-50" | "FSDKaggle instruments" | "Philharmonia"
        ) {
            truth[index_of("Speech")] = Some(false);
            truth[self.music] = Some(false); // and true again below, where the class is music
        }
        for &label in own {
            truth[label] = (probabilities[label] >= PRESENT_FROM).then_some(true);
            self.hierarchy
                .below(label)
                .iter()
                .for_each(|&b| truth[b] = None);
        }
        for &label in own {
            // A map's labels are kinds of each other ("Dog", "Bark").
            truth[label] = (probabilities[label] >= PRESENT_FROM).then_some(true);
        }
        if let Some(&first) = own.first() {
            truth[first] = Some(true);
            for &parent in self.hierarchy.above(first) {
                truth[parent] = Some(true);
            }
        }
        truth
    }

    /// Actors speak two sentences; those of odd numbers are men.
    fn of_an_actor(&self, recording: &str, probabilities: &[f32]) -> Vec<Truth> {
        let speech = index_of("Speech");
        let by_teacher = |(label, &p): (usize, &f32)| match p {
            _ if label >= self.manner => None,
            p if p >= PLAUSIBLE => None,
            _ => Some(false),
        };
        let mut truth: Vec<Truth> = probabilities.iter().enumerate().map(by_teacher).collect();
        for &kind in self.hierarchy.below(speech) {
            truth[kind] = None;
        }
        let number: String = recording.chars().filter(char::is_ascii_digit).collect();
        let man = number.parse::<u32>().is_ok_and(|number| number % 2 == 1);
        truth[speech] = Some(true);
        truth[index_of("Male speech, man speaking")] = Some(man);
        truth[index_of("Female speech, woman speaking")] = Some(!man);
        for absent in [
            "Child speech, kid speaking",
            "Speech synthesizer",
            "Music",
            "Singing",
        ] {
            truth[index_of(absent)] = Some(false);
        }
        truth
    }

    /// Whether a set says nothing of a label.
    fn is_open(&self, set: &str, label: usize) -> bool {
        let within = |(first, last): (usize, usize)| (first..=last).contains(&label);
        let music = label == self.music || self.hierarchy.above(label).contains(&self.music);
        let voice = label < index_of("Grunt") && label != index_of("Speech");
        label >= self.manner
            || match set {
                "GTZAN cuts" => (music && !within(self.genres)) || voice || within(self.moods),
                "FSDKaggle instruments" | "Philharmonia" => {
                    within(self.genres) || within(self.moods)
                }
                _ => false,
            }
    }

    /// Labels that are a right answer for a clip: the specific ones of its class and above it; none where the set has no classes.
    pub(super) fn right(&self, set: &Set, clip: usize) -> Vec<usize> {
        let Some(own) = set.classes.get(set.clips[clip].class) else {
            return Vec::new();
        };
        let above = own.iter().take(1).flat_map(|&l| self.hierarchy.above(l));
        let mut right: Vec<usize> = own.iter().chain(above).copied().collect();
        right.retain(|&label| self.hierarchy.is_specific(label));
        right.sort_unstable();
        right.dedup();
        right
    }
}

fn by_teacher(probability: f32) -> Truth {
    match probability {
        p if p >= PRESENT_FROM => Some(true),
        p if p >= PLAUSIBLE => None,
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::LABELS;

    fn indices(names: &[&str]) -> Vec<usize> {
        names.iter().map(|name| index_of(name)).collect()
    }

    /// The truth where the teacher finds only these.
    fn truths(set: &Set, clip: usize, probabilities: &[(&str, f32)]) -> Vec<Truth> {
        let mut all = vec![0.0; LABELS];
        probabilities
            .iter()
            .for_each(|(name, p)| all[index_of(name)] = *p);
        Judge::new().of(set, clip, &all)
    }

    #[test]
    fn a_class_says_what_it_is_what_it_is_not_and_leaves_the_rest_open() {
        let dog = indices(&["Dog", "Bark", "Yip"]);
        let set = Set::made("ESC-50", vec![dog, indices(&["Rain"])], &["a", "b"]);
        let probabilities = [("Bark", 0.6), ("Rain", 0.4), ("Wind", 0.2), ("Music", 0.9)];
        let truth = truths(&set, 0, &probabilities);
        let of = |name: &str| truth[index_of(name)];
        for there in ["Dog", "Bark", "Animal", "Domestic animals, pets"] {
            assert_eq!(of(there), Some(true), "{there}");
        }
        // The teacher is not believed where the set is sure.
        for absent in ["Rain", "Music", "Speech", "Cat", "Siren"] {
            assert_eq!(of(absent), Some(false), "{absent}");
        }
        for open in [
            "Yip",
            "Growling",
            "Wind",
            "Thump, thud",
            "Outside, rural or natural",
        ] {
            assert_eq!(of(open), None, "{open}");
        }
        assert_eq!(
            Judge::new().right(&set, 0),
            indices(&["Dog", "Bark", "Yip"])
        );
    }

    #[test]
    fn streets_hold_more_than_their_class() {
        let classes = vec![indices(&["Jackhammer"]), indices(&["Siren"])];
        let set = Set::made("UrbanSound8K", classes, &["a", "b"]);
        let truth = truths(&set, 0, &[("Siren", 0.5)]);
        assert_eq!(truth[index_of("Siren")], None);
        assert_eq!(truth[index_of("Dog")], Some(false));
        assert_eq!(truth[index_of("Jackhammer")], Some(true));
    }

    #[test]
    fn an_actor_speaks_and_is_a_man_or_a_woman() {
        let set = Set::made(
            "RAVDESS",
            Vec::new(),
            &["RAVDESS/Actor_03", "RAVDESS/Actor_04"],
        );
        for (clip, man) in [(0, true), (1, false)] {
            let truth = truths(&set, clip, &[("Speech synthesizer", 0.8)]);
            let of = |name: &str| truth[index_of(name)];
            assert_eq!(of("Speech"), Some(true));
            assert_eq!(of("Male speech, man speaking"), Some(man));
            assert_eq!(of("Female speech, woman speaking"), Some(!man));
            assert_eq!(of("Speech synthesizer"), Some(false));
            assert_eq!(of("Conversation"), None);
        }
        assert!(Judge::new().right(&set, 0).is_empty());
    }

    #[test]
    fn of_sounds_without_a_class_the_teacher_says_all() {
        let set = Set::made(SOUNDS, Vec::new(), &["a"]);
        let truth = truths(&set, 0, &[("Dog", 0.3), ("Cat", 0.1)]);
        let of = |name: &str| truth[index_of(name)];
        assert_eq!(
            (of("Dog"), of("Cat"), of("Rain")),
            (Some(true), None, Some(false))
        );
    }
}
