//! One file, streamed through whatever hears it.

use hamiltone_decoding::{AudioFile, DecodeError};

use crate::inputs::Input;
use crate::progress::Progress;

/// Where no sample is louder, nothing is heard: the panel's limit too (-80 dB of full scale).
const SILENCE_PEAK: f32 = 1e-4;

/// Streams an opened file into `hear`, packet by packet, so that memory does not grow with its
/// length. Gives its length in seconds; tells what was damaged, and where there is no sound.
pub(crate) fn listen(
    input: &Input,
    mut file: AudioFile,
    progress: &Progress,
    mut hear: impl FnMut(&[f32]),
) -> Result<f64, DecodeError> {
    let rate = f64::from(file.sample_rate());
    progress.opened(file.expected_frames().map(|frames| frames as f64 / rate));
    let mut untold = 0.0;
    let mut silent = true;
    while let Some(samples) = file.next_mono()? {
        hear(samples);
        silent &= samples.iter().all(|sample| sample.abs() <= SILENCE_PEAK);
        untold += samples.len() as f64 / rate;
        if untold >= 1.0 {
            progress.heard(untold);
            untold = 0.0;
        }
    }
    progress.heard(untold);
    let duration_s = file.frames_so_far() as f64 / rate;
    let path = input.path.display();
    for warning in file.warnings() {
        progress.warn(&format!("{path}: {warning}"));
    }
    if silent {
        progress.warn(&format!("{path}: only silence; its labels mean nothing"));
    }
    Ok(duration_s)
}
