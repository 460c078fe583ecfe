use std::sync::Arc;

use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{Tagger, Tags};
use hamiltone_engine::timeline::{Answer, EventSettings, Recorder, Timeline};

use crate::error::AnalysisError;
use crate::means::Means;
use crate::source::Source;
use crate::streaming::{Observer, stream};

/// What a timeline depends on besides the audio.
#[derive(Clone)]
pub struct Analysis {
    /// The model.
    pub model: Arc<Model>,
    /// The labels that compete.
    pub among: Among,
    /// The window behind each column of tags, in seconds (0.5 to 10).
    pub window_s: f32,
    /// When a label is an event.
    pub events: EventSettings,
    /// Thresholds of single labels, one entry per label; empty if there are none.
    pub thresholds: Vec<Option<f32>>,
}

impl Analysis {
    /// With the defaults of a model.
    pub fn of(model: Arc<Model>) -> Self {
        Self {
            among: Among::default(),
            window_s: model.card().default_window_s,
            events: EventSettings::of(model.card()),
            thresholds: Vec::new(),
            model,
        }
    }

    /// The timeline of a file, and the mean probabilities of all labels. Blocks; memory grows only with the columns of the
    /// timeline.
    ///
    /// # Errors
    /// If the file cannot be decoded.
    pub fn analyze(
        &self,
        source: &Source,
        observer: &mut dyn Observer,
    ) -> Result<(Timeline, Means), AnalysisError> {
        let file = source.open()?;
        let sample_rate = file.sample_rate();
        let recorded_at = file.recorded_at().map(ToString::to_string);
        let name = source.name();
        let model = &self.model;
        let mut tagger = Tagger::new(Arc::clone(model), sample_rate, self.window_s)
            .map_err(|error| error_of(&name, error))?;
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
        let streamed = stream(&source.path, file, observer, |samples| {
            tagger.push(samples, &mut record)
        })?;
        tagger.finish(&mut record);
        let mut timeline = recorder.finish(&name, streamed.duration_s);
        timeline.sample_rate = sample_rate;
        timeline.channel = source.channel;
        timeline.recorded_at = recorded_at;
        timeline.warnings = streamed.warnings;
        timeline.no_events = self.among.unclear(model).map(str::to_owned);
        Ok((timeline, means))
    }

    /// The leading label of a file, by the means of its probabilities.
    pub fn leading(&self, means: &Means) -> Option<Answer> {
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

pub(crate) fn error_of(file: &str, source: hamiltone_engine::EngineError) -> AnalysisError {
    AnalysisError::File {
        file: file.to_owned(),
        source,
    }
}
