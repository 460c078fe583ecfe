//! The edit lists of MP4 and MOV (ISO/IEC 14496-12 §8.6.6): which parts of a track's media are presented,
//! and when. Symphonia reads the media from beginning to end.

use std::io;

use crate::beginning::Beginning;

/// A longer movie header is not read.
const MAX_MOOV_BYTES: u64 = 256 << 20;
/// Boxes that are looked at on one level; a file with more is damaged.
const MAX_BOXES: usize = 65_536;

/// The edit list of one track, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edits {
    pub(crate) track: u32,
    pub(crate) entries: Vec<Edit>,
}

/// One entry of an edit list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edit {
    /// Where in the media it begins; `None` is a time without media.
    pub(crate) from_s: Option<f64>,
    /// `None` goes to the end of the media.
    pub(crate) length_s: Option<f64>,
    /// At its own speed.
    pub(crate) at_rate_1: bool,
}

/// Reads the edit lists of all tracks that have one.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn read(file: &mut Beginning) -> io::Result<Vec<Edits>> {
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

fn of_movie(moov: &[u8]) -> Vec<Edits> {
    let Some(movie_scale) = child(moov, b"mvhd").and_then(|mvhd| timescale(mvhd)) else {
        return Vec::new();
    };
    children(moov)
        .filter(|(kind, _)| kind == b"trak")
        .filter_map(|(_, trak)| of_track(trak, movie_scale))
        .collect()
}

fn of_track(trak: &[u8], movie_scale: f64) -> Option<Edits> {
    let tkhd = child(trak, b"tkhd")?;
    let track = u32_at(tkhd, if tkhd.first()? == &1 { 20 } else { 12 })?;
    let media_scale = timescale(child(child(trak, b"mdia")?, b"mdhd")?)?;
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
    Some(Edits {
        track,
        entries: entries.collect(),
    })
}

/// Ticks a second, of a box `mvhd` or `mdhd`.
fn timescale(header: &[u8]) -> Option<f64> {
    let at = if header.first()? == &1 { 20 } else { 12 };
    u32_at(header, at).filter(|scale| *scale > 0).map(f64::from)
}

fn child<'a>(parent: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(parent).find(|child| &child.0 == kind).map(|child| child.1)
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

/// The kind of a box, its length (`None` goes to the end), and the length of its header.
fn box_header(bytes: &[u8]) -> Option<([u8; 4], Option<u64>, usize)> {
    let kind = bytes.get(4..8)?.try_into().ok()?;
    match u32_at(bytes, 0)? {
        0 => Some((kind, None, 8)),
        1 => Some((kind, Some(u64_at(bytes, 8)?.max(16)), 16)),
        length => Some((kind, Some(u64::from(length).max(8)), 8)),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
