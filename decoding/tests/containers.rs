//! What other programs write comes out as it went in: as long, and at its time. The files are those of
//! `fixtures/make-formats.sh`: a chirp, which fits the truth at one place only.

mod common;

use std::path::Path;

use common::{fixture, sine, write_wav};
use hamiltone_decoding::{AudioFile, DecodeError, Warning};

/// Samples, rate and warnings of a file that is read to its end.
fn read(path: &Path) -> (Vec<f32>, u32, Vec<Warning>) {
    let mut file = AudioFile::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut samples = Vec::new();
    while let Some(packet) = file.next_mono().unwrap() {
        samples.extend_from_slice(packet);
    }
    (samples, file.sample_rate(), file.warnings())
}

/// From 300 to 900 Hz in half a second, at half scale.
fn chirp(rate: u32, frame: usize) -> f32 {
    let t = frame as f64 / f64::from(rate);
    0.5 * (std::f64::consts::TAU * (300.0 * t + 600.0 * t * t)).sin() as f32
}

/// How far samples are from the chirp from its frame `from` on (root mean square, without the edges,
/// where codecs ring). One frame off is .03 at 48 kHz.
fn off(samples: &[f32], rate: u32, from: usize) -> f32 {
    let edge = samples.len() / 10;
    let middle = edge..samples.len() - edge;
    let squares = middle
        .clone()
        .map(|n| (samples[n] - chirp(rate, from + n)).powi(2));
    (squares.sum::<f32>() / middle.len() as f32).sqrt()
}

/// Exact lengths, and a codec's own error.
#[test]
fn files_of_other_programs_are_read_in_full_and_at_their_times() {
    let uncompressed = [
        ("au-s16be.au", 1e-4),
        ("au-s24be.au", 1e-4),
        ("au-f32be.au", 1e-4),
        ("au-alaw.au", 0.01),
        ("au-mulaw.au", 0.01),
        ("au-piped.au", 1e-4),
        ("s16le.w64", 1e-4),
        ("f32le.w64", 1e-4),
        ("rf64.wav", 1e-4),
        ("alaw.aifc", 0.01),
        ("mulaw.aifc", 0.01),
        ("aiff-sowt.aifc", 1e-4),
        ("aiff-fl32.aifc", 1e-4),
        ("alaw.caf", 0.01),
        ("mulaw.caf", 0.01),
        ("alaw.mov", 0.01),
        ("mulaw.mov", 0.01),
        ("alaw.wav", 0.01),
        ("mulaw.wav", 0.01),
        ("pcm.mov", 1e-4),
        ("adpcm-ms.wav", 0.02),
        ("adpcm-ima.wav", 0.02),
        ("alac.caf", 1e-4),
        ("alac.mov", 1e-4),
        ("alac.m4a", 1e-4),
        ("flac.flac", 1e-4),
        ("flac-piped.flac", 1e-4),
    ]
    .map(|(name, tolerance)| (name, 8_000, 2_000, tolerance));
    let lossy = [
        ("opus.opus", 48_000, 24_000, 0.03),
        ("opus-speech.opus", 48_000, 24_000, 0.08),
        ("opus-six.opus", 48_000, 24_000, 0.03),
        ("opus.mp4", 48_000, 24_000, 0.03),
        ("opus.webm", 48_000, 24_000, 0.03),
        ("opus.mka", 48_000, 24_000, 0.03),
        ("video.webm", 48_000, 24_000, 0.03),
        ("aac.m4a", 44_100, 22_050, 0.03),
        ("aac.mov", 44_100, 22_050, 0.03),
        ("mp3.mp4", 44_100, 22_050, 0.03),
    ];
    for (name, rate, frames, tolerance) in uncompressed.into_iter().chain(lossy) {
        let (samples, stated, warnings) = read(&fixture(name));
        assert_eq!((stated, samples.len()), (rate, frames), "{name}");
        let off = off(&samples, rate, 0);
        assert!(off < tolerance, "{name}: off by {off}");
        assert_eq!(warnings, [], "{name}");
    }
}

/// ffmpeg writes no padding for Vorbis in WebM: the end is exact to one frame of the codec.
#[test]
fn vorbis_in_matroska_ends_within_a_frame_of_the_codec() {
    let (samples, rate, warnings) = read(&fixture("vorbis.webm"));
    assert_eq!((rate, warnings), (44_100, vec![]));
    let longer = samples.len() - 22_050;
    assert!(longer < 1_024, "{longer} frames longer");
    let off = off(&samples[..22_050], rate, 0);
    assert!(off < 0.03, "off by {off}");
}

/// Encoders of HE-AAC and iTunes write delay and length as a text. Only the lower half of HE-AAC's
/// spectrum is decoded, with a warning; plain AAC at 44.1 kHz is not suspected.
#[test]
fn aac_of_other_encoders_has_its_length_and_he_aac_says_so() {
    let (samples, rate, warnings) = read(&fixture("lc-fdk.m4a"));
    assert_eq!((rate, samples.len(), warnings), (44_100, 22_050, vec![]));
    for (name, version_2) in [("he-v1.m4a", false), ("he-v2.m4a", true)] {
        let (samples, rate, warnings) = read(&fixture(name));
        assert_eq!((rate, samples.len()), (22_050, 11_025), "{name}");
        let half = Warning::HalfBandwidth {
            rate: 22_050,
            parametric_stereo: version_2,
            certain: true,
        };
        assert_eq!(warnings, [half], "{name}");
    }
    // ADTS has no word for it.
    let (.., warnings) = read(&fixture("he-v1.aac"));
    assert!(matches!(
        warnings[..],
        [Warning::HalfBandwidth { certain: false, .. }]
    ));
    assert_eq!(read(&fixture("aac.aac")).2, []);
}

#[test]
fn an_edit_list_is_followed() {
    // The first fifth of a second was cut away.
    let (samples, rate, warnings) = read(&fixture("edited.m4a"));
    assert_eq!(warnings, []);
    // (Its first packet lacks the one before, which it is to be added to.)
    let at = |frame: usize| off(&samples[2_048..], rate, frame + 2_048);
    assert!(at(8_820) < 0.06, "off by {}", at(8_820));
    assert!(at(8_820) < at(8_818) && at(8_820) < at(8_822));
    // Two parts and a gap between them, as an editor leaves them.
    let whole = std::fs::read(fixture("aac.m4a")).unwrap();
    let delay = 1_024;
    let edits = [
        (100, delay + 4_410, 1),
        (50, -1, 1),
        (200, delay + 13_230, 1),
    ];
    let (_folder, path) = file_of(&with_edits(&whole, &edits));
    let (samples, _, warnings) = read(&path);
    assert_eq!(samples.len(), 4_410 + 2_205 + 8_820);
    assert!(off(&samples[..4_410], rate, 4_410) < 0.03);
    assert!(samples[4_410..4_410 + 2_205].iter().all(|x| *x == 0.0));
    assert!(off(&samples[6_615..], rate, 13_230) < 0.03);
    assert_eq!(warnings, [], "so short a gap is not worth a word");
    // An unsupported edit list gives a warning, and the whole media is read.
    let (_folder, path) = file_of(&with_edits(&whole, &[(1_000, 0, 2)]));
    let (samples, _, warnings) = read(&path);
    assert!(samples.len() >= 22_050 + delay as usize);
    assert!(matches!(warnings[..], [Warning::EditList { .. }]));
}

/// An edit list counts milliseconds, the media counts frames.
#[test]
fn an_edit_that_ends_with_the_media_is_exact_to_the_frame() {
    for (name, delay, frames) in [
        ("opus.mp4", 312, 24_000),
        ("mp3.mp4", 1_105, 22_050),
        ("aac.m4a", 1_024, 22_050),
    ] {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let mdhd = bytes.windows(4).position(|at| at == b"mdhd").unwrap();
        let duration = mdhd + 20..mdhd + 24;
        let stated = u32::from_be_bytes(bytes[duration.clone()].try_into().unwrap());
        assert_eq!(stated, delay + frames);
        // Less than a millisecond shorter, then more: there the edit ends before the media, and is followed.
        for (less, expected) in [(13, frames - 13), (500, frames)] {
            bytes[duration.clone()].copy_from_slice(&(stated - less).to_be_bytes());
            let (_folder, path) = file_of(&bytes);
            let (samples, _, warnings) = read(&path);
            assert_eq!(
                (samples.len(), warnings),
                (expected as usize, vec![]),
                "{name}"
            );
        }
    }
}

#[test]
fn audio_that_starts_late_keeps_its_time() {
    for name in ["late.m4a", "late.mka"] {
        let (samples, rate, warnings) = read(&fixture(name));
        let first = samples.iter().position(|x| x.abs() > 0.01).unwrap();
        let first_s = first as f64 / f64::from(rate);
        assert!((first_s - 0.3).abs() < 0.01, "{name}: {first_s}");
        assert!(
            matches!(warnings[..], [Warning::Gap { at_s: 0.0, .. }]),
            "{name}: {warnings:?}"
        );
    }
}

#[test]
fn streams_behind_each_other_are_read_as_one() {
    let (samples, rate, warnings) = read(&fixture("flac-paused.flac"));
    assert_eq!(samples.len(), 4_000);
    assert!(off(&samples[..2_000], rate, 0) < 1e-4 && off(&samples[2_000..], rate, 0) < 1e-4);
    assert_eq!(warnings, [Warning::Streams { count: 2 }]);
    let (samples, rate, warnings) = read(&fixture("opus-chained.opus"));
    assert_eq!((samples.len(), warnings), (48_000, vec![]));
    assert!(off(&samples[24_000..], rate, 0) < 0.03);
}

#[test]
fn the_first_audio_track_is_read_with_a_warning_about_others() {
    let (samples, rate, warnings) = read(&fixture("video.mp4"));
    assert_eq!((rate, samples.len()), (44_100, 22_050));
    assert_eq!(warnings, [Warning::OtherTracks { count: 1 }]);
}

/// WavPack above all: the header of a WAV within its first block once made white noise of it.
#[test]
fn unsupported_codecs_are_named_with_a_command_that_converts() {
    for (name, expected) in [
        ("wavpack.wv", "WavPack"),
        ("wma.wma", "Windows Media Audio"),
        ("ac3.ac3", "AC-3"),
        ("tta.tta", "True Audio"),
        ("adpcm-ima.aifc", "IMA ADPCM"),
    ] {
        let error = AudioFile::open(&fixture(name)).unwrap_err();
        let DecodeError::UnsupportedCodec { codec, command, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(codec, expected);
        assert!(command.starts_with("ffmpeg -i '") && command.ends_with(".flac'"));
        assert!(error.to_string().contains(command.as_str()), "{error}");
    }
}

/// Symphonia has no layouts for so many.
#[test]
fn more_channels_than_any_layout_has() {
    let folder = tempfile::tempdir().unwrap();
    let tone = sine(8_000, 3_000);
    for channels in [26, 27, 33, 36, 50, 64] {
        let path = folder.path().join("many.wav");
        write_wav(&path, &tone, 8_000, channels, 16);
        let mut file = AudioFile::open(&path).unwrap();
        assert_eq!(file.channels(), usize::from(channels));
        assert_eq!(file.expected_frames(), Some(3_000));
        let (samples, _, warnings) = read(&path);
        assert_eq!((samples.len(), warnings), (3_000, vec![]), "{channels}");
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
        assert!(samples.iter().zip(&tone).all(close), "{channels} channels");
        assert!(file.next_mono().unwrap().is_some());
    }
}

/// The right channel is the left one's inverse, or silent: the left one is read, with a warning.
#[test]
fn stereo_that_a_mean_would_lose() {
    let folder = tempfile::tempdir().unwrap();
    let tone = sine(8_000, 16_000);
    for right in [-1.0, 0.0] {
        let path = folder.path().join("stereo.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for sample in &tone {
            writer.write_sample(*sample).unwrap();
            writer.write_sample(sample * right).unwrap();
        }
        writer.finalize().unwrap();
        let (samples, _, warnings) = read(&path);
        assert_eq!(samples[1_000..], tone[1_000..]);
        let seconds = match warnings[..] {
            [Warning::OppositePhase { seconds, .. }] if right < 0.0 => seconds,
            [Warning::OneSided { seconds, .. }] if right == 0.0 => seconds,
            _ => panic!("{warnings:?}"),
        };
        assert!((1.8..=2.0).contains(&seconds));
    }
}

fn file_of(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// An MP4 of ffmpeg, whose header comes last, with another edit list: milliseconds, the first frame of
/// the media (-1 for a gap), and a whole rate.
fn with_edits(mp4: &[u8], edits: &[(u32, i32, u16)]) -> Vec<u8> {
    let at = |name: &[u8]| mp4.windows(4).position(|four| four == name).unwrap() - 4;
    let (moov, trak, edts, elst) = (at(b"moov"), at(b"trak"), at(b"edts"), at(b"elst"));
    let size = |at: usize| u32::from_be_bytes(mp4[at..at + 4].try_into().unwrap());
    let mut list = vec![0; 4];
    list.extend((edits.len() as u32).to_be_bytes());
    for (length, from, rate) in edits {
        list.extend(length.to_be_bytes());
        list.extend(from.to_be_bytes());
        list.extend(rate.to_be_bytes());
        list.extend([0, 0]);
    }
    let grown = list.len() as u32 + 8 - size(elst);
    let mut bytes = mp4[..elst + 8].to_vec();
    bytes.extend(list);
    bytes.extend(&mp4[elst + size(elst) as usize..]);
    for at in [moov, trak, edts, elst] {
        bytes[at..at + 4].copy_from_slice(&(size(at) + grown).to_be_bytes());
    }
    bytes
}
