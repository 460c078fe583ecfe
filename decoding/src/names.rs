//! Which files of a folder are worth opening.

use std::path::Path;

/// The extensions, in lower case, of files that [`is_audio_name`] takes for audio.
///
/// Those of audio that cannot be decoded are among them: in a batch, an error a file is better than a
/// file that is silently missing. Video containers (`mp4`, `mov`, `mkv`, `webm` …) are not: see
/// [`VIDEO_EXTENSIONS`]. A file that is named outright is opened whatever it is called.
pub const AUDIO_EXTENSIONS: &[&str] = &[
    "8svx", "aac", "ac3", "aif", "aifc", "aiff", "alac", "amr", "ape", "au", "bwf", "caf", "dff",
    "dsf", "dts", "eac3", "flac", "m4a", "m4b", "m4r", "mka", "mp1", "mp2", "mp3", "mpc", "mpga",
    "oga", "ogg", "opus", "ra", "rf64", "shn", "snd", "spx", "tak", "tta", "voc", "w64", "wav",
    "wave", "weba", "wma", "wv",
];

/// The extensions, in lower case, of video containers, whose first audio track can be read.
pub const VIDEO_EXTENSIONS: &[&str] = &[
    "3g2", "3gp", "m4v", "mkv", "mov", "mp4", "ogv", "qt", "webm",
];

/// Whether the name looks like audio, by its extension alone, in any case. Opens nothing.
pub fn is_audio_name(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            AUDIO_EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_audio_and_names_that_are_not() {
        for name in [
            "a.wav",
            "B.FLAC",
            "folder.d/c.Ogg",
            "two.dots.mp3",
            "x.aiff",
        ] {
            assert!(is_audio_name(Path::new(name)), "{name}");
        }
        for name in [
            "a.txt",
            "wav",
            ".wav",
            "a.wav.bak",
            "a.",
            "",
            "metadata.csv",
        ] {
            assert!(!is_audio_name(Path::new(name)), "{name}");
        }
    }
}
