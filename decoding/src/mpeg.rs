//! What MPEG streams (MP1, MP2, MP3) need: they have no container that knows how long they are or
//! that one kind of sound follows another.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::{FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// So many packets of one kind in a row are believed to be sound of that kind. What only looks
/// like a packet, in a picture between two joined files, say, hardly ever comes so often.
const BELIEVED: usize = 4;

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
