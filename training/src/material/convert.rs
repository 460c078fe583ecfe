//! Audio that our own decoders cannot read, by ffmpeg where there is one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use hamiltone_decoding::is_audio_name;

/// Formats of ffmpeg's alone: Sun's, and the trackers' (songs as notes with their samples).
const OTHERS: [&str; 6] = ["au", "snd", "xm", "it", "s3m", "mod"];

/// Whether the name looks like audio that can be read, perhaps by ffmpeg.
pub(super) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    is_audio_name(path) || OTHERS.contains(&extension.to_lowercase().as_str())
}

/// Writes `from` as a WAV file of 32 kHz, its channels as they are.
pub(super) fn to_wav(from: &Path, to: &Path) -> anyhow::Result<()> {
    let answer = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(from)
        .args([
            "-vn",
            "-ar",
            "32000",
            "-t",
            "1200",
            "-c:a",
            "pcm_s16le",
            "-f",
            "wav",
        ])
        .arg(to)
        .stdin(Stdio::null())
        .output()
        .context("ffmpeg cannot be run: without it opus and the trackers' formats are left out")?;
    if !answer.status.success() {
        bail!(
            "ffmpeg cannot read {}: {}",
            from.display(),
            String::from_utf8_lossy(&answer.stderr).trim()
        );
    }
    Ok(())
}
