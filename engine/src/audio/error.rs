use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};

/// Why samples cannot be processed. (Models have their own error, [`ModelError`](crate::model::ModelError).)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The sample rate is outside the supported range.
    #[error(
        "sample rate {0} Hz is not supported: use a rate from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
    )]
    SampleRate(u32),
    /// The resampler refused its settings.
    #[error("cannot resample from {from} Hz to {to} Hz: {reason}")]
    Resampler {
        /// Rate of the incoming audio in Hz.
        from: u32,
        /// Rate of the model in Hz.
        to: u32,
        /// The resampler's reason.
        reason: String,
    },
}
