//! Places decoded frames on the timeline of the file: removes encoder delay and padding, applies edit lists, and fills gaps
//! with silence.

use std::collections::VecDeque;

use crate::movie::Edit;
use crate::warning::Warning;

/// The most silence that is inserted, so that a small file cannot become days of audio.
const MAX_SILENCE_S: f64 = 6.0 * 3600.0;
/// The shortest gap between packets; smaller differences are rounding of timestamps.
const MIN_GAP_S: f64 = 0.1;
/// The shortest gap that gives a warning.
const MIN_WARNING_S: f64 = 0.1;

/// One piece of the output.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Silence(u64),
    /// A range of frames of the media: start and end.
    Media(u64, u64),
}

/// Output for decoded frames: silence, or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placed {
    Silence(u64),
    Frames(std::ops::Range<usize>),
}

impl Placed {
    /// Whether there is no output.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Silence(length) => *length == 0,
            Self::Frames(range) => range.is_empty(),
        }
    }
}

/// The state for placing packets by their timestamps.
#[derive(Debug)]
struct Packets {
    /// Encoder delay in frames, if known more precisely than by timestamps in milliseconds.
    skip: Option<u64>,
    /// The position of the next frame.
    next: Option<i64>,
    silence_left: u64,
}

/// The pieces that are not complete, in the order of the media.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// `None` passes all frames on.
    pieces: Option<VecDeque<Piece>>,
    packets: Option<Packets>,
    pub(crate) warnings: Vec<Warning>,
}

impl Placement {
    /// Removes `skip` frames, then passes on `length` frames, or all.
    pub(crate) fn range(skip: u64, length: Option<u64>) -> Self {
        let end = length.map_or(u64::MAX, |length| skip.saturating_add(length));
        Self {
            pieces: Some(VecDeque::from([Piece::Media(skip, end)])),
            ..Self::default()
        }
    }

    /// Places frames by the timestamps of their packets. `skip` is the number of frames to remove, if the header of the
    /// codec states it.
    pub(crate) fn by_packets(rate: u32, skip: Option<u64>) -> Self {
        Self {
            packets: Some(Packets {
                skip,
                next: None,
                silence_left: longest_silence(rate),
            }),
            ..Self::default()
        }
    }

    /// Applies an edit list.
    pub(crate) fn edited(edits: &[Edit], rate: u32) -> Self {
        let refused = |reason| Self {
            warnings: vec![Warning::EditList { reason }],
            ..Self::default()
        };
        let mut pieces = VecDeque::new();
        let (mut warnings, mut media_end, mut silence) = (Vec::new(), 0, 0.0);
        let mut at_s = 0.0;
        for (index, edit) in edits.iter().enumerate() {
            // Silence after the last media is left out. Without any media, the media follows.
            let last = index + 1 == edits.len() && !pieces.is_empty();
            let Some(from_s) = edit.from_s else {
                let length_s = edit.length_s.unwrap_or(0.0);
                silence += length_s;
                if silence > MAX_SILENCE_S {
                    return refused("has gaps of more than 6 hours");
                }
                if length_s >= MIN_WARNING_S && !last {
                    warnings.push(Warning::Gap { at_s, length_s });
                }
                if !last {
                    pieces.push_back(Piece::Silence(frames(length_s, rate)));
                }
                at_s += length_s;
                continue;
            };
            if !edit.at_rate_1 {
                return refused("plays parts of the media at another speed");
            }
            let from = frames(from_s, rate);
            if from < media_end {
                return refused("plays parts of the media twice or in another order");
            }
            let length = edit
                .length_s
                .map_or(u64::MAX, |length| frames(length, rate));
            media_end = from.saturating_add(length);
            at_s += edit.length_s.unwrap_or(0.0);
            pieces.push_back(Piece::Media(from, media_end));
        }
        if !pieces.iter().any(|piece| matches!(piece, Piece::Media(..))) {
            pieces.push_back(Piece::Media(0, u64::MAX));
        }
        Self {
            pieces: Some(pieces),
            warnings,
            ..Self::default()
        }
    }

    /// The output for `count` frames that begin at frame `position` of the media.
    pub(crate) fn place(&mut self, position: i64, count: usize, rate: u32) -> Vec<Placed> {
        let mut placed = Vec::new();
        if let Some(packets) = &mut self.packets {
            return packets.place(position, count, rate, &mut self.warnings);
        }
        let Some(pieces) = &mut self.pieces else {
            return vec![Placed::Frames(0..count)];
        };
        let begin = u64::try_from(position).unwrap_or(0);
        let end = begin + count as u64;
        while let Some(piece) = pieces.front().copied() {
            match piece {
                Piece::Silence(length) => {
                    placed.push(Placed::Silence(length));
                    pieces.pop_front();
                }
                Piece::Media(from, to) => {
                    let (first, last) = (from.max(begin), to.min(end));
                    if first < last {
                        let range = (first - begin) as usize..(last - begin) as usize;
                        placed.push(Placed::Frames(range));
                    }
                    if to > end {
                        break;
                    }
                    pieces.pop_front();
                }
            }
        }
        placed
    }

    /// Whether the output is complete.
    pub(crate) fn is_over(&self) -> bool {
        self.pieces.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// The length of the output for `media` frames, in frames.
    pub(crate) fn length(&self, media: u64) -> u64 {
        let Some(pieces) = &self.pieces else {
            return media;
        };
        let length = |piece: &Piece| match *piece {
            Piece::Silence(length) => length,
            Piece::Media(from, to) => to.min(media).saturating_sub(from),
        };
        pieces.iter().map(length).sum()
    }
}

impl Packets {
    fn place(
        &mut self,
        position: i64,
        count: usize,
        rate: u32,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Placed> {
        let mut placed = Vec::new();
        let first = match self.skip {
            Some(skip) if position < 0 => -i64::try_from(skip).unwrap_or(0),
            _ => position.min(0),
        };
        let mut next = self.next.unwrap_or(first);
        let gap = u64::try_from(position.saturating_sub(next)).unwrap_or(0);
        if gap >= frames(MIN_GAP_S, rate) && gap <= self.silence_left {
            let second = |frames: u64| frames as f64 / f64::from(rate);
            warnings.push(Warning::Gap {
                at_s: second(u64::try_from(next).unwrap_or(0)),
                length_s: second(gap),
            });
            placed.push(Placed::Silence(gap));
            self.silence_left -= gap;
            next = position;
        }
        let cut = next.saturating_neg().clamp(0, count as i64) as usize;
        placed.push(Placed::Frames(cut..count));
        self.next = Some(next.saturating_add(count as i64));
        placed
    }
}

/// The most frames of silence that are inserted.
pub(crate) fn longest_silence(rate: u32) -> u64 {
    frames(MAX_SILENCE_S, rate)
}

fn frames(seconds: f64, rate: u32) -> u64 {
    (seconds * f64::from(rate)).round() as u64 // saturates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(from_s: Option<f64>, length_s: f64) -> Edit {
        Edit {
            from_s,
            length_s: Some(length_s),
            at_rate_1: true,
        }
    }

    #[test]
    fn an_edit_list_cuts_the_beginning_leaves_a_gap_and_ends() {
        let edits = [
            edit(None, 2.0),
            edit(Some(1.0), 1.0),
            edit(None, 0.5),
            edit(Some(3.0), 1.0),
        ];
        let mut placement = Placement::edited(&edits, 1000);
        assert_eq!(placement.length(10_000), 4_500);
        assert_eq!(
            placement.place(0, 1500, 1000),
            [Placed::Silence(2000), Placed::Frames(1000..1500)]
        );
        assert_eq!(
            placement.place(1500, 1500, 1000),
            [Placed::Frames(0..500), Placed::Silence(500)]
        );
        assert_eq!(placement.place(3000, 1500, 1000), [Placed::Frames(0..1000)]);
        assert!(placement.is_over());
        assert_eq!(placement.warnings.len(), 2);
    }

    #[test]
    fn an_edit_list_that_cannot_be_applied_gives_a_warning() {
        let twice = [edit(Some(0.0), 1.0), edit(Some(0.0), 1.0)];
        let slow = [Edit {
            at_rate_1: false,
            ..edit(Some(0.0), 1.0)
        }];
        let days = [edit(None, 1e9), edit(Some(0.0), 1.0)];
        for edits in [&twice[..], &slow, &days] {
            let mut placement = Placement::edited(edits, 1000);
            assert!(matches!(placement.warnings[..], [Warning::EditList { .. }]));
            assert_eq!(placement.place(0, 9, 1000), [Placed::Frames(0..9)]);
        }
    }

    #[test]
    fn packets_that_start_late_or_leave_a_gap_keep_their_times() {
        let mut placement = Placement::by_packets(1000, None);
        assert_eq!(placement.place(-30, 100, 1000), [Placed::Frames(30..100)]);
        assert_eq!(placement.place(71, 100, 1000), [Placed::Frames(0..100)]);
        assert_eq!(
            placement.place(670, 10, 1000),
            [Placed::Silence(500), Placed::Frames(0..10)]
        );
    }
}
