use hamiltone_decoding::DecodeError;
use hamiltone_engine::EngineError;

/// Why a sound cannot be analysed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// The file cannot be read. The message names it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The engine does not accept the samples of this file.
    #[error("{file}: {source}")]
    File {
        /// The path.
        file: String,
        /// The reason.
        source: EngineError,
    },
    /// The engine does not accept these samples.
    #[error(transparent)]
    Samples(#[from] EngineError),
    /// The observer stopped it.
    #[error("stopped")]
    Stopped,
}
