use std::sync::Arc;

use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{ClipClassifier, Lineup, Tags, on_now};
use hamiltone_engine::timeline::{Answer, EventSettings, Warning};

use crate::error::AnalysisError;
use crate::source::Source;
use crate::streaming::{Observer, stream};
use crate::timeline::error_of;

/// One answer for a whole clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// Length of the clip in seconds.
    pub duration_s: f64,
    /// The probability of each label of the model, 0 to 1; 0 for labels that do not compete.
    pub probabilities: Vec<f32>,
    /// Whether each label is on.
    pub on: Vec<bool>,
    /// Indices of the labels that compete, in the order of the panel.
    pub ranking: Vec<usize>,
    /// The leading label.
    pub leading: Option<Answer>,
    /// Problems of the file.
    pub warnings: Vec<Warning>,
}

/// Classifies a file. Blocks; memory does not grow with its length.
///
/// # Errors
/// If the file cannot be decoded.
pub fn classify_file(
    model: &Arc<Model>,
    among: &Among,
    source: &Source,
    observer: &mut dyn Observer,
) -> Result<Classification, AnalysisError> {
    let file = source.open()?;
    let mut classifier = ClipClassifier::new(Arc::clone(model), file.sample_rate())
        .map_err(|error| error_of(&source.name(), error))?;
    classifier.choose_among(among.clone());
    let streamed = stream(&source.path, file, observer, |samples| {
        classifier.push(samples)
    })?;
    let mut answer = answer(model, among, classifier, streamed.duration_s);
    answer.warnings = streamed.warnings;
    Ok(answer)
}

/// Classifies mono samples, −1 to 1, at `sample_rate` Hz.
///
/// # Errors
/// If the rate is not supported (8 000 to 768 000).
pub fn classify_samples(
    model: &Arc<Model>,
    among: &Among,
    mono: &[f32],
    sample_rate: u32,
) -> Result<Classification, AnalysisError> {
    let mut classifier = ClipClassifier::new(Arc::clone(model), sample_rate)?;
    classifier.choose_among(among.clone());
    classifier.push(mono);
    let duration_s = mono.len() as f64 / f64::from(sample_rate);
    Ok(answer(model, among, classifier, duration_s))
}

fn answer(
    model: &Model,
    among: &Among,
    classifier: ClipClassifier,
    duration_s: f64,
) -> Classification {
    let probabilities = classifier.finish();
    let (labels, parents) = (&model.card().labels, &model.card().parents);
    let tags = Tags {
        time_s: duration_s,
        probabilities: &probabilities,
        among: among.indices(),
        unclear: None,
        on_levels: among.on_levels(model),
    };
    let threshold = EventSettings::of(model.card()).threshold;
    let on = on_now(&probabilities, tags.on_levels, threshold);
    let lineup = Lineup {
        probabilities: &probabilities,
        on: &on,
        levels: tags.on_levels,
        parents,
    };
    let competes = |index: &usize| among.is_all() || among.indices().contains(index);
    let ranking = lineup.ranking().into_iter().filter(competes).collect();
    Classification {
        duration_s,
        leading: Answer::of(labels, parents, &tags, threshold),
        ranking,
        on,
        probabilities,
        warnings: Vec::new(),
    }
}
