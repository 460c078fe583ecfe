//! Streams one file through a tagger.

use hamiltone_decoding::{AudioFile, DecodeError};
use hamiltone_engine::timeline::Warning;

use crate::inputs::Input;
use crate::progress::Progress;

/// A file with no sample above this is silent (-80 dB of full scale; the panel uses the same limit).
const SILENCE_PEAK: f32 = 1e-4;

/// What is known about a file at its end.
pub(crate) struct Streamed {
    pub(crate) duration_s: f64,
    pub(crate) warnings: Vec<Warning>,
}

/// Passes an open file to `push`, packet by packet: memory does not grow with its length. Prints its warnings.
///
/// # Errors
/// If the file cannot be decoded to its end.
pub(crate) fn stream(
    input: &Input,
    mut file: AudioFile,
    progress: &Progress,
    mut push: impl FnMut(&[f32]),
) -> Result<Streamed, DecodeError> {
    let rate = f64::from(file.sample_rate());
    progress.opened(file.expected_frames().map(|frames| frames as f64 / rate));
    let mut unreported_s = 0.0;
    let mut silent = true;
    while let Some(samples) = file.next_mono()? {
        push(samples);
        silent &= samples.iter().all(|sample| sample.abs() <= SILENCE_PEAK);
        unreported_s += samples.len() as f64 / rate;
        if unreported_s >= 1.0 {
            progress.processed(unreported_s);
            unreported_s = 0.0;
        }
    }
    progress.processed(unreported_s);
    let warnings = warnings(&file, silent);
    for warning in &warnings {
        let mut name = input.path.display().to_string();
        if let Some(channel) = input.channel {
            name = format!("{name}, channel {channel}");
        }
        progress.warn(&format!("{name}: {}", warning.message));
    }
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
