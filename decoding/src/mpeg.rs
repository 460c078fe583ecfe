//! MPEG audio (MP1, MP2, MP3) and AAC in ADTS have no container: streams are found by their frame headers, have no stated
//! length, and may change format in the middle.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::{FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Consecutive packets of another format that make the decoder follow it. Bytes that look like a packet, for example in a
/// picture between two joined files, rarely give as many.
const MIN_PACKETS: usize = 4;

/// Consecutive frames that mark the start of a stream after other bytes.
const MIN_FRAMES: usize = 4;
/// How far after leading zeros a first frame is searched: recordings of a stream may start in the middle of a frame.
const SEARCHED_BYTES: usize = 16_384;

/// The offset of the first frame, and whether it is ADTS. A frame counts if it is followed by another one, or by the end of
/// the file; `whole` says that `bytes` are the whole file.
pub(crate) fn find(bytes: &[u8], whole: bool) -> Option<(usize, bool)> {
    if chain(bytes, 0, whole) >= 2 {
        return Some((0, is_adts(bytes)));
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let last = bytes.len().min(zeros.saturating_add(SEARCHED_BYTES));
    let found = (zeros..last).find(|at| chain(bytes, *at, whole) >= MIN_FRAMES)?;
    Some((found, is_adts(&bytes[found..])))
}

/// The number of consecutive frames of one format; the end of a whole file counts as one.
fn chain(bytes: &[u8], mut at: usize, whole: bool) -> usize {
    let kind = |at: usize| bytes.get(at + 1).map(|byte| byte & 0xFE);
    let first = kind(at);
    for count in 0..MIN_FRAMES {
        if at >= bytes.len() {
            return count + usize::from(whole && count > 0);
        }
        let Some(length) = frame_length(&bytes[at..]).filter(|_| kind(at) == first) else {
            return count;
        };
        at += length;
    }
    MIN_FRAMES
}

fn is_adts(frame: &[u8]) -> bool {
    frame.get(1).is_some_and(|byte| byte & 0x06 == 0)
}

/// The length of a frame of MPEG audio (ISO/IEC 11172-3 §2.4.2.3, 13818-3) or ADTS (13818-7 §6.2).
fn frame_length(frame: &[u8]) -> Option<usize> {
    const V1L1: [usize; 14] = [
        32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ];
    const V1L2: [usize; 14] = [
        32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ];
    const V1L3: [usize; 14] = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const V2L1: [usize; 14] = [
        32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ];
    const V2L23: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [0xFF, second @ 0xE0..=0xFF, third, fourth, rest @ ..] = frame else {
        return None;
    };
    if is_adts(frame) {
        let known_rate = (third >> 2) & 0x0F < 13;
        let length = usize::from(fourth & 3) << 11
            | usize::from(*rest.first()?) << 3
            | usize::from(rest.get(1)? >> 5);
        return (second & 0xF0 == 0xF0 && known_rate && length >= 7).then_some(length);
    }
    let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
    let rate = match (version, (third >> 2) & 3) {
        (1, _) | (_, 3) => return None,
        (version, rate) => [44_100, 48_000, 32_000][usize::from(rate)] >> (3 - version).min(2),
    };
    let table = match (version, layer) {
        (3, 3) => V1L1,
        (3, 2) => V1L2,
        (3, _) => V1L3,
        (_, 3) => V2L1,
        _ => V2L23,
    };
    let kbps = *table.get(usize::from(third >> 4).checked_sub(1)?)?;
    let padding = usize::from((third >> 1) & 1);
    Some(match (version, layer) {
        (_, 3) => (12_000 * kbps / rate + padding) * 4,
        (0 | 2, 1) => 72_000 * kbps / rate + padding,
        _ => 144_000 * kbps / rate + padding,
    })
}

/// Whether this is MP1, MP2 or MP3.
pub(crate) fn is_mpeg(codec: AudioCodecId) -> bool {
    [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&codec)
}

/// Consecutive packets of one format that the decoder rejected.
#[derive(Default)]
pub(crate) struct Rejected {
    packets: Vec<Packet>,
}

impl Rejected {
    /// Adds a packet; returns all of them once there are enough.
    pub(crate) fn push(&mut self, packet: Packet) -> Option<Vec<Packet>> {
        if self.packets.last().map(kind) != Some(kind(&packet)) {
            self.packets.clear();
        }
        self.packets.push(packet);
        (self.packets.len() >= MIN_PACKETS).then(|| std::mem::take(&mut self.packets))
    }

    /// The decoder accepted a packet, so the rejected ones were damaged.
    pub(crate) fn clear(&mut self) {
        self.packets.clear();
    }
}

/// The fields of a frame header that have to stay constant for a decoder: version, layer, rate, mono.
fn kind(packet: &Packet) -> Option<(u8, u8, bool)> {
    match *packet.data {
        [_, version, rate, mode, ..] => Some((version & 0x1E, rate & 0x0C, mode >> 6 == 3)),
        _ => None,
    }
}

/// Symphonia trims frames after the count in the first header, or after its own estimate. That is right only for encoder
/// padding: files are joined with `cat`, and a header may state 0. Undoes the trimming elsewhere.
pub(crate) fn keep_frames_after_count(format: &dyn FormatReader, packet: &mut Packet) {
    let mpeg = [FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3].contains(&format.format_info().format);
    let Some(track) = format.tracks().first().filter(|_| mpeg) else {
        return;
    };
    let padding = u64::from(track.padding.unwrap_or(0));
    let padded = padding > 0 || track.delay.unwrap_or(0) > 0;
    let frames = track.num_frames.unwrap_or(0);
    let begins = u64::try_from(packet.pts.get()).unwrap_or(0);
    if !padded || frames == 0 || begins >= frames.saturating_add(padding) {
        packet.dur = packet.dur.saturating_add(packet.trim_end);
        packet.trim_end = Duration::ZERO;
    }
}
