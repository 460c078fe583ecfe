use std::ops::ControlFlow;

use hamiltone_decoding::AudioFile;
use hamiltone_engine::timeline::Warning;

use crate::error::AnalysisError;

/// A file with no sample above this is silent (-80 dB of full scale; the panel uses the same limit).
const SILENCE_PEAK: f32 = 1e-4;

/// What follows the reading of a file, for a progress bar and for messages. `()` ignores all.
pub trait Observer {
    /// A file was opened that states this length in seconds, if it states one.
    fn opened(&mut self, _expected_s: Option<f64>) {}
    /// About a second of audio more was processed. `Break` stops the reading.
    fn processed(&mut self, _seconds: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    /// The file was read to its end, with these warnings.
    fn ended(&mut self, _warnings: &[Warning]) {}
}

impl Observer for () {}

/// What is known about a file at its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Streamed {
    /// Length in seconds.
    pub duration_s: f64,
    /// Problems of the file.
    pub warnings: Vec<Warning>,
}

/// Passes an open file to `push`, packet by packet: memory does not grow with its length.
///
/// # Errors
/// If the file cannot be decoded to its end, or the observer stopped it.
pub(crate) fn stream(
    mut file: AudioFile,
    observer: &mut dyn Observer,
    mut push: impl FnMut(&[f32]),
) -> Result<Streamed, AnalysisError> {
    let rate = f64::from(file.sample_rate());
    observer.opened(file.expected_frames().map(|frames| frames as f64 / rate));
    let mut unreported_s = 0.0;
    let mut silent = true;
    while let Some(samples) = file.next_mono()? {
        push(samples);
        silent &= samples.iter().all(|sample| sample.abs() <= SILENCE_PEAK);
        unreported_s += samples.len() as f64 / rate;
        if unreported_s >= 1.0 {
            if observer.processed(unreported_s).is_break() {
                return Err(AnalysisError::Stopped);
            }
            unreported_s = 0.0;
        }
    }
    if observer.processed(unreported_s).is_break() {
        return Err(AnalysisError::Stopped);
    }
    let warnings = warnings(&file, silent);
    observer.ended(&warnings);
    Ok(Streamed {
        duration_s: file.frames_so_far() as f64 / rate,
        warnings,
    })
}

fn warnings(file: &AudioFile, silent: bool) -> Vec<Warning> {
    let decoding = file.warnings();
    let mut warnings: Vec<Warning> = decoding
        .iter()
        .map(|warning| Warning {
            code: warning.code().to_owned(),
            message: warning.to_string(),
        })
        .collect();
    if silent {
        warnings.push(Warning {
            code: "silent".to_owned(),
            message: "the file is silent; its labels mean nothing".to_owned(),
        });
    }
    warnings
}
