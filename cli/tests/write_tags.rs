//! `hamiltone analyze --write-tags`, on files of real encoders.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Ran, Workplace, lines};
use hamiltone_test_support::skip;

/// Fixtures of the crate `decoding`, and the key that ffprobe gives the keywords.
const FILES: [(&str, &str); 9] = [
    ("tone.mp3", "KEYWORDS"),
    ("tone.flac", "KEYWORDS"),
    ("tone.ogg", "KEYWORDS"),
    ("opus.opus", "KEYWORDS"),
    ("tone-aac.m4a", "keywords"),
    ("tone-alac.m4a", "keywords"),
    ("small.wav", "IKEY"),
    ("tone.aiff", "KEYWORDS"),
    ("aac.aac", "KEYWORDS"),
];

/// A workplace with the fixtures in `in`.
fn place_with(names: &[&str]) -> Workplace {
    let place = Workplace::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../decoding/tests/fixtures");
    for name in names {
        place.file(
            &format!("in/{name}"),
            &std::fs::read(fixtures.join(name)).unwrap(),
        );
    }
    place
}

/// With a low threshold.
fn write_tags(place: &Workplace, more: &[&str]) -> Ran {
    let arguments = [
        "analyze",
        "in",
        "--model",
        "tiny",
        "--threshold",
        "0.01",
        "--write-tags",
    ];
    place.run(&[&arguments[..], more].concat())
}

/// What a program prints; `None` if it is not installed.
fn output(program: &str, arguments: &[&str], file: &Path) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The encoded packets, by ffmpeg.
fn packets(file: &Path) -> Option<String> {
    let output = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .arg(file)
        .args(["-map", "0:a", "-c", "copy", "-f", "md5", "-"])
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

fn tags_by_ffprobe(file: &Path) -> Option<String> {
    let entries = [
        "-v",
        "error",
        "-show_entries",
        "format_tags:stream_tags",
        "-of",
        "default=nw=1",
    ];
    output("ffprobe", &entries, file)
}

#[test]
fn labels_become_keywords_and_the_audio_stays_the_same() {
    let names = FILES.map(|(name, _)| name);
    let place = place_with(&names);
    let path = |name: &str| place.path(&format!("in/{name}"));
    let before = names.map(|name| packets(&path(name)));
    let dry = write_tags(&place, &["--dry-run", "--out", "dry"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(
        dry.stderr
            .contains("tags would be written into 9, 0 unchanged"),
        "{dry:?}"
    );
    assert!(dry.stderr.contains("would write the keywords"), "{dry:?}");
    assert_eq!(names.map(|name| packets(&path(name))), before);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../decoding/tests/fixtures");
    for name in names {
        let unchanged =
            std::fs::read(path(name)).unwrap() == std::fs::read(fixtures.join(name)).unwrap();
        assert!(unchanged, "{name}: changed by a dry run");
    }
    let ran = write_tags(&place, &["--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("tags written into 9, 0 unchanged"),
        "{ran:?}"
    );
    // A second run finds its own tags and its own results.
    let again = write_tags(&place, &["--out", "out"]);
    assert!(
        again.stderr.contains("tags written into 0, 9 unchanged"),
        "{again:?}"
    );
    assert!(again.stderr.contains("9 tagged (9 up to date"), "{again:?}");
    let hidden = std::fs::read_dir(place.path("in")).unwrap();
    assert_eq!(hidden.count(), names.len(), "no temporary files");
    if before.iter().any(Option::is_none) {
        skip("ffmpeg");
        return;
    }
    let rows = lines(&place, "out/summary.jsonl");
    for ((name, key), before) in FILES.iter().zip(before) {
        assert_eq!(packets(&path(name)), before, "{name}");
        let Some(tags) = tags_by_ffprobe(&path(name)) else {
            skip("ffprobe");
            return;
        };
        let wanted = format!("TAG:{key}=");
        let line = tags.lines().find(|line| line.starts_with(&wanted));
        let line = line.unwrap_or_else(|| panic!("{name}: {tags}"));
        let row = rows.iter().find(|row| {
            row["file"]
                .as_str()
                .is_some_and(|file| file.ends_with(name))
        });
        let on = row.unwrap()["labels_on"].as_array().unwrap();
        assert!(!on.is_empty(), "{name}: no label is on");
        for label in on {
            assert!(
                line.contains(label["label"].as_str().unwrap()),
                "{name}: {line}, {on:?}"
            );
        }
    }
}

#[test]
fn tags_of_the_file_are_kept() {
    let place = place_with(&[
        "tone.flac",
        "tone.mp3",
        "small.wav",
        "tone-aac.m4a",
        "tone.ogg",
    ]);
    let tag = |name: &str| {
        let (path, tagged) = (place.path(&format!("in/{name}")), place.path(name));
        let metadata = [
            "title=My title",
            "artist=Someone",
            "genre=Polka",
            "comment=a note",
        ];
        let mut command = Command::new("ffmpeg");
        command
            .args(["-loglevel", "error", "-i"])
            .arg(&path)
            .args(["-c", "copy"]);
        for field in metadata {
            command.args(["-metadata", field]);
        }
        let done = command
            .arg(&tagged)
            .status()
            .is_ok_and(|status| status.success());
        done.then(|| std::fs::rename(tagged, path).unwrap())
    };
    let names = [
        "tone.flac",
        "tone.mp3",
        "small.wav",
        "tone-aac.m4a",
        "tone.ogg",
    ];
    if names.iter().any(|name| tag(name).is_none()) {
        skip("ffmpeg");
        return;
    }
    let ran = write_tags(&place, &["--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for name in names {
        let Some(tags) = tags_by_ffprobe(&place.path(&format!("in/{name}"))) else {
            skip("ffprobe");
            return;
        };
        for field in [
            "title=My title",
            "artist=Someone",
            "genre=Polka",
            "comment=a note",
        ] {
            let kept = tags
                .to_lowercase()
                .contains(&format!("tag:{}", field.to_lowercase()));
            assert!(kept, "{name}: no {field} in {tags}");
        }
        assert!(tags.contains("dog, small"), "{name}: {tags}");
    }
}

#[test]
fn files_that_cannot_have_tags_are_errors_and_unchanged() {
    let place = place_with(&[
        "s16le.w64",
        "opus.webm",
        "tone.caf",
        "flac-paused.flac",
        "opus-chained.opus",
        "tone.mp3",
    ]);
    let bytes = |name: &str| std::fs::read(place.path(&format!("in/{name}"))).unwrap();
    let names = [
        "s16le.w64",
        "opus.webm",
        "tone.caf",
        "flac-paused.flac",
        "opus-chained.opus",
    ];
    let before = names.map(bytes);
    // What a killed run left is removed.
    place.file("in/.hamiltone-export-abc.part", b"half");
    let ran = write_tags(&place, &["--out", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for name in ["s16le.w64", "opus.webm", "tone.caf"] {
        let line = ran
            .stderr
            .lines()
            .find(|line| line.contains(&format!("in/{name}: tags cannot")));
        assert!(
            line.is_some_and(|line| line.contains("supported are WAV, AIFF")),
            "{ran:?}"
        );
        assert!(
            place.path(&format!("out/{name}.json")).exists(),
            "the results are kept"
        );
    }
    // Several streams in one file: tagged without a change of the audio, or not at all.
    for (name, before) in names.iter().zip(&before) {
        let refused = ran
            .stderr
            .contains(&format!("in/{name}: tags cannot be written"));
        assert!(!refused || bytes(name) == *before, "{name}: changed");
    }
    assert!(ran.stderr.contains("tags written into "), "{ran:?}");
    assert!(!place.path("in/.hamiltone-export-abc.part").exists());
    let single = place.run(&[
        "analyze",
        "in/tone.mp3",
        "--model",
        "tiny",
        "--write-tags",
        "--channel",
        "each",
    ]);
    assert_eq!(single.code, 2, "{single:?}");
    assert_eq!(place.run(&["analyze", "in/tone.mp3", "--dry-run"]).code, 2);
}

/// A link still leads to the file, which has the tags and its permissions.
#[cfg(unix)]
#[test]
fn links_and_permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let place = place_with(&[]);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../decoding/tests/fixtures");
    let file = place.file(
        "store/tone.flac",
        &std::fs::read(fixtures.join("tone.flac")).unwrap(),
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir(place.path("in")).unwrap();
    std::os::unix::fs::symlink(&file, place.path("in/link.flac")).unwrap();
    let before = std::fs::read(&file).unwrap();
    let ran = write_tags(&place, &["--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(place.path("in/link.flac").is_symlink());
    assert_ne!(std::fs::read(&file).unwrap(), before);
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}
