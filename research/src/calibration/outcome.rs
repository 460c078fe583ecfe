//! The measured quality of a calibration.

use hamiltone_training::report::Spread;
use serde::Serialize;

use super::clips::SOUNDS;
use super::measure::{BINS, Bin, SHOWN};

/// A figure as the network is, and calibrated.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Both<T> {
    pub(super) before: T,
    pub(super) after: T,
}

/// A part that was measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) clips: usize,
    /// Calibration error of the labels that are shown.
    pub(super) error_shown: Both<f64>,
    /// Share of clips with a right specific label on; none without classes.
    pub(super) coverage: Option<Both<f64>>,
    /// Share of specific labels that are on and right.
    pub(super) precision: Option<Both<f64>>,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) clips: usize,
    pub(super) recordings: usize,
    pub(super) folds: usize,
    /// Over folds: calibration error of the five labels that are shown, and of everything that is known.
    pub(super) error_shown: Both<Spread>,
    pub(super) error_all: Both<Spread>,
    /// Over folds, on clips with classes.
    pub(super) coverage: Both<Spread>,
    pub(super) precision: Both<Spread>,
    /// Coverage where a common threshold or bias gives the stated precision; none where none does.
    pub(super) coverage_at_precision: Both<Option<f64>>,
    /// Reliability of what is shown, over all folds.
    pub(super) bins: Both<Vec<Bin>>,
    /// Set by set, calibrated by other recordings of all sets.
    pub(super) by_set: Vec<Part>,
    /// Set by set, calibrated by the other sets alone.
    pub(super) left_out: Vec<Part>,
    /// Labels by their examples: none, one to four, five to nineteen, more.
    pub(super) labels_by_examples: [usize; 4],
}

/// A figure of each side.
pub(super) fn both<S, T>(sides: &[S; 2], of: impl Fn(&S) -> T) -> Both<T> {
    Both {
        before: of(&sides[0]),
        after: of(&sides[1]),
    }
}

/// For a model's card: how it was learned, and how far it holds.
pub(super) fn protocol(outcome: &Outcome, sets: &[&str]) -> String {
    format!(
        "{} clips of {} recordings ({}); truth by class, of {SOUNDS} by mn04; labels with few examples \
         are close to what all share; error of the {SHOWN} labels shown {:.3} (sd {:.3}, {} folds by \
         recording, {BINS} bins; uncalibrated {:.3})",
        outcome.clips,
        outcome.recordings,
        sets.join(", "),
        outcome.error_shown.after.mean,
        outcome.error_shown.after.deviation.unwrap_or(0.0),
        outcome.folds,
        outcome.error_shown.before.mean,
    )
}
