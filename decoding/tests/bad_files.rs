//! Bad files: an error that says what is wrong, or what can be had. Never a panic.

mod common;

use std::path::{Path, PathBuf};

use common::{Noise, caf_bytes, fixture, sine, wav_bytes, write_wav};
use hamiltone_decoding::{Audio, AudioFile, DecodeError, read_mono};

fn file_of(bytes: &[u8], name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn decode(bytes: &[u8], name: &str) -> Result<Audio, DecodeError> {
    let (_folder, path) = file_of(bytes, name);
    read_mono(&path)
}

#[test]
fn missing_files_folders_and_empty_files() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_mono(&folder.path().join("gone.wav")).unwrap_err();
    assert!(matches!(missing, DecodeError::NotFound(_)), "{missing}");
    assert!(missing.to_string().contains("gone.wav"));
    let directory = read_mono(folder.path()).unwrap_err();
    assert!(matches!(directory, DecodeError::Folder(_)), "{directory}");
    let empty = decode(b"", "empty.wav").unwrap_err();
    assert!(matches!(empty, DecodeError::Empty(_)), "{empty}");
}

#[test]
fn files_that_are_not_audio() {
    let text = "It was a bright cold day in April, and the clocks were striking thirteen.\n";
    for bytes in [
        text.repeat(500).into_bytes(),
        b"RI".to_vec(),
        b"RIFF".to_vec(),
        vec![0],
        vec![0; 100_000],
        b"{\"json\": true}".to_vec(),
    ] {
        let error = decode(&bytes, "text.wav").unwrap_err();
        assert!(matches!(error, DecodeError::NotAudio { .. }), "{error}");
        assert!(error.to_string().contains("text.wav"), "{error}");
    }
}

#[test]
fn random_bytes() {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for length in [1, 2, 3, 4, 7, 16, 100, 5_000, 200_000] {
        for name in ["noise.wav", "noise.mp3", "noise.ogg"] {
            // Noise may hold something that looks like an MP3 frame; it must only not break.
            match decode(&noise.bytes(length), name) {
                Ok(audio) => assert!(audio.samples.iter().all(|sample| sample.is_finite())),
                Err(error) => assert!(error.to_string().contains(name), "{error}"),
            }
        }
    }
}

#[test]
fn headers_that_make_no_sense() {
    let data = [0x12; 4_000];
    let zero = decode(&wav_bytes(0, 44_100, 16, 4_000, &data), "zero.wav").unwrap_err();
    assert!(zero.to_string().contains("channel"), "{zero}");
    for rate in [0, 1, 7_999, 768_001, u32::MAX] {
        let error = decode(&wav_bytes(1, rate, 16, 4_000, &data), "rate.wav").unwrap_err();
        assert!(
            matches!(error, DecodeError::UnsupportedRate { .. }),
            "{rate}: {error}"
        );
        assert!(error.to_string().contains(&rate.to_string()), "{error}");
    }
    for bits in [0, 1, 7, 64, 65_528] {
        assert!(
            decode(&wav_bytes(1, 44_100, bits, 4_000, &data), "bits.wav").is_err(),
            "{bits}"
        );
    }
    let none = decode(&wav_bytes(1, 44_100, 16, 0, &[]), "none.wav").unwrap_err();
    assert!(matches!(none, DecodeError::NoSamples { .. }), "{none}");
}

#[test]
fn one_sample_and_samples_that_are_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write_wav(&path, &[0.25], 44_100, 1, 0);
    assert_eq!(read_mono(&path).unwrap().samples, [0.25]);
    let wild = [
        f32::NAN,
        0.5,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.5,
        f32::MAX,
    ];
    write_wav(&path, &wild, 44_100, 1, 0);
    assert_eq!(
        read_mono(&path).unwrap().samples,
        [0.0, 0.5, 0.0, 0.0, -0.5, 1e4] // the loudest that the engine's mixdown lets pass
    );
    write_wav(&path, &[f32::NAN; 5_000], 44_100, 2, 0);
    assert_eq!(read_mono(&path).unwrap().samples, [0.0; 5_000]);
}

#[test]
fn a_file_cut_off_gives_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("a.wav");
    write_wav(&wav, &sine(44_100, 44_100), 44_100, 2, 16);
    let sources = [
        wav,
        fixture("tone.aiff"),
        fixture("alaw.caf"),
        fixture("au-s16be.au"),
        fixture("s16le.w64"),
        fixture("tone.flac"),
        fixture("tone.ogg"),
        fixture("tone.mp3"),
    ];
    for source in sources {
        let bytes = std::fs::read(&source).unwrap();
        let whole = read_mono(&source).unwrap().samples;
        let name = source.file_name().unwrap().to_str().unwrap();
        for part in [0.5, 0.7, 0.9] {
            let cut = (bytes.len() as f64 * part) as usize | 1; // odd: within a sample
            let (_folder, path) = file_of(&bytes[..cut], name);
            let mut file = match AudioFile::open(&path) {
                Ok(file) => file,
                // The headers of an Ogg are a good part of a short file.
                Err(error) => {
                    assert!(
                        name == "tone.ogg" && part < 0.8,
                        "{name} at {part}: {error}"
                    );
                    continue;
                }
            };
            let mut samples = Vec::new();
            while let Some(packet) = file.next_mono().unwrap() {
                samples.extend_from_slice(packet);
            }
            assert!(samples.len() < whole.len(), "{name} at {part}");
            assert!(
                samples.len() as f64 > whole.len() as f64 * (part - 0.4),
                "{name} at {part}"
            );
            assert!(file.ended_early() || name == "tone.mp3", "{name} at {part}");
            assert_eq!(
                samples[..samples.len() / 2],
                whole[..samples.len() / 2],
                "{name} at {part}"
            );
        }
    }
}

/// Damage in the middle does not end the file.
#[test]
fn a_damaged_packet_is_no_early_end() {
    let mut bytes = std::fs::read(fixture("tone.flac")).unwrap();
    let whole = read_mono(&fixture("tone.flac")).unwrap().samples;
    let middle = bytes.len() / 2;
    bytes[middle..middle + 16].fill(0);
    let (_folder, path) = file_of(&bytes, "damaged.flac");
    let mut file = AudioFile::open(&path).unwrap();
    let mut samples = Vec::new();
    while let Some(packet) = file.next_mono().unwrap() {
        samples.extend_from_slice(packet);
    }
    assert!(file.damaged_packets() > 0 && samples.len() < whole.len());
    assert_eq!(samples[samples.len() - 500..], whole[whole.len() - 500..]);
    assert!(!file.ended_early());
}

/// A header that makes the decoder's arithmetic overflow: an error, with overflow checks or not.
#[test]
fn a_decoder_that_panics_is_contained() {
    let error = decode(&caf_bytes(u32::MAX / 2, 1, 2), "overflow.caf").unwrap_err();
    assert!(error.to_string().contains("overflow.caf"), "{error}");
}

/// Every format, with bytes changed here and there: the headers above all.
#[test]
fn damage_anywhere_never_panics() {
    let mut noise = Noise(0x0123_4567_89AB_CDEF);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let mut decoded = 0;
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let source = entry.unwrap().path();
        if source
            .extension()
            .is_some_and(|extension| extension == "sh")
        {
            continue;
        }
        let bytes = std::fs::read(&source).unwrap();
        for round in 0..rounds() {
            let mut damaged = bytes.clone();
            let reach = if round % 2 == 0 {
                damaged.len().min(400)
            } else {
                damaged.len()
            };
            for _ in 0..=noise.next() % 8 {
                let place = noise.next() as usize % reach;
                damaged[place] = match noise.next() % 3 {
                    0 => 0xFF,
                    1 => 0,
                    _ => noise.next() as u8,
                };
            }
            std::fs::write(&path, &damaged).unwrap();
            decoded += usize::from(is_sound_or_error(&path, &source, round));
        }
    }
    assert!(decoded > 0, "some damaged files are read");
}

/// More rounds by hand: `HAMILTONE_DAMAGE_ROUNDS=5000 cargo test -p hamiltone-decoding`.
fn rounds() -> usize {
    let asked = std::env::var("HAMILTONE_DAMAGE_ROUNDS").ok();
    asked.and_then(|rounds| rounds.parse().ok()).unwrap_or(60)
}

fn is_sound_or_error(path: &Path, source: &Path, round: usize) -> bool {
    match read_mono(path) {
        Ok(audio) => {
            assert!(
                audio.samples.iter().all(|x| x.is_finite()),
                "{source:?} round {round}"
            );
            true
        }
        Err(error) => {
            assert!(error.to_string().contains("damaged"), "{error}");
            false
        }
    }
}
