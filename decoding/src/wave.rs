//! Headers of WAV, RF64, BW64 and Wave64. Recorders and other programs write wrong ones in several ways, so Symphonia gets
//! a header of ours.

use std::io;

use crate::beginning::Beginning;
use crate::pcm::{self, Pcm, Sample};
use crate::warning::Warning;

/// The most chunks before the audio; a file with more is damaged.
pub(crate) const MAX_CHUNKS: usize = 4096;
/// The 32-bit size that means "unknown" or "in the chunk `ds64`".
const ELSEWHERE: u64 = u32::MAX as u64;
/// The shortest data after the stated end of the audio, other than chunks, that is taken for audio.
const MIN_TAIL_BYTES: u64 = 4096;

const MICROSOFT_ADPCM: u16 = 2;
const IMA_ADPCM: u16 = 0x11;

/// The audio of a file and its position.
pub(crate) struct Wave {
    pub(crate) audio: Audio,
    /// Offset of the first byte of the audio.
    pub(crate) from: u64,
    /// Offset of its end; `None` is the end of the file.
    pub(crate) to: Option<u64>,
    /// The number of frames by the header.
    pub(crate) frames: Option<u64>,
    pub(crate) warnings: Vec<Warning>,
}

/// The encoding of the audio.
pub(crate) enum Audio {
    /// PCM, and its length in bytes if known.
    Pcm(Pcm, Option<u64>),
    /// ADPCM with this header. Its last block may be longer than the audio.
    Blocks(Vec<u8>),
    /// MPEG audio or ADTS, which need no header.
    Bare,
    /// The name of a codec that is not decoded.
    Foreign(String),
    /// The header is invalid.
    Damaged(&'static str),
}

/// A chunk header.
pub(crate) struct Chunk {
    pub(crate) id: [u8; 4],
    pub(crate) body: u64,
    pub(crate) size: u64,
}

/// The layout of chunk headers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Layout {
    Riff,
    Wave64,
}

impl Layout {
    /// The layout of a file.
    ///
    /// # Errors
    /// The system cannot read the file.
    pub(crate) fn of(file: &mut Beginning) -> io::Result<Self> {
        Ok(match file.read(0, 4)?.as_slice() {
            b"riff" => Self::Wave64,
            _ => Self::Riff,
        })
    }

    /// The offset of the first chunk.
    pub(crate) fn first_chunk(self) -> u64 {
        match self {
            Self::Riff => 12,
            Self::Wave64 => 40,
        }
    }
}

/// Reads the header up to the audio.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn read(file: &mut Beginning) -> io::Result<Wave> {
    let layout = Layout::of(file)?;
    let mut at = layout.first_chunk();
    let (mut format, mut fact, mut large) = (None, None, None);
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = read_chunk(file, at, layout)? else {
            break;
        };
        match &chunk.id {
            b"fmt " => format = Some(file.read(chunk.body, chunk.size.min(1024) as usize)?),
            b"fact" => fact = u32_at(&file.read(chunk.body, 4)?, 0).map(u64::from),
            b"ds64" => large = u64_at(&file.read(chunk.body, 16)?, 8),
            b"data" => {
                let Some(format) = format else {
                    return Ok(Wave::damaged("no fmt chunk"));
                };
                return found(file, layout, &chunk, large, fact, &format);
            }
            _ => {}
        }
        at = next_chunk(file, &chunk, layout)?;
    }
    Ok(Wave::damaged("no data chunk"))
}

impl Wave {
    fn damaged(what: &'static str) -> Self {
        Self {
            audio: Audio::Damaged(what),
            from: 0,
            to: None,
            frames: None,
            warnings: Vec::new(),
        }
    }
}

/// The chunk header at an offset, if one can be there.
pub(crate) fn read_chunk(
    file: &mut Beginning,
    at: u64,
    layout: Layout,
) -> io::Result<Option<Chunk>> {
    let length = if layout == Layout::Wave64 { 24 } else { 8 };
    let bytes = file.read(at, length)?;
    if bytes.len() < length || !bytes[..4].iter().all(|byte| matches!(byte, 0x20..0x7F)) {
        return Ok(None);
    }
    let id = [bytes[0], bytes[1], bytes[2], bytes[3]];
    let size = match layout {
        Layout::Riff => u32_at(&bytes, 4).map(u64::from),
        Layout::Wave64 => u64_at(&bytes, 16).and_then(|size| size.checked_sub(24)),
    };
    Ok(size.map(|size| Chunk {
        id,
        body: at + length as u64,
        size,
    }))
}

/// The offset of the next chunk. Some programs omit the padding byte after an odd size.
pub(crate) fn next_chunk(file: &mut Beginning, chunk: &Chunk, layout: Layout) -> io::Result<u64> {
    let end = chunk.body.saturating_add(chunk.size);
    if layout == Layout::Wave64 {
        return Ok(end.saturating_add(7) / 8 * 8);
    }
    if chunk.size.is_multiple_of(2) {
        return Ok(end);
    }
    // Letters of a name, moved by one, may look like a name again; its size then seldom fits into the file.
    let length = file.len().unwrap_or(u64::MAX);
    let fits = |chunk: &Chunk| chunk.body.saturating_add(chunk.size) <= length;
    let padded = read_chunk(file, end.saturating_add(1), layout)?;
    let adjacent = read_chunk(file, end, layout)?;
    Ok(match (padded, adjacent) {
        (None, Some(_)) => end,
        (Some(padded), Some(adjacent)) if fits(&adjacent) && !fits(&padded) => end,
        _ => end.saturating_add(1),
    })
}

/// Combines the header with the length of the file.
fn found(
    file: &mut Beginning,
    layout: Layout,
    data: &Chunk,
    large: Option<u64>,
    fact: Option<u64>,
    format: &[u8],
) -> io::Result<Wave> {
    let from = data.body;
    let format = Format::read(format);
    let stated = match data.size {
        // Unknown when it was written, or over 4 GB and in the chunk ds64.
        ELSEWHERE if layout == Layout::Riff => large.filter(|size| ![0, u64::MAX].contains(size)),
        size => Some(size),
    };
    let (size, behind) = size_of(file, layout, from, stated)?;
    let mut warnings = Vec::new();
    if let (true, Some(format), Some(length)) = (behind, &format, file.len()) {
        warnings.push(Warning::BehindStatedEnd {
            stated_s: format.seconds(stated.unwrap_or(0)),
            read_s: format.seconds(length.saturating_sub(from)),
        });
    }
    let Some(format) = format else {
        return Ok(Wave::damaged("the fmt chunk is too short"));
    };
    let to = size.map(|size| from.saturating_add(size));
    let available = match (to, file.len()) {
        (Some(to), Some(length)) => Some(to.min(length).saturating_sub(from)),
        (Some(to), None) => Some(to - from),
        (None, length) => length.map(|length| length.saturating_sub(from)),
    };
    let audio = format.audio(available);
    let frames = match &audio {
        Audio::Blocks(_) if !behind => fact.filter(|fact| *fact < ELSEWHERE),
        Audio::Pcm(pcm, _) => size.map(|size| size / pcm.frame_bytes().max(1)),
        _ => None,
    };
    Ok(Wave {
        audio,
        from,
        to,
        frames,
        warnings,
    })
}

/// The size of the audio (`None`: up to the end of the file), and whether it exceeds the size in the header, because the
/// recorder lost power before it wrote the size, or because the size did not fit into 32 bits.
fn size_of(
    file: &mut Beginning,
    layout: Layout,
    from: u64,
    stated: Option<u64>,
) -> io::Result<(Option<u64>, bool)> {
    let (Some(stated), Some(length)) = (stated, file.len()) else {
        return Ok((stated, false));
    };
    let end = from.saturating_add(stated);
    if layout == Layout::Wave64 || end.saturating_add(MIN_TAIL_BYTES) > length && stated > 0 {
        return Ok((Some(stated), false));
    }
    let tail = file.read(end, 512)?;
    let known = [&b"ID3"[..], b"APETAGEX", b"TAG"];
    let other = tail.len() < 8
        || tail.iter().all(|byte| *byte == 0)
        || known.iter().any(|mark| tail.starts_with(mark))
        || is_chain(file, end, length)?
        || is_chain(file, end + 1, length)?;
    Ok(if other {
        (Some(stated), false)
    } else {
        (None, true)
    })
}

/// Whether the bytes from an offset to the end of the file are a sequence of chunks.
fn is_chain(file: &mut Beginning, mut at: u64, length: u64) -> io::Result<bool> {
    for _ in 0..MAX_CHUNKS {
        if at.saturating_add(8) > length {
            return Ok(true);
        }
        let Some(chunk) = read_chunk(file, at, Layout::Riff)? else {
            return Ok(false);
        };
        // The last one may lack a few bytes.
        if chunk.body.saturating_add(chunk.size) > length + 8 {
            return Ok(false);
        }
        at = next_chunk(file, &chunk, Layout::Riff)?;
    }
    Ok(false)
}

/// The chunk `fmt `.
struct Format<'a> {
    tag: u16,
    channels: u16,
    rate: u32,
    bytes_per_second: u32,
    block: u16,
    bits: u16,
    chunk: &'a [u8],
}

impl<'a> Format<'a> {
    fn read(chunk: &'a [u8]) -> Option<Self> {
        let mut tag = u16_at(chunk, 0)?;
        // WAVE_FORMAT_EXTENSIBLE has the tag in the first bytes of its GUID.
        if let (0xFFFE, Some(inner)) = (tag, u16_at(chunk, 24)) {
            tag = inner;
        }
        Some(Self {
            tag,
            channels: u16_at(chunk, 2)?,
            rate: u32_at(chunk, 4)?,
            bytes_per_second: u32_at(chunk, 8)?,
            block: u16_at(chunk, 12)?,
            bits: u16_at(chunk, 14)?,
            chunk,
        })
    }

    fn seconds(&self, bytes: u64) -> f64 {
        bytes as f64 / f64::from(self.bytes_per_second.max(1))
    }

    fn audio(&self, bytes: Option<u64>) -> Audio {
        let sample = match (self.tag, self.sample_bytes()) {
            (1, 1) => Sample::Unsigned8,
            (1, size @ 2..=4) => Sample::Integer(size),
            (3, size @ (4 | 8)) => Sample::Float(size),
            (6, _) => Sample::ALaw,
            (7, _) => Sample::MuLaw,
            (1 | 3, _) if self.channels > 0 => {
                return Audio::Damaged("invalid sample size");
            }
            (1, _) => Sample::Unsigned8, // zero channels, reported later
            (MICROSOFT_ADPCM | IMA_ADPCM, _) => {
                return Audio::Blocks(pcm::wave_header(self.chunk, bytes));
            }
            (0x50 | 0x55 | 0x1600, _) => return Audio::Bare,
            (tag, _) => return Audio::Foreign(codec_name(tag)),
        };
        let pcm = Pcm {
            sample,
            big_endian: false,
            channels: self.channels.into(),
            rate: self.rate,
        };
        Audio::Pcm(pcm, bytes)
    }

    /// Bytes per sample, from the size of a frame: samples of 20 bits, for example, take 3 bytes.
    fn sample_bytes(&self) -> u16 {
        match self.block.checked_div(self.channels) {
            Some(bytes) if bytes > 0 && bytes * self.channels == self.block => bytes,
            _ => self.bits / 8,
        }
    }
}

/// The name of a codec with this format tag.
fn codec_name(tag: u16) -> String {
    let known = match tag {
        0x31 => "GSM 6.10",
        0x40 | 0x45 | 0x64 => "G.726 ADPCM",
        0x61 | 0x62 => "DK ADPCM",
        0x69 => "Xbox ADPCM",
        0x92 => "S/PDIF",
        0xFF | 0x706D | 0x1610 | 0x4143 | 0xA106 => "AAC",
        0x160..=0x163 => "Windows Media Audio",
        0x200 => "Creative ADPCM",
        0x270 => "ATRAC3",
        0x2000 => "AC-3",
        0x2001 => "DTS",
        0x566F | 0x674F..=0x6771 => "Ogg Vorbis",
        0x5756 => "WavPack",
        0x704F => "Opus",
        0xF1AC => "FLAC",
        _ => return format!("WAV format tag 0x{tag:04X}"),
    };
    known.to_owned()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
