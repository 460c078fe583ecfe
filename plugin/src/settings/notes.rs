//! How labels map to MIDI notes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How labels map to MIDI notes. The first label of the [`order`](Self::order) is `first_note` on `channel`, the next
/// label the next note, and after note 127 follows note 0 of the next channel. Labels in `labels` differ from that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoteSettings {
    /// 0 to 127. 36 is C1 (60 is C3), usually the first pad of a drum machine.
    pub first_note: u8,
    /// 1 to 16.
    pub channel: u8,
    /// Which label is the first.
    #[serde(
        default = "NoteOrder::of_version_0_1_0",
        skip_serializing_if = "NoteOrder::is_of_version_0_1_0"
    )]
    pub order: NoteOrder,
    /// Labels that the user changed, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, LabelNote>,
}

impl Default for NoteSettings {
    fn default() -> Self {
        Self {
            first_note: 36,
            channel: 1,
            order: NoteOrder::Likely,
            labels: BTreeMap::new(),
        }
    }
}

/// The order in which labels get their notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteOrder {
    /// The labels with the most recorded examples first ([`ModelFacts::likely`](crate::snapshot::ModelFacts::likely)).
    Likely,
    /// The order of the model. Sessions of version 0.1.0 have it, so that their notes stay.
    #[serde(other)]
    Model,
}

impl NoteOrder {
    fn of_version_0_1_0() -> Self {
        Self::Model
    }

    fn is_of_version_0_1_0(&self) -> bool {
        *self == Self::Model
    }
}

/// What the user changed about the note of one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelNote {
    /// 0 to 127; `None` for the note by the order.
    pub note: Option<u8>,
    /// 1 to 16; `None` for the channel by the order, or the first one if `note` is set.
    pub channel: Option<u8>,
    /// How the probability becomes the velocity.
    pub velocity: Velocity,
    /// Whether the label sends its note.
    pub on: bool,
}

impl Default for LabelNote {
    fn default() -> Self {
        Self {
            note: None,
            channel: None,
            velocity: Velocity::default(),
            on: true,
        }
    }
}

/// How a probability becomes a velocity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Velocity {
    /// The square root: quiet sounds come out louder.
    Soft,
    /// The square.
    Hard,
    /// Always 100 of 127.
    Fixed,
    /// The probability itself.
    #[default]
    #[serde(other)]
    Linear,
}

impl Velocity {
    /// Every curve, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Soft, Self::Hard, Self::Fixed];

    /// The name in the menu and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Fixed => "fixed",
        }
    }

    /// The velocity (0 to 1) of a probability, which is limited to 0 to 1. Does not allocate.
    pub fn of(self, probability: f32) -> f32 {
        let probability = probability.clamp(0.0, 1.0);
        match self {
            Self::Linear => probability,
            Self::Soft => probability.sqrt(),
            Self::Hard => probability * probability,
            Self::Fixed => 100.0 / 127.0,
        }
    }
}

/// A label's note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// 0 to 15.
    pub channel: u8,
    /// 0 to 127.
    pub key: u8,
    /// How the probability becomes the velocity.
    pub velocity: Velocity,
    /// Whether it is sent.
    pub on: bool,
}

/// The note of each label of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteMap(Vec<Option<Note>>);

impl NoteMap {
    /// For a model's labels; `likely` are their indices in the order of [`NoteOrder::Likely`]. Allocates.
    pub fn new(settings: &NoteSettings, labels: &[String], likely: &[usize]) -> Self {
        let mut ranks: Vec<usize> = (0..labels.len()).collect();
        if settings.order == NoteOrder::Likely {
            for (rank, &label) in likely.iter().enumerate() {
                if let Some(known) = ranks.get_mut(label) {
                    *known = rank;
                }
            }
        }
        let note =
            |(label, rank): (&String, usize)| settings.note_of(rank, settings.labels.get(label));
        Self(labels.iter().zip(ranks).map(note).collect())
    }

    /// The note of a label; `None` beyond the last channel and for an index out of range.
    pub fn get(&self, label: usize) -> Option<Note> {
        self.0.get(label).copied().flatten()
    }
}

impl NoteSettings {
    /// The note of the label at `rank` of the order, as the user changed it.
    fn note_of(&self, rank: usize, changed: Option<&LabelNote>) -> Option<Note> {
        let offset = usize::from(self.first_note.min(127)) + rank;
        let channel = usize::from(self.channel.clamp(1, 16)) - 1;
        let usual = channel + offset / 128;
        let own = changed.cloned().unwrap_or_default();
        let key = own.note.map_or((offset % 128) as u8, |note| note.min(127));
        let channel = match (own.channel, own.note) {
            (Some(own), _) => usize::from(own.clamp(1, 16)) - 1,
            (None, Some(_)) => channel,
            (None, None) => usual,
        };
        (channel < 16).then_some(Note {
            channel: channel as u8,
            key,
            velocity: own.velocity,
            on: own.on,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("label {index}")).collect()
    }

    fn at(map: &NoteMap, label: usize) -> Option<(u8, u8)> {
        map.get(label).map(|note| (note.channel, note.key))
    }

    #[test]
    fn every_label_has_a_note_of_its_own_until_the_channels_are_full() {
        let map = NoteMap::new(&NoteSettings::default(), &labels(16 * 128), &[]);
        assert_eq!(at(&map, 0), Some((0, 36)));
        assert_eq!(at(&map, 91), Some((0, 127)));
        assert_eq!(at(&map, 92), Some((1, 0)));
        let distinct: std::collections::HashSet<_> = (0..527).map(|i| at(&map, i)).collect();
        assert_eq!(distinct.len(), 527);
        assert_eq!(at(&map, 16 * 128 - 1), None);
        let odd = NoteSettings {
            first_note: 255,
            channel: 0,
            ..NoteSettings::default()
        };
        assert_eq!(at(&NoteMap::new(&odd, &labels(1), &[]), 0), Some((0, 127)));
    }

    #[test]
    fn likely_labels_come_first_in_new_sessions_and_old_sessions_keep_their_notes() {
        let likely = [2, 0, 1];
        let of = |settings: &str| {
            let settings: NoteSettings = serde_json::from_str(settings).unwrap();
            let map = NoteMap::new(&settings, &labels(3), &likely);
            [0, 1, 2].map(|label| at(&map, label).unwrap().1)
        };
        assert_eq!(of(r#"{"first_note":48,"channel":10}"#), [48, 49, 50]);
        assert_eq!(
            of(r#"{"first_note":48,"channel":10,"order":"likely"}"#),
            [49, 50, 48]
        );
        assert_eq!(of(r#"{"order":"of a newer program"}"#), [36, 37, 38]);
        let map = NoteMap::new(&NoteSettings::default(), &labels(3), &likely);
        assert_eq!(at(&map, 2), Some((0, 36)));
    }

    #[test]
    fn a_label_that_was_changed_differs_and_the_others_stay() {
        let mut settings = NoteSettings::default();
        let own = |note, channel| LabelNote {
            note,
            channel,
            ..LabelNote::default()
        };
        settings
            .labels
            .insert("label 1".into(), own(Some(60), Some(10)));
        settings
            .labels
            .insert("label 99".into(), own(Some(200), None));
        settings
            .labels
            .insert("label 100".into(), own(None, Some(99)));
        let map = NoteMap::new(&settings, &labels(101), &[]);
        assert_eq!(at(&map, 0), Some((0, 36)));
        assert_eq!(at(&map, 1), Some((9, 60)));
        assert_eq!(at(&map, 2), Some((0, 38)));
        assert_eq!(
            at(&map, 99),
            Some((0, 127)),
            "its note is on the first channel"
        );
        assert_eq!(at(&map, 100), Some((15, 8)));
    }

    #[test]
    fn curves_bend_the_velocity() {
        let of = |probability| Velocity::ALL.map(|curve| curve.of(probability));
        assert_eq!(of(0.25), [0.25, 0.5, 0.0625, 100.0 / 127.0]);
        assert_eq!(of(7.0)[..3], [1.0; 3]);
        for curve in Velocity::ALL {
            let written = serde_json::to_string(&curve).unwrap();
            assert_eq!(written, format!("{:?}", curve.name()));
            assert_eq!(serde_json::from_str::<Velocity>(&written).unwrap(), curve);
        }
    }
}
