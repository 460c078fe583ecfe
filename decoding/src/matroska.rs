//! The padding behind the last packet in Matroska and WebM (RFC 9559, section 5.1.3.5.7, `DiscardPadding`). Symphonia 0.6
//! reads it and does not pass it on.

use std::io;

use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::beginning::Beginning;

/// The end of the file that is searched: the last cluster's end, and behind it the index and tags.
const SEARCHED_BYTES: usize = 1 << 18;

const BLOCK_GROUP: u8 = 0xA0;
const BLOCK: u32 = 0xA1;
const DISCARD_PADDING: u32 = 0x75A2;
/// The bits of a block's flags that say how several packets share it.
const LACING: u8 = 0x06;

/// The last block of the file with padding.
#[derive(Debug, PartialEq)]
pub(crate) struct Padding {
    packet: Vec<u8>,
    /// How much of it is not to be played: at its end, or, below 0, at its start.
    nanoseconds: i64,
}

impl Padding {
    /// Searches the end of the file; `None` for a pipe.
    pub(crate) fn find(file: &mut Beginning) -> io::Result<Option<Self>> {
        let Some(length) = file.len() else {
            return Ok(None);
        };
        let from = length.saturating_sub(SEARCHED_BYTES as u64);
        let end = file.read(from, SEARCHED_BYTES)?;
        Ok(Self::last_in(&end))
    }

    /// Of the last block group. A byte that looks like the start of one is one if its elements fill it exactly.
    fn last_in(bytes: &[u8]) -> Option<Self> {
        let starts = (0..bytes.len()).rev();
        let mut starts = starts.filter(|at| bytes[*at] == BLOCK_GROUP);
        starts.find_map(|at| Self::of_group(&bytes[at + 1..]))
    }

    /// Of a block group, from its size on.
    fn of_group(mut bytes: &[u8]) -> Option<Self> {
        let size = usize::try_from(size(&mut bytes)?).ok()?;
        let mut group = bytes.get(..size)?;
        let (mut packet, mut nanoseconds) = (None, None);
        while !group.is_empty() {
            let id = id(&mut group)?;
            let size = usize::try_from(self::size(&mut group)?).ok()?;
            let element;
            (element, group) = group.split_at_checked(size)?;
            match id {
                BLOCK => packet = Some(packet_of(element)?.to_vec()),
                DISCARD_PADDING => nanoseconds = Some(signed(element)?),
                _ => {}
            }
        }
        Some(Self {
            packet: packet?,
            nanoseconds: nanoseconds?,
        })
    }

    /// Takes the padding from the last packet of a track, if it is that one's. The decoder then leaves these frames out.
    pub(crate) fn take_from(&self, packet: &mut Packet, rate: u32) {
        if packet.data[..] != self.packet[..] {
            return; // another track's
        }
        let frames = self.nanoseconds.unsigned_abs() as f64 * f64::from(rate) / 1e9;
        let frames = Duration::from(frames.round() as u64);
        match self.nanoseconds < 0 {
            true => packet.trim_start = frames,
            false => packet.trim_end = frames,
        }
    }
}

/// The only packet of a block.
fn packet_of(mut block: &[u8]) -> Option<&[u8]> {
    size(&mut block)?; // the track's number has the form of a size
    let [_, _, flags, packet @ ..] = block else {
        return None; // without its time
    };
    (flags & LACING == 0).then_some(packet)
}

/// An element's identifier, with the marker of its length (RFC 8794, section 5).
fn id(bytes: &mut &[u8]) -> Option<u32> {
    let length = 1 + bytes.first()?.leading_zeros() as usize;
    let (id, rest) = bytes.split_at_checked(length).filter(|_| length <= 4)?;
    *bytes = rest;
    Some(id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte)))
}

/// An element's size, without the marker of its length (RFC 8794, section 4). The size of all ones, unknown, is larger than
/// any element.
fn size(bytes: &mut &[u8]) -> Option<u64> {
    let zeros = bytes.first()?.leading_zeros();
    let (size, rest) = bytes
        .split_at_checked(1 + zeros as usize)
        .filter(|_| zeros < 8)?;
    *bytes = rest;
    let first = u64::from(size[0]) & (0x7F >> zeros);
    let size = &size[1..];
    Some(
        size.iter()
            .fold(first, |size, byte| size << 8 | u64::from(*byte)),
    )
}

fn signed(element: &[u8]) -> Option<i64> {
    let first = i64::from(*element.first()? as i8);
    let rest = &element[1..];
    (rest.len() < 8).then(|| rest.iter().fold(first, |n, byte| n << 8 | i64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group with a block of track 1 at time 5 with the packet 1 2 3, and so many nanoseconds.
    fn group(padding: &[u8]) -> Vec<u8> {
        let mut inside = vec![0xA1, 0x87, 0x81, 0, 5, 0, 1, 2, 3];
        inside.extend([0x75, 0xA2, 0x80 | padding.len() as u8]);
        inside.extend(padding);
        let mut group = vec![0xA0, 0x40, inside.len() as u8]; // a size may have more bytes than it needs
        group.extend(inside);
        group
    }

    #[test]
    fn the_last_group_with_padding_counts() {
        let mut file = vec![0xA0, 0xA0, 0x85, 7];
        file.extend(group(&[0x01, 0x00]));
        file.extend(group(&[0xFF, 0x38]));
        file.extend([0xA0, 0x82, 0xA1]); // cut off
        let padding = Padding::last_in(&file).unwrap();
        assert_eq!(padding.packet, [1, 2, 3]);
        assert_eq!(padding.nanoseconds, -200);
    }

    #[test]
    fn what_is_not_whole_is_no_group() {
        let whole = group(&[0x01, 0x00]);
        assert!(Padding::last_in(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(Padding::last_in(&whole[..end]), None, "{end} bytes");
        }
        for index in 0..whole.len() {
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[index] = byte;
                let _ = Padding::last_in(&changed); // no panic
            }
        }
        assert_eq!(Padding::last_in(&group(&[])), None);
        assert_eq!(Padding::last_in(&group(&[0; 9])), None);
        let laced = group(&[1]).into_iter().enumerate();
        let laced: Vec<u8> = laced.map(|(i, b)| if i == 8 { 0x02 } else { b }).collect();
        assert_eq!(Padding::last_in(&laced), None);
    }

    #[test]
    fn only_its_own_packet_is_cut() {
        let padding = Padding::last_in(&group(&[0x0F, 0x42, 0x40])).unwrap(); // 1 ms
        let packet = |data: &[u8]| Packet::new(1, 0.into(), 0u64.into(), data.to_vec());
        let (mut own, mut other) = (packet(&[1, 2, 3]), packet(&[1, 2]));
        padding.take_from(&mut own, 48_000);
        padding.take_from(&mut other, 48_000);
        assert_eq!((own.trim_end.get(), other.trim_end.get()), (48, 0));
    }
}
