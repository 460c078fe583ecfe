//! Samples to quaternion frames: (S, ΔS, ΔΔS, ΔΔΔS) of the log-mel spectrogram.

mod deltas;
mod front_end;
mod level;
mod log_mel;
mod settings;

pub use deltas::{COMPONENTS, DELTA_LATENCY_FRAMES};
pub use front_end::{FrontEnd, clip_frames, quaternion_frames};
pub use level::LevelSettings;
pub use log_mel::LogMel;
pub use settings::{Components, FeatureSettings};
