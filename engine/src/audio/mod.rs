//! Mixdown to one channel, and resampling to the rate of a model.

mod error;
mod mixdown;
mod resampler;
mod stereo;

pub use error::EngineError;
pub(crate) use mixdown::LOUDEST;
pub use mixdown::{mix_down, mix_frame};
pub use resampler::StreamResampler;
pub use stereo::{Span, StereoMixdown};

/// The lowest sample rate that is accepted, in Hz.
pub const MIN_SAMPLE_RATE: u32 = 8_000;
/// The highest sample rate that is accepted, in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;
