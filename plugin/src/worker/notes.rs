//! Labels as MIDI notes: a note-on when a label turns on, a note-off when it turns off.

use std::time::Instant;

use crate::settings::NoteMap;
use crate::snapshot::SentNote;
use crate::tap::{NOTE_DELAY_S, ScheduledNote};

use super::response::Change;

/// The notes that are on, and those that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Sample rate of the stream in Hz.
    rate: f64,
    /// Label, channel and key of each note that is on.
    sounding: Vec<(usize, u8, u8)>,
    /// Notes that were not yet sent to the audio thread, with their labels.
    due: Vec<(ScheduledNote, usize)>,
    /// The last note-on: its label, channel and key, and when it was sent.
    sent: Option<(usize, u8, u8, Instant)>,
}

impl Notes {
    /// Adds the note for a label that changed in the column that ends at `at_frame` of the stream. A note that several
    /// labels share ends with the last of them.
    pub(super) fn change(&mut self, change: Change, at_frame: u64, map: &NoteMap) {
        let at_frame = self.delayed(at_frame);
        let Change { label, on } = change;
        match on {
            Some(probability) => {
                let Some(note) = map.get(label).filter(|note| note.on) else {
                    return;
                };
                self.sounding.push((label, note.channel, note.key));
                let begin = ScheduledNote {
                    at_frame,
                    channel: note.channel,
                    key: note.key,
                    velocity: Some(note.velocity.of(probability)),
                };
                self.due.push((begin, label));
            }
            None => {
                let sounds = |&(sounding, ..): &(usize, u8, u8)| sounding == label;
                let Some(index) = self.sounding.iter().position(sounds) else {
                    return;
                };
                let (_, channel, key) = self.sounding.remove(index);
                let shares = |&(_, c, k): &(usize, u8, u8)| (c, k) == (channel, key);
                if !self.sounding.iter().any(shares) {
                    self.due.push((end(channel, key, at_frame), label));
                }
            }
        }
    }

    /// Ends all notes: notes were turned off, or their labels are gone. Delayed like a change at `time_s` of the
    /// stream, so that no note ends before it begins.
    pub(super) fn all_off(&mut self, time_s: f64) {
        let at_frame = self.delayed((time_s * self.rate).round() as u64);
        while let Some((label, channel, key)) = self.sounding.first().copied() {
            self.sounding.retain(|&(_, c, k)| (c, k) != (channel, key));
            self.due.push((end(channel, key, at_frame), label));
        }
    }

    /// Sends the waiting notes until `send` returns false; the rest keeps waiting.
    pub(super) fn deliver(&mut self, mut send: impl FnMut(ScheduledNote) -> bool) {
        let taken = self.due.iter().take_while(|(note, _)| send(*note)).count();
        for (note, label) in self.due.drain(..taken) {
            if note.velocity.is_some() {
                self.sent = Some((label, note.channel, note.key, Instant::now()));
            }
        }
    }

    /// The note-on that was sent last in this stream.
    pub(super) fn sent(&self) -> Option<SentNote> {
        let (label, channel, key, at) = self.sent?;
        Some(SentNote {
            label,
            note: (channel, key),
            s_ago: at.elapsed().as_secs_f64(),
        })
    }

    /// Resets for a new stream at `rate` Hz, in which no notes are on.
    pub(super) fn begin_stream(&mut self, rate: f64) {
        *self = Self {
            rate,
            ..Self::default()
        };
    }

    /// The frame of the note for a change in the column that ends at `frame`.
    fn delayed(&self, frame: u64) -> u64 {
        frame + (NOTE_DELAY_S * self.rate) as u64
    }
}

fn end(channel: u8, key: u8, at_frame: u64) -> ScheduledNote {
    ScheduledNote {
        at_frame,
        channel,
        key,
        velocity: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::settings::{LabelNote, NoteSettings, Velocity};

    /// Notes of three labels, from C1 on.
    fn map_of(settings: &NoteSettings) -> NoteMap {
        let labels = ["a", "b", "c"].map(str::to_owned);
        NoteMap::new(settings, &labels, &[])
    }

    fn map() -> NoteMap {
        map_of(&NoteSettings::default())
    }

    fn notes() -> Notes {
        let mut notes = Notes::default();
        notes.begin_stream(48_000.0);
        notes
    }

    fn delivered(notes: &mut Notes) -> Vec<(u64, u8, bool)> {
        let mut list = Vec::new();
        notes.deliver(|note| {
            list.push((note.at_frame, note.key, note.velocity.is_some()));
            true
        });
        list
    }

    const ON: Change = Change {
        label: 2,
        on: Some(0.8),
    };
    const OFF: Change = Change { label: 2, on: None };

    #[test]
    fn a_note_ends_as_it_began_even_if_the_map_changed_meanwhile() {
        let mut notes = notes();
        notes.change(ON, 1000, &map());
        let other = NoteSettings {
            first_note: 60,
            channel: 2,
            ..NoteSettings::default()
        };
        notes.change(OFF, 9000, &map_of(&other));
        let delay = 5760;
        assert_eq!(
            delivered(&mut notes),
            [(1000 + delay, 38, true), (9000 + delay, 38, false)]
        );
        assert_eq!(delivered(&mut notes), []);
    }

    #[test]
    fn nothing_hangs_when_notes_are_switched_off() {
        let mut notes = notes();
        for label in 0..3 {
            let on = Change {
                label,
                on: Some(0.9),
            };
            notes.change(on, 0, &map());
        }
        // The last change may still be on its way.
        assert!(
            delivered(&mut notes)
                .iter()
                .all(|&(at, _, on)| on && at == 5760)
        );
        notes.all_off(77.0 / 48_000.0);
        assert_eq!(
            delivered(&mut notes),
            [(5837, 36, false), (5837, 37, false), (5837, 38, false)]
        );
        notes.change(OFF, 100, &map());
        assert_eq!(delivered(&mut notes), []);
    }

    #[test]
    fn what_the_queue_does_not_take_waits_in_order() {
        let mut notes = notes();
        notes.change(ON, 0, &map());
        notes.change(OFF, 100, &map());
        let mut room = 1;
        notes.deliver(|_| {
            room -= 1;
            room >= 0
        });
        assert_eq!(delivered(&mut notes), [(5860, 38, false)]);
    }

    #[test]
    fn a_note_that_labels_share_ends_with_the_last_of_them() {
        let mut settings = NoteSettings::default();
        for label in ["a", "b"] {
            let note = LabelNote {
                note: Some(60),
                ..LabelNote::default()
            };
            settings.labels.insert(label.to_owned(), note);
        }
        let (map, mut notes) = (map_of(&settings), notes());
        let change = |label, on| Change { label, on };
        for (label, on) in [(0, Some(0.5)), (1, Some(0.9)), (0, None)] {
            notes.change(change(label, on), 0, &map);
        }
        assert_eq!(delivered(&mut notes), [(5760, 60, true), (5760, 60, true)]);
        notes.change(change(1, None), 100, &map);
        assert_eq!(delivered(&mut notes), [(5860, 60, false)]);
        for label in [0, 1] {
            notes.change(change(label, Some(0.9)), 200, &map);
        }
        notes.all_off(1.0);
        assert_eq!(
            delivered(&mut notes).iter().filter(|(.., on)| !on).count(),
            1
        );
    }

    #[test]
    fn a_label_that_is_switched_off_sends_nothing_and_the_last_note_is_known() {
        let mut settings = NoteSettings::default();
        let off = LabelNote {
            on: false,
            ..LabelNote::default()
        };
        settings.labels.insert("c".to_owned(), off);
        let mut notes = notes();
        notes.change(ON, 0, &map_of(&settings));
        notes.change(OFF, 100, &map_of(&settings));
        assert_eq!(delivered(&mut notes), []);
        assert_eq!(notes.sent(), None);
        let fixed = LabelNote {
            velocity: Velocity::Fixed,
            ..LabelNote::default()
        };
        settings.labels.insert("c".to_owned(), fixed);
        notes.change(ON, 200, &map_of(&settings));
        let mut velocities = Vec::new();
        notes.deliver(|note| {
            velocities.push(note.velocity);
            true
        });
        assert_eq!(velocities, [Some(100.0 / 127.0)]);
        let sent = notes.sent().unwrap();
        assert_eq!((sent.label, sent.note), (2, (0, 38)));
    }
}
