//! What streams of MPEG audio (MP1, MP2, MP3) and of AAC in ADTS need: they have no container that has a
//! mark, or tells how long they are, or that one kind of audio follows another.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::{FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// So many packets of one kind in a row are believed to be sound of that kind. What only looks
/// like a packet, in a picture between two joined files, say, hardly ever comes so often.
const BELIEVED: usize = 4;

/// So many frames in a row are believed where something else stands before them.
const BELIEVED_FRAMES: usize = 4;
/// So far behind zeros a first frame may be: a stream that was recorded starts within a frame.
const SEARCHED_BYTES: usize = 16_384;

/// The offset of the first frame, and whether it is one of ADTS. `whole` tells that the file has no
/// more bytes than these. A frame counts if another follows it, or the end.
pub(crate) fn find(bytes: &[u8], whole: bool) -> Option<(usize, bool)> {
    if chain(bytes, 0, whole) >= 2 {
        return Some((0, is_adts(bytes)));
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let last = bytes.len().min(zeros.saturating_add(SEARCHED_BYTES));
    let found = (zeros..last).find(|at| chain(bytes, *at, whole) >= BELIEVED_FRAMES)?;
    Some((found, is_adts(&bytes[found..])))
}

/// How many frames of one kind follow each other; the end of a whole file counts as one.
fn chain(bytes: &[u8], mut at: usize, whole: bool) -> usize {
    let kind = |at: usize| bytes.get(at + 1).map(|byte| byte & 0xFE);
    let first = kind(at);
    for count in 0..BELIEVED_FRAMES {
        if at >= bytes.len() {
            return count + usize::from(whole && count > 0);
        }
        let Some(length) = frame_length(&bytes[at..]).filter(|_| kind(at) == first) else {
            return count;
        };
        at += length;
    }
    BELIEVED_FRAMES
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

/// Whether it is one of these codecs.
pub(crate) fn is_mpeg(codec: AudioCodecId) -> bool {
    [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&codec)
}

/// Packets that the decoder could not take, as long as they come in a row and are of one kind.
#[derive(Default)]
pub(crate) struct Strangers {
    packets: Vec<Packet>,
}

impl Strangers {
    /// One more; gives all of them once they are believed.
    pub(crate) fn push(&mut self, packet: Packet) -> Option<Vec<Packet>> {
        if self.packets.last().map(kind) != Some(kind(&packet)) {
            self.packets.clear();
        }
        self.packets.push(packet);
        (self.packets.len() >= BELIEVED).then(|| std::mem::take(&mut self.packets))
    }

    /// The decoder could take one: those before it were damaged.
    pub(crate) fn clear(&mut self) {
        self.packets.clear();
    }
}

/// What has to stay for a decoder, from a frame's header: version, layer, rate, mono or not.
fn kind(packet: &Packet) -> Option<(u8, u8, bool)> {
    match *packet.data {
        [_, version, rate, mode, ..] => Some((version & 0x1E, rate & 0x0C, mode >> 6 == 3)),
        _ => None,
    }
}

/// Symphonia cuts away what lies behind the count of the first header, or behind its own guess from
/// the first frames. Right for the encoder's padding, and for nothing else: files are joined by `cat`, a
/// header may say 0, and a guess is a guess.
pub(crate) fn keep_behind_the_count(format: &dyn FormatReader, packet: &mut Packet) {
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
