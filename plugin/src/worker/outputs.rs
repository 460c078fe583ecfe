//! Passes the tags of a stream to all outputs: panel, notes, OSC, report, timelines.

use std::sync::Arc;
use std::time::Instant;

use hamiltone_engine::model::{Model, OnLevels};
use hamiltone_engine::tagging::{Lineup, Tags};
use parking_lot::Mutex;

use super::bounce::Bounces;
use super::clock::ColumnTime;
use super::label_settings::LabelSettings;
use super::notes::Notes;
use super::osc::Osc;
use super::reports::Reports;
use super::response::{Response, ResponseSettings};
use super::spectrum::Spectrum;
use super::stream::{GapReason, StreamSink};
use crate::history::History;
use crate::params::HamiltoneParams;
use crate::settings::NoteMap;
use crate::snapshot::Sent;
use crate::tap::{ScheduledNote, Transport};

/// All outputs.
pub(super) struct Outputs {
    pub(super) newest: Newest,
    pub(super) response: Response,
    pub(super) compared: Response,
    pub(super) compared_refresh_s: f64,
    pub(super) compared_on_levels: Vec<f32>,
    pub(super) notes: Notes,
    pub(super) osc: Osc,
    /// When OSC messages were last sent, and how many in all.
    osc_sent: Option<(Instant, u64)>,
    pub(super) reports: Reports,
    pub(super) bounces: Bounces,
    pub(super) spectrum: Option<Spectrum>,
    history: Arc<Mutex<History>>,
}

/// The latest tags.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) time_s: f64,
    pub(super) host_s: Option<f64>,
    pub(super) probabilities: Vec<f32>,
    /// The threshold of each label before the parameter scales it; empty if all labels use the parameter.
    pub(super) on_levels: Vec<f32>,
    /// What to show where no label is on.
    pub(super) unclear: Option<String>,
    pub(super) unpublished: bool,
}

/// What is constant while a part of a stream is processed.
#[derive(Clone, Copy)]
pub(super) struct OutputContext<'a> {
    pub(super) model: &'a Model,
    pub(super) window_s: f32,
    pub(super) response: ResponseSettings,
    /// Thresholds of single labels of both models; empty for none.
    pub(super) thresholds: [&'a [Option<f32>]; 2],
    /// How labels map to notes; `None` while notes are off.
    pub(super) notes: Option<&'a NoteMap>,
}

impl OutputContext<'_> {
    /// From the current parameters and settings. Where a model chooses among labels (`choices`, for both models), its
    /// probabilities are relative to the chosen labels, and thresholds of single labels do not apply.
    pub(super) fn now<'a>(
        model: &'a Model,
        params: &HamiltoneParams,
        labels: &'a LabelSettings,
        choices: [bool; 2],
    ) -> OutputContext<'a> {
        let unless = |choice: bool, thresholds: &'a [Option<f32>]| match choice {
            true => &[][..],
            false => thresholds,
        };
        OutputContext {
            model,
            window_s: params.window_s(),
            response: ResponseSettings {
                attack_s: params.attack.value(),
                release_s: params.release.value(),
                threshold: params.threshold.value(),
            },
            thresholds: [
                unless(choices[0], &labels.thresholds),
                unless(choices[1], &labels.compared_thresholds),
            ],
            notes: params.wants_notes().then_some(&labels.notes),
        }
    }
}

impl Outputs {
    pub(super) fn new(history: Arc<Mutex<History>>) -> Self {
        Self {
            newest: Newest::default(),
            response: Response::default(),
            compared: Response::default(),
            compared_refresh_s: 0.0,
            compared_on_levels: Vec::new(),
            notes: Notes::default(),
            osc: Osc::default(),
            osc_sent: None,
            reports: Reports::default(),
            bounces: Bounces::default(),
            spectrum: None,
            history,
        }
    }

    /// Resets for a new stream at `rate` Hz.
    pub(super) fn begin_stream(&mut self, rate: f64) {
        self.reports.begin_stream();
        self.bounces.begin_stream(rate);
        self.notes.begin_stream(rate);
        self.forget_tags();
        self.compared.reset();
        self.spectrum = Spectrum::new(rate);
        self.history.lock().clear();
    }

    /// Forgets the tags: another model or stream follows.
    pub(super) fn forget_tags(&mut self) {
        self.newest = Newest::default();
        self.response.reset();
    }

    /// From `time_s` of the stream on, the audio is unrelated to what came before.
    fn forget_past(&mut self, time_s: f64) {
        self.notes.all_off(time_s);
        self.response.reset();
        self.compared.reset();
    }

    /// From `time_s` of the stream on, tags have another meaning: other labels, or others that compete. Ends the
    /// report, the timeline and all notes.
    pub(super) fn change_meaning(&mut self, time_s: f64) {
        self.reports.finish(time_s);
        self.bounces.end(time_s);
        self.notes.all_off(time_s);
        self.osc.forget();
        self.forget_tags();
    }

    /// What was sent to the host and to other programs.
    pub(super) fn sent(&self) -> Sent {
        let ago_s = |at: Instant| at.elapsed().as_secs_f64();
        Sent {
            note: self.notes.sent(),
            osc_s_ago: self.osc_sent.map(|(at, _)| ago_s(at)),
            messages: self.osc_sent.map_or(0, |(_, count)| count),
        }
    }

    /// The sink for a stream in this context.
    pub(super) fn in_context<'a>(&'a mut self, context: OutputContext<'a>) -> StreamOutputs<'a> {
        StreamOutputs {
            outputs: self,
            context,
        }
    }
}

/// The single result for OSC: the leading label and its probability. If the user chose labels and none is on, the text
/// for an unclear result with the probability of the best one.
fn top_of(labels: &[String], lineup: Lineup<'_>, unclear: Option<&str>) -> Option<(String, f32)> {
    let leader = lineup.leader()?;
    let unclear = unclear.filter(|_| !lineup.on.contains(&true));
    let label = unclear.or(labels.get(leader).map(String::as_str))?;
    Some((label.to_owned(), lineup.probabilities[leader]))
}

/// The outputs as the sink of a stream.
pub(super) struct StreamOutputs<'a> {
    outputs: &'a mut Outputs,
    context: OutputContext<'a>,
}

impl StreamSink for StreamOutputs<'_> {
    fn audio(&mut self, mono: &[f32], _time_s: f64) {
        if let Some(spectrum) = &mut self.outputs.spectrum {
            spectrum.push(mono, &mut self.outputs.history.lock());
        }
    }

    fn tags(&mut self, tags: &Tags<'_>, at: ColumnTime) {
        let probabilities = tags.probabilities;
        let OutputContext {
            model,
            window_s,
            response,
            thresholds: [thresholds, _],
            notes,
        } = self.context;
        let tags = &Tags {
            on_levels: tags.on_levels.with_thresholds(thresholds),
            ..*tags
        };
        let outputs = &mut *self.outputs;
        let newest = &mut outputs.newest;
        newest.time_s = at.time_s;
        newest.host_s = at.host_s;
        newest.probabilities.clear();
        newest.probabilities.extend_from_slice(probabilities);
        newest.on_levels.clear();
        newest
            .on_levels
            .extend_from_slice(tags.on_levels.as_slice());
        newest.unclear = tags.unclear.map(str::to_owned);
        newest.unpublished = true;
        let sounding = &mut outputs.notes;
        let refresh_s = at.refresh_s;
        outputs.response.follow(
            probabilities,
            tags.on_levels,
            refresh_s,
            response,
            |change| {
                if let Some(map) = notes {
                    sounding.change(change, at.frame, map);
                }
            },
        );
        let smoothed = outputs.response.smoothed();
        let card = model.card();
        let lineup = Lineup {
            probabilities: smoothed,
            on: outputs.response.on(),
            levels: tags.on_levels,
            parents: &card.parents,
        };
        let top = || top_of(&card.labels, lineup, tags.unclear);
        let sent = outputs.osc.send(&card.labels, smoothed, top, at.time_s);
        if sent > 0 {
            let before = outputs.osc_sent.map_or(0, |(_, count)| count);
            outputs.osc_sent = Some((Instant::now(), before + sent as u64));
        }
        outputs
            .history
            .lock()
            .push_tags(model.hash(), at.time_s, at.host_s, at.bars, smoothed);
        outputs.bounces.record(tags, at, model, window_s);
        let tags = Tags {
            time_s: at.time_s,
            ..*tags
        };
        outputs.reports.record(&tags, model, window_s);
    }

    fn compared(&mut self, tags: &Tags<'_>, refresh_s: f64) {
        let outputs = &mut *self.outputs;
        outputs.compared_refresh_s = refresh_s;
        outputs.compared_on_levels.clear();
        outputs
            .compared_on_levels
            .extend_from_slice(tags.on_levels.as_slice());
        let OutputContext {
            response,
            thresholds: [_, thresholds],
            ..
        } = self.context;
        let levels: OnLevels<'_> = tags.on_levels.with_thresholds(thresholds);
        outputs
            .compared
            .follow(tags.probabilities, levels, refresh_s, response, |_| ());
    }

    fn gap(&mut self, from_s: f64, to_s: f64, why: GapReason, breaks: bool) {
        self.outputs.bounces.gap(from_s, to_s, why, breaks);
        self.outputs.reports.gap(from_s, to_s, why, breaks);
        if breaks {
            self.outputs.forget_past(to_s);
        }
        if let Some(spectrum) = &mut self.outputs.spectrum {
            spectrum.reset(to_s);
        }
    }

    fn jumped(&mut self, time_s: f64, starts: bool, offline: bool) {
        let outputs = &mut *self.outputs;
        if starts && outputs.bounces.is_rendering() {
            // Some hosts idle in offline mode before they export: not part of the render.
            outputs.bounces.forget(time_s);
        }
        outputs.bounces.end(time_s);
        outputs.bounces.render(offline, time_s);
        outputs.forget_past(time_s);
        if let Some(spectrum) = &mut outputs.spectrum {
            spectrum.reset(time_s);
        }
    }

    fn moves(&mut self, transport: Transport, time_s: f64) {
        self.outputs.bounces.follow(transport, time_s);
    }

    fn renders(&mut self, rendering: bool, time_s: f64) {
        self.outputs.bounces.render(rendering, time_s);
    }

    fn is_capturing(&self) -> bool {
        self.outputs.bounces.is_capturing()
    }

    fn deliver(&mut self, send: &mut dyn FnMut(ScheduledNote) -> bool) {
        self.outputs.notes.deliver(send);
    }
}
