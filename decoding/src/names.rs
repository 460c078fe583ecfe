//! File name extensions of audio and video.

use std::path::Path;

/// Extensions of audio files, in lower case, for searching folders.
///
/// Includes formats that are not decoded, so that a batch reports such files instead of leaving them out. Video
/// containers are in [`VIDEO_EXTENSIONS`]. [`AudioFile::open`](crate::AudioFile::open) does not look at extensions.
pub const AUDIO_EXTENSIONS: &[&str] = &[
    "8svx", "aa", "aac", "aax", "ac3", "adts", "aif", "aifc", "aiff", "alac", "amr", "ape", "at3",
    "au", "bw64", "bwf", "caf", "dff", "dsf", "dts", "eac3", "ec3", "flac", "gsm", "m4a", "m4b",
    "m4r", "mka", "mlp", "mp1", "mp2", "mp3", "mpc", "mpga", "ofr", "oga", "ogg", "oma", "opus",
    "qcp", "ra", "rf64", "sd2", "shn", "snd", "sph", "spx", "tak", "thd", "tta", "voc", "vox",
    "w64", "wav", "wave", "weba", "wma", "wv",
];

/// Extensions of video containers, in lower case. The first audio track is read.
pub const VIDEO_EXTENSIONS: &[&str] = &[
    "3g2", "3gp", "3gpp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts",
    "ogm", "ogv", "qt", "vob", "webm", "wmv",
];

/// Whether the extension is in [`AUDIO_EXTENSIONS`], in upper or lower case. Does not open the file.
pub fn is_audio_name(path: &Path) -> bool {
    has_extension(path, AUDIO_EXTENSIONS)
}

/// Whether the extension is in [`VIDEO_EXTENSIONS`], in upper or lower case. Does not open the file.
pub fn is_video_name(path: &Path) -> bool {
    has_extension(path, VIDEO_EXTENSIONS)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        let mut known = extensions.iter();
        known.any(|known| known.eq_ignore_ascii_case(extension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_in_any_case() {
        for name in [
            "a.wav",
            "B.FLAC",
            "folder.d/c.Ogg",
            "two.dots.mp3",
            "x.aiff",
        ] {
            assert!(is_audio_name(Path::new(name)), "{name}");
        }
        for name in ["a.mov", "B.MP4", "c.webm"] {
            assert!(is_video_name(Path::new(name)) && !is_audio_name(Path::new(name)));
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
