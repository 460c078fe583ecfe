//! Streams one file through a tagger.

use hamiltone_decoding::{AudioFile, DecodeError};
use hamiltone_engine::timeline::Warning;

use crate::inputs::Input;
use crate::progress::Progress;

/// A file with no sample above this is silent (-80 dB of full scale; the panel uses the same limit).
const SILENCE_PEAK: f32 = 1e-4;

/// Seconds of audio from which a small file is worth a warning.
const LONG_S: f64 = 2.0 * 3600.0;

/// Fewer bytes for a second of audio are a warning: speech at the lowest rates of Opus takes 750.
const FEWEST_BYTES_A_SECOND: f64 = 100.0;

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
    let mut length = Length::of(input);
    while let Some(samples) = file.next_mono()? {
        push(samples);
        silent &= samples.iter().all(|sample| sample.abs() <= SILENCE_PEAK);
        unreported_s += samples.len() as f64 / rate;
        if length.is_odd(file.frames_so_far() as f64 / rate) {
            let name = input.path.display();
            progress.warn(&format!("{name}: {}", length.message()));
        }
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

/// Notices a small file that decodes to hours of audio: a few bytes a second are hardly a recording.
struct Length {
    bytes: u64,
    told: bool,
}

impl Length {
    fn of(input: &Input) -> Self {
        let metadata = std::fs::metadata(&input.path);
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
