//! The changes that people make to the settings, one variant for each.

use std::path::PathBuf;

use hamiltone_engine::model::ModelChoice;
use hamiltone_exports::{Format, Thresholds};

use super::presets::Preset;
use super::{LabelNote, NoteOrder, NoteSet, OscSettings, Settings};

/// A setting that acts outside of the plugin, and needs an agreement ([`crate::agreements`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// [`Settings::report_folder`].
    Reports,
    /// [`Settings::bounce_folder`].
    Timelines,
    /// [`Settings::model`].
    Model,
    /// [`Settings::compare`].
    ComparedModel,
    /// [`Settings::osc`].
    Osc,
}

/// One change of the settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Run this model.
    ChooseModel(ModelChoice),
    /// Run this model beside the first, on the same audio.
    Compare(ModelChoice),
    /// Run one model only.
    StopComparing,
    /// Exchange the first model and the one that it is compared with.
    SwapModels,
    /// Always show this label.
    Pin(String),
    /// Show this label when it is probable, as others.
    Unpin(String),
    /// Unpin all labels.
    UnpinAll,
    /// Never show this label.
    Hide(String),
    /// Hide no label by name; groups stay as they are.
    ShowHidden,
    /// Show or hide the labels of a group.
    ShowGroup {
        /// `music`, `voice`, `nature` or `things`.
        group: String,
        /// Whether they show.
        shown: bool,
    },
    /// Let only these labels or sets of labels compete; all of them for an empty list.
    ChooseAmong(Vec<String>),
    /// From which probability a label is on, 0.01 to 1; `None` for the level of the model.
    LabelThreshold {
        /// The label.
        label: String,
        /// Its threshold.
        threshold: Option<f32>,
    },
    /// Labels with thresholds of their own, in place of the present ones.
    Thresholds(Thresholds),
    /// What is special about the note of a label.
    LabelNote {
        /// The label.
        label: String,
        /// The change; the default for none.
        note: LabelNote,
    },
    /// Notes from a file, in place of what was special about labels. Thresholds of these labels are replaced too.
    NoteSet(NoteSet),
    /// Nothing is special about the notes of labels, and this is their order.
    NoteOrder(NoteOrder),
    /// Model, labels and thresholds of a preset.
    Preset {
        /// The preset.
        preset: &'static Preset,
        /// An installed model for its task, if any.
        special: Option<ModelChoice>,
    },
    /// The note of the first label, 0 to 127.
    FirstNote(u8),
    /// The MIDI channel of the first label, 1 to 16.
    NoteChannel(u8),
    /// Where OSC messages go.
    OscDestination {
        /// A numeric address.
        host: String,
        /// UDP port.
        port: u16,
    },
    /// Maximum OSC messages per second for each label, 1 to 100.
    OscRate(u16),
    /// Write timelines of renders and captures here.
    BounceFolder(PathBuf),
    /// No longer ask for what needs an agreement: the setting takes its default.
    Withdraw(Purpose),
    /// Write them in this format, or no longer. The last one stays.
    BounceFormat {
        /// The format.
        format: Format,
        /// Whether it is written.
        written: bool,
    },
}

impl Settings {
    /// Makes one change. Values out of range become the nearest valid one; everything else stays as it is, also what
    /// this program does not know.
    pub fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::ChooseModel(choice) => self.model = choice.into(),
            Edit::Compare(choice) => self.compare = Some(choice.into()),
            Edit::StopComparing => self.compare = None,
            Edit::SwapModels => {
                if let Some(compared) = &mut self.compare {
                    std::mem::swap(compared, &mut self.model);
                }
            }
            Edit::Pin(label) => add(&mut self.pinned, label),
            Edit::Unpin(label) => self.pinned.retain(|known| *known != label),
            Edit::UnpinAll => self.pinned.clear(),
            Edit::Hide(label) => {
                self.pinned.retain(|known| *known != label);
                add(&mut self.hidden, label);
            }
            Edit::ShowHidden => self.hidden.clear(),
            Edit::ShowGroup { group, shown: true } => {
                self.groups_hidden.retain(|known| *known != group);
            }
            Edit::ShowGroup { group, .. } => add(&mut self.groups_hidden, group),
            Edit::ChooseAmong(words) => self.among = words,
            Edit::LabelThreshold { label, threshold } => self.thresholds.set(&label, threshold),
            Edit::Thresholds(thresholds) => self.thresholds = thresholds,
            Edit::LabelNote { label, note } if note == LabelNote::default() => {
                self.notes.labels.remove(&label);
            }
            Edit::LabelNote { label, note } => {
                self.notes.labels.insert(label, note);
            }
            Edit::NoteSet(set) => self.take_notes(set),
            Edit::NoteOrder(order) => {
                self.notes.labels.clear();
                self.notes.order = order;
            }
            Edit::Preset { preset, special } => preset.apply(special, self),
            Edit::FirstNote(note) => self.notes.first_note = note.min(127),
            Edit::NoteChannel(channel) => self.notes.channel = channel.clamp(1, 16),
            Edit::OscDestination { host, port } => {
                (self.osc.host, self.osc.port) = (host, port);
            }
            Edit::OscRate(rate) => self.osc.updates_per_second = rate.clamp(1, 100),
            Edit::BounceFolder(folder) => self.bounce_folder = Some(folder),
            Edit::Withdraw(purpose) => self.withdraw(purpose),
            Edit::BounceFormat { format, written } => self.write_format(format, written),
        }
    }

    fn take_notes(&mut self, set: NoteSet) {
        for (label, _) in &set.notes {
            self.thresholds.set(label, set.thresholds.get(label));
        }
        self.notes.labels = set.notes.into_iter().collect();
    }

    fn withdraw(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Reports => self.report_folder = None,
            Purpose::Timelines => self.bounce_folder = None,
            Purpose::Model => *self.model = ModelChoice::default(),
            Purpose::ComparedModel => self.compare = None,
            Purpose::Osc => self.osc.host = OscSettings::default().host,
        }
    }

    fn write_format(&mut self, format: Format, written: bool) {
        let mut formats = self.bounce_formats();
        if written == formats.contains(&format) || (!written && formats.len() == 1) {
            return;
        }
        if written {
            formats.push(format);
        } else {
            formats.retain(|known| *known != format);
        }
        let known = Format::ALL.into_iter().filter(|f| formats.contains(f));
        let known = known.map(|format| format.name().to_owned());
        // Names of formats that a newer program knows stay.
        let is_unknown = |name: &String| name.parse::<Format>().is_err();
        let unknown = self.bounce_formats.iter().filter(|name| is_unknown(name));
        self.bounce_formats = known.chain(unknown.cloned()).collect();
    }
}

/// Adds `name` unless it is there.
fn add(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

#[cfg(test)]
mod tests;
