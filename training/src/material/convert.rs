//! Audio that our own decoders cannot read, by ffmpeg where there is one.

use std::ffi::OsStr;
use std::path::Path;

use hamiltone_decoding::is_audio_name;

use super::program::run;

/// Formats of ffmpeg's alone: Sun's, and the trackers' (songs as notes with their samples).
const OTHERS: [&str; 6] = ["au", "snd", "xm", "it", "s3m", "mod"];

/// Whether the name looks like audio that can be read, perhaps by ffmpeg.
pub(super) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    is_audio_name(path) || OTHERS.contains(&extension.to_lowercase().as_str())
}

/// Writes `from` as a WAV file of 32 kHz, its channels as they are.
pub(super) fn to_wav(from: &Path, to: &Path) -> anyhow::Result<()> {
    let (before, after) = (
        ["-nostdin", "-v", "error", "-y", "-i"].map(OsStr::new),
        [
            "-vn",
            "-ar",
            "32000",
            "-t",
            "1200",
            "-c:a",
            "pcm_s16le",
            "-f",
            "wav",
        ]
        .map(OsStr::new),
    );
    let arguments = [&before[..], &[from.as_os_str()], &after, &[to.as_os_str()]].concat();
    run(
        "ffmpeg",
        arguments,
        None,
        "without it opus and the trackers' formats are left out",
    )?;
    Ok(())
}
