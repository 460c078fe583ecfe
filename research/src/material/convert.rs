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

/// Writes `from` as a WAV file of 32 kHz, its channels as they are, up to so many seconds if there is a limit.
pub(crate) fn to_wav(from: &Path, to: &Path, longest_s: Option<u32>) -> anyhow::Result<()> {
    let before = ["-nostdin", "-v", "error", "-y", "-i"].map(OsStr::new);
    let after = ["-vn", "-ar", "32000", "-c:a", "pcm_s16le", "-f", "wav"].map(OsStr::new);
    let limit = longest_s.map(|seconds| seconds.to_string());
    let limit = limit.iter().flat_map(|seconds| ["-t", seconds]);
    let limit: Vec<&OsStr> = limit.map(OsStr::new).collect();
    let (from, to) = ([from.as_os_str()], [to.as_os_str()]);
    let arguments = [&before[..], &from, &limit, &after, &to].concat();
    run(
        "ffmpeg",
        arguments,
        None,
        "without it opus and the trackers' formats are left out",
    )?;
    Ok(())
}
