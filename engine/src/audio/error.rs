use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};

/// What can go wrong between samples and tags. (Models have their own: [`crate::model::ModelError`].)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The host or the file runs at a rate outside the supported range.
    #[error(
        "sample rate {0} Hz is not supported: use a rate from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
    )]
    SampleRate(u32),
    /// The resampler refused its settings.
    #[error("no resampler from {from} Hz to {to} Hz: {reason}")]
    Resampler {
        /// Rate of the incoming audio in Hz.
        from: u32,
        /// Rate the model wants in Hz.
        to: u32,
        /// What the resampler said.
        reason: String,
    },
}
