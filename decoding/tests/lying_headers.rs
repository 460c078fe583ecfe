//! WAVs with wrong headers, as recorders and other programs write them: all of the audio is read, and there is a warning.

mod common;

use std::path::Path;

use common::{sine, wav_bytes};
use hamiltone_decoding::{AudioFile, Warning};

const RATE: u32 = 16_000;

fn pcm(samples: &[f32]) -> Vec<u8> {
    let words = samples.iter().map(|sample| (sample * 32_767.0) as i16);
    words.flat_map(i16::to_le_bytes).collect()
}

fn read(bytes: &[u8]) -> (Vec<f32>, Vec<Warning>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, bytes).unwrap();
    read_file(&path)
}

fn read_file(path: &Path) -> (Vec<f32>, Vec<Warning>) {
    let mut file = AudioFile::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut samples = Vec::new();
    while let Some(packet) = file.next_mono().unwrap() {
        samples.extend_from_slice(packet);
    }
    (samples, file.warnings())
}

/// A WAV of a tone of 2 s, and the tone.
fn wav() -> (Vec<u8>, Vec<f32>) {
    let tone = sine(RATE, 32_000);
    let data = pcm(&tone);
    (wav_bytes(1, RATE, 16, data.len() as u32, &data), tone)
}

fn is_whole(samples: &[f32], tone: &[f32], what: &str) {
    assert_eq!(samples.len(), tone.len(), "{what}");
    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
    assert!(samples.iter().zip(tone).all(close), "{what}");
}

#[test]
fn the_riff_size_is_ignored() {
    let (whole, tone) = wav();
    for size in [0u32, 8, 36, 63_000, u32::MAX] {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        let (samples, warnings) = read(&bytes);
        is_whole(&samples, &tone, &format!("RIFF size {size}"));
        assert_eq!(warnings, []);
    }
}

#[test]
fn a_recorder_that_was_switched_off_and_a_size_that_wrapped() {
    let (whole, tone) = wav();
    for stated in [0u32, 32_000] {
        let mut bytes = whole.clone();
        bytes[40..44].copy_from_slice(&stated.to_le_bytes());
        let (samples, warnings) = read(&bytes);
        is_whole(&samples, &tone, "all of it");
        let stated_s = f64::from(stated) / 32_000.0;
        let expected = Warning::BehindStatedEnd {
            stated_s,
            read_s: 2.0,
        };
        assert_eq!(warnings, [expected]);
    }
    // Unknown, with a RIFF size that is right.
    let mut bytes = whole.clone();
    bytes[40..44].fill(0xFF);
    let (samples, warnings) = read(&bytes);
    is_whole(&samples, &tone, "an unknown size");
    assert_eq!(warnings, []);
}

#[test]
fn chunks_tags_and_zeros_after_the_audio_are_not_read() {
    let (whole, tone) = wav();
    let mut list = b"LIST".to_vec();
    list.extend(8_000u32.to_le_bytes());
    list.extend([b'x'; 8_000]);
    let mut odd = b"junk".to_vec();
    odd.extend(5_001u32.to_le_bytes());
    odd.extend([7; 5_001]); // without its padding
    odd.extend(b"id3 \x00\x20\x00\x00");
    odd.extend([9; 8_192]);
    let mut tag = b"ID3\x03\0\0\0\0\x3F\x76".to_vec();
    tag.extend([1; 8_182]);
    for tail in [list, odd, tag, vec![0; 20_000], vec![0xAB; 100]] {
        let (samples, warnings) = read(&[whole.clone(), tail].concat());
        is_whole(&samples, &tone, "a tail");
        assert_eq!(warnings, []);
    }
}

#[test]
fn chunks_without_padding_and_formats_as_others_write_them() {
    let (whole, tone) = wav();
    let mut list = b"LIST".to_vec();
    list.extend(7u32.to_le_bytes());
    list.extend(b"INFOabc");
    let bytes = [&whole[..36], &list, &whole[36..]].concat();
    is_whole(&read(&bytes).0, &tone, "an odd LIST without padding");

    // 20 bits in 3 bytes, and an extensible float that states 0 valid bits.
    let wide: Vec<u8> = tone
        .iter()
        .flat_map(|sample| ((sample * 8_388_607.0) as i32).to_le_bytes()[..3].to_vec())
        .collect();
    let mut bytes = wav_bytes(1, RATE, 24, wide.len() as u32, &wide);
    bytes[34] = 20;
    is_whole(&read(&bytes).0, &tone, "20 bits in 3 bytes");
    let floats: Vec<u8> = tone.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut bytes = wav_bytes(1, RATE, 32, floats.len() as u32, &floats);
    bytes[16] = 40;
    bytes[20..22].copy_from_slice(&[0xFE, 0xFF]);
    let mut extension = vec![22, 0, 0, 0, 4, 0, 0, 0, 3, 0];
    extension.extend(b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
    let bytes = [&bytes[..36], &extension, &bytes[36..]].concat();
    is_whole(&read(&bytes).0, &tone, "0 valid bits");
}

/// The failing files that were collected before these tests. Skips, and says so, where they are not around.
#[test]
fn the_collected_cases() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases");
    if !cases.is_dir() {
        hamiltone_test_support::skip(cases.display());
        return;
    }
    for (name, seconds, warned) in [
        ("01a_riff_8_short.wav", 4.0, false),
        ("01c_riff_36_data_0.wav", 4.0, true),
        ("01e_riff_0_data_0.wav", 4.0, true),
        ("01g_half_reported.wav", 4.0, true),
        ("04a_info_without_padding.wav", 4.0, false),
        ("05a_float_valid_bits_0.wav", 2.5, false),
        ("05b_alaw_fmt_16.wav", 4.0, false),
        ("07b_paused_second_header.flac", 4.0, true),
        ("08g_mp3_in_riff.wav", 4.1, false),
        ("09a_sound_starts_at_4.9.mp4", 8.9, true),
        ("09b_sound_starts_at_4.9.mka", 8.9, true),
        ("14a_out_of_phase.wav", 3.0, true),
    ] {
        let path = cases.join(name);
        let rate = AudioFile::open(&path).unwrap().sample_rate();
        let (samples, warnings) = read_file(&path);
        let length = samples.len() as f64 / f64::from(rate);
        assert!((length - seconds).abs() < 0.01, "{name}: {length} s");
        assert_eq!(!warnings.is_empty(), warned, "{name}: {warnings:?}");
        assert!(samples.iter().any(|x| x.abs() > 0.05), "{name} is silent");
    }
    let wavpack = AudioFile::open(&cases.join("11a_wavpack.wv")).unwrap_err();
    assert!(wavpack.to_string().contains("WavPack"), "{wavpack}");
}
