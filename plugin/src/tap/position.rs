//! Checks whether the host's position follows its audio. Some hosts report position 0 while they play; a host that
//! shuttles, plays backwards or at another speed moves the position by more or less than the audio.

/// Tolerance in frames: hosts that count in beats are sometimes off by a frame.
const ROUNDING: u64 = 32;

/// A position that stays the same for this long, in seconds of audio, has stopped. A host that splits a block at
/// events may give all parts the same position, so a shorter time proves nothing.
const STANDING_S: f64 = 0.25;

/// So many jumps in a row are accepted; after more, the position is considered invalid until two blocks are contiguous.
const JUMPS: u32 = 3;

/// The position of a running transport.
#[derive(Debug)]
pub(super) struct Position {
    /// Frames for which a position may stay the same.
    patience: u64,
    /// The latest position that differed from the previous one, and the frame of the stream for which it was reported.
    reported: Option<(i64, u64)>,
    /// Whether the latest block came without a position.
    unreported: bool,
    standing: bool,
    /// Jumps since two blocks were last contiguous.
    jumps: u32,
}

impl Position {
    pub(super) fn new(sample_rate: f64) -> Self {
        Self {
            patience: (STANDING_S * sample_rate) as u64,
            reported: None,
            unreported: true,
            standing: false,
            jumps: 0,
        }
    }

    /// The transport starts at `frame` of the stream, at `position` if the host reports one.
    pub(super) fn start(&mut self, position: Option<i64>, frame: u64) {
        self.reported = position.map(|position| (position, frame));
        self.unreported = position.is_none();
        self.standing = false;
        self.jumps = 0;
    }

    /// Takes the position that the host reports for the block at `frame` of the stream. Returns whether it jumped.
    pub(super) fn follow(&mut self, position: Option<i64>, frame: u64) -> bool {
        self.unreported = position.is_none();
        let Some(position) = position else {
            return false;
        };
        let Some((reported, at)) = self.reported else {
            self.start(Some(position), frame);
            return false;
        };
        let passed = frame - at;
        if position == reported && passed > 0 {
            self.standing = passed > self.patience;
            return false;
        }
        self.reported = Some((position, frame));
        self.standing = false;
        let expected = reported.saturating_add_unsigned(passed);
        if expected.abs_diff(position) <= ROUNDING {
            self.jumps = 0;
            return false;
        }
        self.jumps = self.jumps.saturating_add(1);
        self.jumps <= JUMPS
    }

    /// The position of `frame` of the stream, if known.
    pub(super) fn of(&self, frame: u64) -> Option<i64> {
        if self.unreported || self.standing || self.jumps > JUMPS {
            return None;
        }
        let (reported, at) = self.reported?;
        Some(reported.saturating_add_unsigned(frame - at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = 512;

    /// Reports the position of `blocks` blocks, `step` frames apart. Returns the jumps.
    fn report(
        position: &mut Position,
        frame: &mut u64,
        from: i64,
        step: i64,
        blocks: i64,
    ) -> Vec<i64> {
        let mut jumps = Vec::new();
        for block in 0..blocks {
            if position.follow(Some(from + block * step), *frame) {
                jumps.push(block);
            }
            *frame += BLOCK;
        }
        jumps
    }

    #[test]
    fn a_jump_is_told_once_and_small_errors_are_none() {
        let (mut position, mut frame) = (Position::new(48_000.0), BLOCK);
        position.start(Some(1_000), 0);
        assert_eq!(report(&mut position, &mut frame, 1_512, 512, 9), [0; 0]);
        assert_eq!(report(&mut position, &mut frame, 0, 512, 9), [0]);
        assert_eq!(
            report(&mut position, &mut frame, 9 * 512 + 20, 512, 9),
            [0; 0]
        );
        assert_eq!(position.of(frame), Some(18 * 512 + 20));
    }

    #[test]
    fn a_position_that_never_moves_is_none() {
        let (mut position, mut frame) = (Position::new(48_000.0), BLOCK);
        position.start(Some(0), 0);
        assert_eq!(report(&mut position, &mut frame, 0, 0, 1_000), [0; 0]);
        assert_eq!(position.of(frame), None);
        // It moves in the end: that is a beginning.
        assert_eq!(report(&mut position, &mut frame, 512, 512, 10), [0]);
        assert_eq!(position.of(frame), Some(11 * 512));
    }

    #[test]
    fn parts_of_one_block_may_share_its_position() {
        let (mut position, mut frame) = (Position::new(48_000.0), 0);
        position.start(Some(0), 0);
        for block in 0..20 {
            let first = block * 4 * BLOCK as i64;
            assert_eq!(report(&mut position, &mut frame, first, 0, 4), [0; 0]);
            assert_eq!(position.of(frame), Some(frame as i64));
        }
    }

    #[test]
    fn a_position_that_does_not_follow_the_audio_is_none_until_it_does() {
        for step in [1_024, -512, 100] {
            let (mut position, mut frame) = (Position::new(48_000.0), BLOCK);
            position.start(Some(0), 0);
            let jumps = report(&mut position, &mut frame, 100_000, step, 100);
            assert_eq!(jumps, [0, 1, 2], "{step}");
            assert_eq!(position.of(frame), None, "{step}");
            let now = 100_000 + 99 * step + 512;
            assert_eq!(report(&mut position, &mut frame, now, 512, 2), [0; 0]);
            assert_eq!(position.of(frame), Some(now + 1_024), "{step}");
        }
    }

    #[test]
    fn a_host_may_say_nothing_for_a_while() {
        let (mut position, mut frame) = (Position::new(48_000.0), 0);
        position.start(None, 0);
        assert_eq!(position.of(0), None);
        assert_eq!(report(&mut position, &mut frame, 700, 512, 3), [0; 0]);
        assert!(!position.follow(None, frame));
        assert_eq!(position.of(frame), None);
        frame += BLOCK;
        assert_eq!(
            report(&mut position, &mut frame, 700 + 4 * 512, 512, 3),
            [0; 0]
        );
        for extreme in [i64::MIN, i64::MAX] {
            position.follow(Some(extreme), frame);
            position.of(u64::MAX);
        }
    }
}
