//! Parts of the header of MP4 and MOV (ISO/IEC 14496-12) that Symphonia does not expose: edit lists (§8.6.6), which place
//! sections of a track's media on the timeline; delay and length in iTunes metadata; QuickTime sample descriptions.

use std::io;

use crate::beginning::Beginning;

/// The longest `moov` box that is read.
const MAX_MOOV_BYTES: u64 = 256 << 20;
/// The most boxes that are read on one level; a file with more is damaged.
const MAX_BOXES: usize = 65_536;

/// One audio track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    pub(crate) id: u32,
    /// Empty if there is no edit list.
    pub(crate) edits: Vec<Edit>,
    pub(crate) codec: Codec,
    /// `iTunSMPB`, written by iTunes and other AAC encoders: encoder delay and length without it, in seconds.
    pub(crate) gapless: Option<(f64, f64)>,
}

/// The first sample description of a track (`stsd`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Codec {
    pub(crate) code: [u8; 4],
    pub(crate) channels: u16,
    pub(crate) rate: u32,
    /// The ALAC configuration.
    pub(crate) alac: Option<Box<[u8]>>,
}

/// One entry of an edit list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edit {
    /// Its start in the media; `None` for a gap.
    pub(crate) from_s: Option<f64>,
    /// `None` extends to the end of the media.
    pub(crate) length_s: Option<f64>,
    /// Whether it plays at normal speed.
    pub(crate) at_rate_1: bool,
}

/// Reads the audio tracks.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn read(file: &mut Beginning) -> io::Result<Vec<Track>> {
    let mut at = 0u64;
    for _ in 0..MAX_BOXES {
        let header = file.read(at, 16)?;
        let Some((kind, length, head)) = box_header(&header) else {
            break;
        };
        if &kind == b"moov" {
            let length = length.unwrap_or(MAX_MOOV_BYTES).min(MAX_MOOV_BYTES);
            let moov = file.read(at, length as usize)?;
            return Ok(of_movie(moov.get(head..).unwrap_or(&[])));
        }
        let Some(next) = length.and_then(|length| at.checked_add(length)) else {
            break;
        };
        at = next;
    }
    Ok(Vec::new())
}

fn of_movie(moov: &[u8]) -> Vec<Track> {
    let Some(movie_scale) = child(moov, b"mvhd").and_then(timescale) else {
        return Vec::new();
    };
    children(moov)
        .filter(|(kind, _)| kind == b"trak")
        .filter_map(|(_, trak)| track(trak, movie_scale, moov))
        .collect()
}

fn track(trak: &[u8], movie_scale: f64, moov: &[u8]) -> Option<Track> {
    let tkhd = child(trak, b"tkhd")?;
    let id = u32_at(tkhd, if tkhd.first()? == &1 { 20 } else { 12 })?;
    let mdia = child(trak, b"mdia")?;
    if child(mdia, b"hdlr")?.get(8..12)? != b"soun" {
        return None;
    }
    let mdhd = child(mdia, b"mdhd")?;
    let media_scale = timescale(mdhd)?;
    let mut edits = edits(trak, movie_scale, media_scale).unwrap_or_default();
    if let Some(ticks) = duration(mdhd) {
        end_with_media(&mut edits, ticks as f64 / media_scale, 1.0 / movie_scale);
    }
    let stsd = child(child(child(mdia, b"minf")?, b"stbl")?, b"stsd")?;
    Some(Track {
        id,
        edits,
        codec: codec(stsd)?,
        gapless: gapless(moov)
            .map(|(delay, length)| (delay as f64 / media_scale, length as f64 / media_scale)),
    })
}

/// The first sample entry: code, 8 bytes, version, 6 bytes, fields, boxes. QuickTime puts the box of ALAC into `wave`.
fn codec(stsd: &[u8]) -> Option<Codec> {
    let (code, entry) = children(stsd.get(8..)?).next()?;
    let boxes = entry.get(if u16_at(entry, 8)? == 1 { 44 } else { 28 }..);
    let alac = boxes
        .and_then(|boxes| child(boxes, b"alac").or_else(|| child(child(boxes, b"wave")?, b"alac")));
    Some(Codec {
        code,
        channels: u16_at(entry, 16)?,
        rate: u32_at(entry, 24)? >> 16,
        alac: alac.and_then(|alac| alac.get(4..)).map(Box::from),
    })
}

/// Parses `iTunSMPB`: zero, delay, padding and length in hexadecimal.
fn gapless(moov: &[u8]) -> Option<(u64, u64)> {
    let name = b"iTunSMPB";
    let at = moov.windows(name.len()).position(|window| window == name)?;
    // The box `data` follows: length, name, type, locale, text.
    let data = moov.get(at + name.len()..)?;
    let text = data.get(16..u32_at(data, 0)? as usize)?;
    let mut fields = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let mut field = |index| u64::from_str_radix(fields.nth(index)?, 16).ok();
    let (delay, length) = (field(1)?, field(1)?);
    (length > 0).then_some((delay, length))
}

fn edits(trak: &[u8], movie_scale: f64, media_scale: f64) -> Option<Vec<Edit>> {
    let elst = child(child(trak, b"edts")?, b"elst")?;
    let long = elst.first()? == &1;
    let count = u32_at(elst, 4)?;
    let entries = elst.get(8..)?.chunks_exact(if long { 20 } else { 12 });
    let entries = entries.take(count as usize).filter_map(|entry| {
        let (length, from, rate) = if long {
            (u64_at(entry, 0)?, u64_at(entry, 8)?.cast_signed(), 16)
        } else {
            let from = u32_at(entry, 4)?.cast_signed();
            (u32_at(entry, 0)?.into(), from.into(), 8)
        };
        Some(Edit {
            from_s: (from >= 0).then_some(from as f64 / media_scale),
            length_s: (length > 0).then_some(length as f64 / movie_scale),
            at_rate_1: u32_at(entry, rate)? == 0x0001_0000,
        })
    });
    Some(entries.collect())
}

/// Ends the last edit with the media if it states that end to the precision of the movie's timescale, mostly a millisecond; the
/// length of the media is more precise.
fn end_with_media(edits: &mut [Edit], media_s: f64, tick_s: f64) {
    let Some(last) = edits.last_mut() else {
        return;
    };
    if let (Some(from_s), Some(length_s)) = (last.from_s, last.length_s)
        && (from_s + length_s - media_s).abs() <= tick_s
        && media_s > from_s
    {
        last.length_s = Some(media_s - from_s);
    }
}

/// The duration of a box `mdhd` in ticks.
fn duration(header: &[u8]) -> Option<u64> {
    match header.first()? {
        1 => u64_at(header, 24),
        _ => u32_at(header, 16).map(u64::from),
    }
}

/// The timescale of a box `mvhd` or `mdhd`: ticks per second.
fn timescale(header: &[u8]) -> Option<f64> {
    let at = if header.first()? == &1 { 20 } else { 12 };
    u32_at(header, at).filter(|scale| *scale > 0).map(f64::from)
}

fn child<'a>(parent: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(parent)
        .find(|child| &child.0 == kind)
        .map(|child| child.1)
}

fn children(mut parent: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, length, head) = box_header(parent)?;
        let length = usize::try_from(length.unwrap_or(parent.len() as u64)).ok()?;
        let (whole, rest) = parent.split_at_checked(length)?;
        parent = rest;
        Some((kind, whole.get(head..)?))
    })
    .take(MAX_BOXES)
}

/// Type, length (`None`: to the end) and header length of a box.
fn box_header(bytes: &[u8]) -> Option<([u8; 4], Option<u64>, usize)> {
    let kind = bytes.get(4..8)?.try_into().ok()?;
    match u32_at(bytes, 0)? {
        0 => Some((kind, None, 8)),
        1 => Some((kind, Some(u64_at(bytes, 8)?.max(16)), 16)),
        length => Some((kind, Some(u64::from(length).max(8)), 8)),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
