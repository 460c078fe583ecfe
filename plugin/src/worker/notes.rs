//! Labels as MIDI notes: a note-on when a label turns on, a note-off when it turns off.

use crate::settings::NoteSettings;
use crate::tap::{NOTE_DELAY_S, ScheduledNote};

use super::response::Change;

/// The notes that are on, and those that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Sample rate of the stream in Hz.
    rate: f64,
    /// Label, channel and key of each note that is on.
    sounding: Vec<(usize, u8, u8)>,
    /// Not yet sent to the audio thread.
    due: Vec<ScheduledNote>,
}

impl Notes {
    /// Adds the note for a label that changed in the column that ends at `at_frame` of the stream.
    pub(super) fn change(&mut self, change: Change, at_frame: u64, map: NoteSettings) {
        let at_frame = self.delayed(at_frame);
        match change.on {
            Some(probability) => {
                let Some((channel, key)) = map.note_of(change.label) else {
                    return;
                };
                self.sounding.push((change.label, channel, key));
                self.due.push(ScheduledNote {
                    at_frame,
                    channel,
                    key,
                    velocity: Some(probability.clamp(0.0, 1.0)),
                });
            }
            None => {
                let due = &mut self.due;
                self.sounding.retain(|&(label, channel, key)| {
                    let ends = label == change.label;
                    if ends {
                        due.push(end(channel, key, at_frame));
                    }
                    !ends
                });
            }
        }
    }

    /// Ends all notes: notes were turned off, or their labels are gone. Delayed like a change at `time_s` of the
    /// stream, so that no note ends before it begins.
    pub(super) fn all_off(&mut self, time_s: f64) {
        let at_frame = self.delayed((time_s * self.rate).round() as u64);
        let ends = |(_, channel, key)| end(channel, key, at_frame);
        self.due.extend(self.sounding.drain(..).map(ends));
    }

    /// Sends the waiting notes until `send` returns false; the rest keeps waiting.
    pub(super) fn deliver(&mut self, mut send: impl FnMut(ScheduledNote) -> bool) {
        let taken = self.due.iter().take_while(|note| send(**note)).count();
        self.due.drain(..taken);
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
        notes.change(ON, 1000, NoteSettings::default());
        let other = NoteSettings {
            first_note: 60,
            channel: 2,
        };
        notes.change(OFF, 9000, other);
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
            notes.change(on, 0, NoteSettings::default());
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
        notes.change(OFF, 100, NoteSettings::default());
        assert_eq!(delivered(&mut notes), []);
    }

    #[test]
    fn what_the_queue_does_not_take_waits_in_order() {
        let mut notes = notes();
        notes.change(ON, 0, NoteSettings::default());
        notes.change(OFF, 100, NoteSettings::default());
        let mut room = 1;
        notes.deliver(|_| {
            room -= 1;
            room >= 0
        });
        assert_eq!(delivered(&mut notes), [(5860, 38, false)]);
    }
}
