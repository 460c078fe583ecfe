use std::ops::ControlFlow;
use std::path::Path;

use hamiltone_decoding::AudioFile;
use hamiltone_engine::timeline::Warning;

use crate::error::AnalysisError;

/// A file with no sample above this is silent (-80 dB of full scale; the panel uses the same limit).
const SILENCE_PEAK: f32 = 1e-4;

/// Seconds of audio from which a small file is worth a warning.
const LONG_S: f64 = 2.0 * 3600.0;

/// Fewer bytes for a second of audio are a warning: speech at the lowest rates of Opus takes 750.
const FEWEST_BYTES_A_SECOND: f64 = 100.0;

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
    /// Something is odd while the file is read; reading goes on.
    fn warned(&mut self, _message: &str) {}
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
    path: &Path,
    mut file: AudioFile,
    observer: &mut dyn Observer,
    mut push: impl FnMut(&[f32]),
) -> Result<Streamed, AnalysisError> {
    let rate = f64::from(file.sample_rate());
    observer.opened(file.expected_frames().map(|frames| frames as f64 / rate));
    let mut unreported_s = 0.0;
    let mut silent = true;
    let mut length = Length::of(path);
    while let Some(samples) = file.next_mono()? {
        push(samples);
        silent &= samples.iter().all(|sample| sample.abs() <= SILENCE_PEAK);
        unreported_s += samples.len() as f64 / rate;
        if length.is_odd(file.frames_so_far() as f64 / rate) {
            observer.warned(&length.message());
        }
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

/// Notices a small file that decodes to hours of audio: a few bytes a second are hardly a recording.
struct Length {
    bytes: u64,
    told: bool,
}

impl Length {
    fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path);
        Self {
            // A pipe has no length.
            bytes: metadata.map_or(u64::MAX, |m| if m.is_file() { m.len() } else { u64::MAX }),
            told: false,
        }
    }

    /// Whether the file has just turned out to be one, after so many seconds of audio.
    fn is_odd(&mut self, seconds: f64) -> bool {
        let is_odd = seconds > LONG_S && (self.bytes as f64) < seconds * FEWEST_BYTES_A_SECOND;
        is_odd && !std::mem::replace(&mut self.told, true)
    }

    fn message(&self) -> String {
        format!(
            "a file of only {:.0} kB with more than {:.0} hours of audio; it goes on. Stop the command if this is not \
             meant",
            self.bytes as f64 / 1e3,
            LONG_S / 3600.0
        )
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_with_hours_of_audio_is_told_once() {
        let mut tiny = Length {
            bytes: 20_000,
            told: false,
        };
        assert!(!tiny.is_odd(3_600.0));
        assert!(tiny.is_odd(7_201.0) && !tiny.is_odd(8_000.0));
        assert!(
            tiny.message()
                .starts_with("a file of only 20 kB with more than 2 hours")
        );
        // Three hours of speech at 6 kbit/s.
        let mut speech = Length {
            bytes: 8_000_000,
            told: false,
        };
        assert!(!speech.is_odd(10_800.0));
    }
}
