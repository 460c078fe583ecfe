//! Headers of AU, AIFF and CAF, for the variants that Symphonia does not read: all AU; A-law and µ-law; truncated AIFF;
//! CAF of unknown length.

use std::io;

use crate::beginning::Beginning;
use crate::codecs::name_of_code;
use crate::pcm::{Pcm, Sample};

/// The most chunks that are read; a file with more is damaged.
const MAX_CHUNKS: usize = 4096;
/// The longest CAF header that is patched.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// PCM that is read with a header of ours in place of that of the file.
pub(crate) struct Behind {
    pub(crate) pcm: Pcm,
    /// Offsets of the first byte of the audio and of its end; `None` is the end of the file.
    pub(crate) from: u64,
    pub(crate) to: Option<u64>,
}

/// How a file is read.
pub(crate) enum Reading {
    /// Unchanged.
    AsItIs,
    /// With another header.
    Behind(Behind),
    /// With its first bytes replaced by these.
    Patched(Vec<u8>),
    /// Not at all: the name of its codec, which is not decoded.
    Foreign(String),
}

/// Reads the header of an AU file (Sun's `audio_filehdr`).
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn au(file: &mut Beginning) -> io::Result<Reading> {
    let header = file.read(0, 24)?;
    let field = |at| u32_at(&header, at);
    let (Some(from), Some(size), Some(encoding), Some(rate), Some(channels)) =
        (field(4), field(8), field(12), field(16), field(20))
    else {
        return Ok(Reading::Foreign("AU without a whole header".to_owned()));
    };
    let sample = match encoding {
        1 => Sample::MuLaw,
        3..=5 => Sample::Integer(encoding as u16 - 1),
        6 => Sample::Float(4),
        7 => Sample::Float(8),
        27 => Sample::ALaw,
        other => return Ok(Reading::Foreign(format!("AU encoding {other}"))),
    };
    let pcm = Pcm {
        sample,
        big_endian: true,
        channels,
        rate,
    };
    let from = u64::from(from);
    // Programs that write to a pipe do not know the length.
    let to = (size != u32::MAX).then(|| from + u64::from(size));
    Ok(Reading::Behind(Behind { pcm, from, to }))
}

/// Reads the chunks `COMM` and `SSND` of an AIFF or AIFF-C.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn aiff(file: &mut Beginning) -> io::Result<Reading> {
    let compressed = file.read(8, 4)? == b"AIFC";
    let (mut at, mut common, mut sound) = (12u64, None, None);
    for _ in 0..MAX_CHUNKS {
        let header = file.read(at, 8)?;
        let Some(size) = u32_at(&header, 4).map(u64::from) else {
            break;
        };
        match &header[..4] {
            b"COMM" => common = Some(file.read(at + 8, size.min(64) as usize)?),
            b"SSND" => {
                let offset = u32_at(&file.read(at + 8, 4)?, 0).unwrap_or(0);
                sound = Some((at + 16 + u64::from(offset), at + 8 + size));
            }
            _ => {}
        }
        at += 8 + size + size % 2;
    }
    let (Some(common), Some((from, end))) = (common, sound) else {
        return Ok(Reading::AsItIs);
    };
    let coding = match common.get(18..22) {
        Some(coding) if compressed => coding.to_vec(),
        _ => b"NONE".to_vec(),
    };
    let (Some(channels), Some(bits), Some(rate)) = (
        u16_at(&common, 0),
        u16_at(&common, 6),
        common.get(8..18).and_then(extended),
    ) else {
        return Ok(Reading::AsItIs);
    };
    let integer = Sample::Integer(bits.div_ceil(8));
    let (sample, big_endian) = match coding.as_slice() {
        b"NONE" | b"twos" if (9..=32).contains(&bits) => (integer, true),
        b"sowt" if (9..=32).contains(&bits) => (integer, false),
        b"in24" => (Sample::Integer(3), true),
        b"in32" => (Sample::Integer(4), true),
        b"fl32" | b"FL32" => (Sample::Float(4), true),
        b"fl64" | b"FL64" => (Sample::Float(8), true),
        b"raw " => (Sample::Unsigned8, true),
        b"alaw" | b"ALAW" => (Sample::ALaw, true),
        b"ulaw" | b"ULAW" => (Sample::MuLaw, true),
        b"NONE" | b"twos" | b"sowt" => return Ok(Reading::AsItIs),
        other => return Ok(Reading::Foreign(name_of_code(other))),
    };
    let pcm = Pcm {
        sample,
        big_endian,
        channels: channels.into(),
        rate,
    };
    // Zero channels are an error of Symphonia's reader.
    if pcm.frame_bytes() == 0 {
        return Ok(Reading::AsItIs);
    }
    Ok(Reading::Behind(Behind {
        pcm,
        from,
        to: Some(end.max(from)),
    }))
}

/// Reads the chunks of a CAF up to its audio.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn caf(file: &mut Beginning) -> io::Result<Reading> {
    let (mut at, mut description) = (8u64, Vec::new());
    for _ in 0..MAX_CHUNKS {
        let header = file.read(at, 12)?;
        let Some(size) = header.get(4..12).and_then(|size| size.try_into().ok()) else {
            break;
        };
        let (size, body) = (i64::from_be_bytes(size), at + 12);
        match &header[..4] {
            b"desc" => description = file.read(body, 32)?,
            b"data" => return caf_audio(file, &description, body, size),
            _ => {}
        }
        let Some(next) = u64::try_from(size)
            .ok()
            .and_then(|size| body.checked_add(size))
        else {
            break;
        };
        at = next;
    }
    Ok(Reading::AsItIs)
}

fn caf_audio(
    file: &mut Beginning,
    description: &[u8],
    body: u64,
    size: i64,
) -> io::Result<Reading> {
    let (Some(rate), Some(channels)) = (
        description.get(..8).and_then(|rate| rate.try_into().ok()),
        u32_at(description, 24),
    ) else {
        return Ok(Reading::AsItIs);
    };
    let sample = match &description[8..12] {
        b"alaw" => Sample::ALaw,
        b"ulaw" => Sample::MuLaw,
        b"lpcm" | b"alac" | b"aac " | b"opus" | b"flac" | b"ima4" | b".mp1" | b".mp2" | b".mp3" => {
            return caf_length(file, body, size);
        }
        other => return Ok(Reading::Foreign(name_of_code(other))),
    };
    let pcm = Pcm {
        sample,
        big_endian: true,
        channels,
        rate: f64::from_be_bytes(rate) as u32,
    };
    let end = u64::try_from(size)
        .ok()
        .map(|size| body.saturating_add(size));
    Ok(Reading::Behind(Behind {
        pcm,
        from: body + 4, // after the count of edits
        to: end.map(|end| end.max(body + 4)),
    }))
}

/// A CAF whose length was unknown when it was written states -1, and its audio extends to the end of the file. Symphonia
/// expects another chunk there, so the length is patched.
fn caf_length(file: &mut Beginning, body: u64, size: i64) -> io::Result<Reading> {
    let (-1, Some(length), ..=MAX_HEADER_BYTES) = (size, file.len(), body) else {
        return Ok(Reading::AsItIs);
    };
    let mut head = file.read(0, body as usize)?;
    let at = head.len().saturating_sub(8);
    head[at..].copy_from_slice(&length.saturating_sub(body).to_be_bytes());
    Ok(Reading::Patched(head))
}

/// The integer part of an 80-bit float, the type of rates in AIFF.
fn extended(bytes: &[u8]) -> Option<u32> {
    let exponent = u16_at(bytes, 0)?;
    let mantissa = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
    let shift = 16_446u32.checked_sub(u32::from(exponent))?; // 16383 + 63
    u32::try_from(mantissa.checked_shr(shift)?).ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_80_bits() {
        let rate = |hex: [u8; 10]| extended(&hex);
        assert_eq!(
            rate([0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0]),
            Some(44_100)
        );
        assert_eq!(rate([0x40, 0x0B, 0xFA, 0, 0, 0, 0, 0, 0, 0]), Some(8_000));
        assert_eq!(rate([0x7F, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
