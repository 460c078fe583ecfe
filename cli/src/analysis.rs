//! The timeline of one file.

use std::sync::Arc;

use anyhow::{Context, Result};
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{Tagger, Tags};
use hamiltone_engine::timeline::{Answer, EventSettings, Recorder, Timeline};
use hamiltone_exports::Format;

use crate::inputs::{Input, Inputs};
use crate::means::Means;
use crate::progress::Progress;
use crate::streaming;
use crate::write_tags::TagWriter;

/// The settings of a run of `hamiltone analyze`.
pub(crate) struct Analysis {
    pub(crate) formats: Vec<Format>,
    pub(crate) model: Arc<Model>,
    pub(crate) among: Among,
    pub(crate) window_s: f32,
    pub(crate) events: EventSettings,
    /// Thresholds of single labels, one entry per label; empty if there are none.
    pub(crate) thresholds: Vec<Option<f32>>,
    /// Writes tags into the inputs, if asked.
    pub(crate) tags: Option<TagWriter>,
    /// Whether up-to-date results are computed again.
    pub(crate) again: bool,
    pub(crate) fail_fast: bool,
    pub(crate) inputs: Inputs,
    pub(crate) progress: Progress,
}

impl Analysis {
    /// The timeline of a file, and the mean probabilities of all labels.
    ///
    /// # Errors
    /// If the file cannot be decoded.
    pub(crate) fn analyze(&self, input: &Input) -> Result<(Timeline, Means)> {
        let file = input.open()?;
        let sample_rate = file.sample_rate();
        let recorded_at = file.recorded_at().map(ToString::to_string);
        let name = input.path.to_string_lossy().into_owned();
        let model = &self.model;
        let mut tagger = Tagger::new(Arc::clone(model), sample_rate, self.window_s)
            .with_context(|| name.clone())?;
        tagger.choose_among(self.among.clone());
        let mut recorder = Recorder::new(model, self.window_s, self.events);
        let mut means = Means::new(model.card().labels.len());
        let mut record = |tags: &Tags<'_>| {
            recorder.push(&Tags {
                on_levels: tags.on_levels.with_thresholds(&self.thresholds),
                ..*tags
            });
            means.add(tags.probabilities);
        };
        let streamed = streaming::stream(input, file, &self.progress, |samples| {
            tagger.push(samples, &mut record);
        })?;
        tagger.finish(&mut record);
        let mut timeline = recorder.finish(&name, streamed.duration_s);
        timeline.sample_rate = sample_rate;
        timeline.channel = input.channel;
        timeline.recorded_at = recorded_at;
        timeline.warnings = streamed.warnings;
        timeline.no_events = self.among.unclear().map(str::to_owned);
        Ok((timeline, means))
    }

    /// The leading label of a file, by the means of its probabilities.
    pub(crate) fn leading(&self, means: &Means) -> Option<Answer> {
        let card = self.model.card();
        let tags = Tags {
            time_s: 0.0,
            probabilities: &means.values(),
            among: self.among.indices(),
            unclear: None,
            on_levels: self
                .among
                .on_levels(&self.model)
                .with_thresholds(&self.thresholds),
        };
        Answer::of(&card.labels, &card.parents, &tags, self.events.threshold)
    }
}
