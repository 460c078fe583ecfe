//! Headers with a wrong length.

mod common;

use std::path::PathBuf;

use common::{caf_bytes, fixture, mp3_frames, rf64_bytes, sine, wav_bytes};
use hamiltone_decoding::{AudioFile, DecodeError, Warning};

/// Frames of MP3 are as long.
const MP3_FRAME: usize = 1152;

fn file_of(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The samples, whether the file ended early, and how many packets were damaged.
fn read(bytes: &[u8]) -> (Vec<f32>, bool, u64) {
    let (_folder, path) = file_of(bytes);
    let mut file = AudioFile::open(&path).unwrap();
    let mut samples = Vec::new();
    while let Some(packet) = file.next_mono().unwrap() {
        samples.extend_from_slice(packet);
    }
    assert!(file.next_mono().unwrap().is_none(), "the end stays the end");
    (samples, file.ended_early(), file.damaged_packets())
}

fn loudness(samples: &[f32]) -> f32 {
    (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).sqrt()
}

#[test]
fn a_second_mp3_is_read() {
    let one = std::fs::read(fixture("tone.mp3")).unwrap();
    let (alone, ..) = read(&one);
    let (both, ended_early, damaged) = read(&one.repeat(2));
    assert_eq!((alone.len(), ended_early, damaged), (22_050, false, 0));
    // The second one's delay and padding stay, since no header states them.
    assert!(
        (44_100..44_100 + 4_096).contains(&both.len()),
        "{}",
        both.len()
    );
    assert_eq!(both[..alone.len() - 1_000], alone[..alone.len() - 1_000]);
    let second = loudness(&both[28_000..40_000]);
    assert!(
        (second - loudness(&alone[5_000..17_000])).abs() < 0.01,
        "{second}"
    );
}

#[test]
fn an_mp3_with_zero_frames_in_its_header_is_read() {
    let mut bytes = std::fs::read(fixture("tone.mp3")).unwrap();
    let tag = bytes.windows(4).position(|four| four == b"Info").unwrap();
    bytes[tag + 8..tag + 12].fill(0);
    let (samples, ended_early, _) = read(&bytes);
    assert!(samples.len() >= 22_050 && !ended_early, "{}", samples.len());
}

#[test]
fn an_mp3_with_a_falling_bit_rate_is_read_to_its_end() {
    let mut bytes = mp3_frames(20, 320, 44_100, true);
    bytes.extend(mp3_frames(200, 32, 44_100, true));
    let (samples, ..) = read(&bytes);
    assert_eq!(samples.len(), 220 * MP3_FRAME);
}

#[test]
fn an_mp3_that_turns_from_mono_to_stereo_goes_on() {
    let mut bytes = mp3_frames(50, 64, 44_100, true);
    bytes.extend(mp3_frames(30, 128, 44_100, false));
    bytes.extend(std::fs::read(fixture("tone.mp3")).unwrap());
    bytes.extend(mp3_frames(50, 64, 44_100, true));
    let (samples, _, damaged) = read(&bytes);
    assert_eq!(damaged, 0);
    assert!(
        samples.len() >= 130 * MP3_FRAME + 22_050,
        "{}",
        samples.len()
    );
    let tone = 80 * MP3_FRAME + 4_000;
    assert!(loudness(&samples[tone..tone + 10_000]) > 0.3);
}

#[test]
fn an_mp3_with_a_change_of_rate_gives_its_time() {
    let mut bytes = mp3_frames(50, 64, 44_100, true);
    bytes.extend(mp3_frames(50, 64, 48_000, true));
    let (_folder, path) = file_of(&bytes);
    let mut file = AudioFile::open(&path).unwrap();
    let error = loop {
        match file.next_mono() {
            Ok(packet) => assert!(packet.is_some(), "the change is not reported"),
            Err(error) => break error,
        }
    };
    let DecodeError::RateChanged { from, to, at_s, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((from, to), (44_100, 48_000));
    assert!(
        (at_s - (50 * MP3_FRAME) as f64 / 44_100.0).abs() < 0.05,
        "{at_s}"
    );
}

/// What looks like a few frames of another kind, in a picture between two files, is no change.
#[test]
fn an_mp3_with_a_few_strange_frames_is_no_other_file() {
    let mut bytes = mp3_frames(50, 64, 44_100, true);
    bytes.extend(mp3_frames(2, 64, 48_000, true));
    bytes.extend(mp3_frames(50, 64, 44_100, true));
    let (samples, _, damaged) = read(&bytes);
    assert_eq!((samples.len(), damaged), (100 * MP3_FRAME, 2));
}

fn pcm(samples: &[f32]) -> Vec<u8> {
    let words = samples.iter().map(|sample| (sample * 32_767.0) as i16);
    words.flat_map(i16::to_le_bytes).collect()
}

#[test]
fn wavs_of_more_than_4_gb() {
    let tone = sine(48_000, 30_000);
    let data = pcm(&tone);
    for id in [b"RF64", b"BW64"] {
        let (samples, ended_early, _) = read(&rf64_bytes(id, 48_000, 60_000, &data));
        assert_eq!((samples.len(), ended_early), (30_000, false));
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
        assert!(samples.iter().zip(&tone).all(close));
        // Truncated: its header states the length.
        let whole = rf64_bytes(id, 48_000, 6_000_000_000, &data);
        let (samples, ended_early, _) = read(&whole);
        assert!(samples.len() >= 30_000 && ended_early);
        let (_folder, path) = file_of(&whole);
        let file = AudioFile::open(&path).unwrap();
        assert_eq!(file.expected_frames(), Some(3_000_000_000));
        // Headers of nonsense are as harmless as any.
        for cut in 0..100 {
            let (_folder, path) = file_of(&whole[..cut]);
            let _ = AudioFile::open(&path);
        }
    }
}

/// As `ffmpeg -f wav -` writes into a pipe.
#[test]
fn a_length_that_nobody_knew_is_no_early_end() {
    let data = pcm(&sine(44_100, 10_000));
    let (samples, ended_early, _) = read(&wav_bytes(1, 44_100, 16, u32::MAX, &data));
    assert_eq!((samples.len(), ended_early), (10_000, false));
    let (samples, ended_early, _) = read(&wav_bytes(1, 44_100, 16, 30_000, &data));
    assert_eq!(
        (samples.len(), ended_early),
        (10_000, true),
        "one that was known is"
    );
    let mut caf = caf_bytes(4, 1, 2);
    let size = caf.windows(4).position(|four| four == b"data").unwrap() + 4;
    caf[size..size + 8].fill(0xFF);
    let (samples, ended_early, _) = read(&caf);
    assert_eq!((samples.len(), ended_early), (2_000, false));
}

/// The checksum of an Ogg page (RFC 3533, section 6): CRC-32 with polynomial 0x04C11DB7, not reflected, from 0.
fn ogg_checksum(page: &[u8]) -> u32 {
    page.iter().fold(0u32, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            (sum << 1) ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    })
}

/// The lengths of the pages of an Ogg file.
fn ogg_pages(mut bytes: &[u8]) -> Vec<usize> {
    let mut pages = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(&bytes[..4], b"OggS");
        let segments = usize::from(bytes[26]);
        let packets = bytes[27..27 + segments].iter();
        let length = 27 + segments + packets.map(|&part| usize::from(part)).sum::<usize>();
        bytes = &bytes[length..];
        pages.push(length);
    }
    pages
}

/// Changes the position of each page with audio, and its checksum.
fn with_positions(mut bytes: Vec<u8>, change: impl Fn(u64) -> u64) -> Vec<u8> {
    let mut rest = &mut bytes[..];
    for length in ogg_pages(rest) {
        let (page, behind) = rest.split_at_mut(length);
        let position = u64::from_le_bytes(page[6..14].try_into().unwrap());
        if position > 0 {
            page[6..14].copy_from_slice(&change(position).to_le_bytes());
            page[22..26].fill(0);
            let checksum = ogg_checksum(page);
            page[22..26].copy_from_slice(&checksum.to_le_bytes());
        }
        rest = behind;
    }
    bytes
}

#[test]
fn positions_of_ogg_pages_that_count_the_first_block_are_no_damage() {
    let bytes = std::fs::read(fixture("tone.ogg")).unwrap();
    let (samples, ..) = read(&bytes);
    assert_eq!(read(&with_positions(bytes.clone(), |at| at)).0, samples);
    let (same, ended_early, damaged) = read(&with_positions(bytes.clone(), |at| at + 128));
    assert_eq!(
        (same.len(), ended_early, damaged),
        (samples.len(), false, 0)
    );
    // More than a block is.
    let (.., ended_early, damaged) = read(&with_positions(bytes, |at| at + 5_000));
    assert!(ended_early || damaged > 0);
}

/// The file without the pages with these indices.
fn without_pages(bytes: &[u8], lost: &[usize]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), bytes);
    for (index, length) in ogg_pages(bytes).into_iter().enumerate() {
        let (page, behind) = rest.split_at(length);
        if !lost.contains(&index) {
            kept.extend_from_slice(page);
        }
        rest = behind;
    }
    kept
}

/// The seconds that are missing, by the warning.
fn missing_s(bytes: &[u8]) -> Option<f64> {
    let (_folder, path) = file_of(bytes);
    let mut file = AudioFile::open(&path).unwrap();
    while file.next_mono().unwrap().is_some() {}
    file.warnings().iter().find_map(|warning| match warning {
        Warning::Missing { seconds, .. } => Some(*seconds),
        _ => None,
    })
}

/// The tone has eight pages with audio; one of them is 3072 frames.
#[test]
fn lost_pages_of_ogg_are_silence_and_later_times_stay() {
    let bytes = std::fs::read(fixture("tone.ogg")).unwrap();
    let (whole, ..) = read(&bytes);
    assert_eq!(missing_s(&bytes), None);
    for (lost, frames) in [(&[4][..], 3_072), (&[3, 4], 6_144), (&[3, 6], 6_144)] {
        let bytes = without_pages(&bytes, lost);
        let (samples, ended_early, damaged) = read(&bytes);
        assert_eq!(
            (samples.len(), ended_early, damaged),
            (whole.len(), false, 0)
        );
        assert_eq!(samples[21_000..], whole[21_000..], "{lost:?}");
        let seconds = missing_s(&bytes).expect("a warning");
        assert_eq!((seconds * 44_100.0).round() as usize, frames, "{lost:?}");
    }
}

/// In a chain, no header states a length for the parts behind the first one.
#[test]
fn lost_pages_of_a_later_part_of_a_chain_are_noticed() {
    let bytes = std::fs::read(fixture("tone.ogg")).unwrap();
    let chain = [&bytes[..], &without_pages(&bytes, &[5])].concat();
    assert_eq!(read(&chain).0.len(), 44_100);
    assert!(missing_s(&chain).is_some());
    assert_eq!(missing_s(&bytes.repeat(2)), None);
}

/// A page with a wrong checksum is as good as lost.
#[test]
fn a_damaged_page_of_ogg_is_silence() {
    let mut bytes = std::fs::read(fixture("tone.ogg")).unwrap();
    let at: usize = ogg_pages(&bytes)[..4].iter().sum();
    bytes[at + 100] ^= 1;
    let (samples, ..) = read(&bytes);
    assert_eq!(samples.len(), 22_050);
    assert!(missing_s(&bytes).is_some());
}
