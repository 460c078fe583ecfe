//! Files that the tests make.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

/// A sine of 440 Hz at half scale, the same in every channel.
pub fn sine(rate: u32, frames: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU * 440.0 / f64::from(rate);
    (0..frames)
        .map(|n| 0.5 * (step * n as f64).sin() as f32)
        .collect()
}

/// Writes a WAV of `mono` in `channels` equal channels: 8, 16, 24 or 32 bits, or 0 for 32-bit float.
pub fn write_wav(path: &Path, mono: &[f32], rate: u32, channels: u16, bits: u16) {
    let (bits_per_sample, sample_format) = match bits {
        0 => (32, SampleFormat::Float),
        bits => (bits, SampleFormat::Int),
    };
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample,
        sample_format,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    let scale = ((1u64 << (bits_per_sample - 1)) - 1) as f32;
    for &sample in mono {
        for _ in 0..channels {
            match sample_format {
                SampleFormat::Float => writer.write_sample(sample).unwrap(),
                SampleFormat::Int => writer.write_sample((sample * scale) as i32).unwrap(),
            }
        }
    }
    writer.finalize().unwrap();
}

/// The bytes of a WAV with the given header.
pub fn wav_bytes(channels: u16, rate: u32, bits: u16, data_claim: u32, data: &[u8]) -> Vec<u8> {
    let block = channels * (bits / 8);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(data_claim.saturating_add(36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(1u16.to_le_bytes()); // PCM
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_claim.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// The bytes of a file over 4 GB, with little in it: `id` is `RF64` or `BW64`, and `ds64` says that
/// the sound has `claim` bytes. 16 bits, mono; something else lies behind the sound.
pub fn rf64_bytes(id: &[u8; 4], rate: u32, claim: u64, data: &[u8]) -> Vec<u8> {
    let wav = wav_bytes(1, rate, 16, u32::MAX, data);
    let mut bytes = id.to_vec();
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend(b"WAVEds64");
    bytes.extend(28u32.to_le_bytes());
    bytes.extend((claim + 72).to_le_bytes());
    bytes.extend(claim.to_le_bytes());
    bytes.extend((claim / 2).to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(&wav[12..]);
    bytes.extend(b"LIST\x08\0\0\0INFOXXXX");
    bytes
}

/// Silent frames of MP3 (MPEG 1, layer 3) without any header before them.
pub fn mp3_frames(count: usize, kbps: u32, rate: u32, mono: bool) -> Vec<u8> {
    let rates = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    let bits = 1 + rates.iter().position(|known| *known == kbps).unwrap() as u8;
    let rate_bits = [44_100, 48_000, 32_000]
        .iter()
        .position(|known| *known == rate)
        .unwrap() as u8;
    let mut frame = vec![0; (144_000 * kbps / rate) as usize];
    let mode = if mono { 0xC0 } else { 0 };
    frame[..4].copy_from_slice(&[0xFF, 0xFB, bits << 4 | rate_bits << 2, mode]);
    frame.repeat(count)
}

/// The bytes of a CAF of 16-bit samples with the given description.
pub fn caf_bytes(bytes_per_packet: u32, frames_per_packet: u32, channels: u32) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc".to_vec();
    bytes.extend(32u64.to_be_bytes());
    bytes.extend(48_000f64.to_be_bytes());
    bytes.extend(b"lpcm");
    for field in [0, bytes_per_packet, frames_per_packet, channels, 16] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(8_004u64.to_be_bytes());
    bytes.extend([1; 8_004]);
    bytes
}

/// One of the files of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A small generator, so that the tests need no crate for noise and never change.
pub struct Noise(pub u64);

impl Noise {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
