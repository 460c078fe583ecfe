//! Notes: the same in any block size, and none hangs.

use super::*;

/// The notes of a render: frame, key, on.
fn notes_of(block: usize) -> Vec<(u64, u8, bool)> {
    let bench = Bench::new();
    put(&bench.params.threshold, 0.05);
    put(&bench.params.window, 0.5);
    put(&bench.params.notes, true);
    let mut tap = bench.start(true);
    let mut sound = rooster();
    sound.extend(vec![0.0; 2 * RATE as usize]);
    let mut played = Vec::new();
    let mut begin = 0;
    for block in sound.chunks(block) {
        tap.write(&[block, block], Listen::Mix);
        tap.play_notes(block.len(), true, |offset, note| {
            played.push((begin + u64::from(offset), note.key, note.velocity.is_some()));
        });
        begin += block.len() as u64;
    }
    played
}

#[test]
fn a_render_gives_the_same_notes_in_any_block_size() {
    let notes = notes_of(512);
    assert!(
        notes.iter().any(|(_, _, on)| *on),
        "the rooster turns a label on"
    );
    for block in [64, 4096] {
        assert_eq!(notes_of(block), notes);
    }
    for (index, (frame, key, on)) in notes.iter().enumerate() {
        if !on {
            let begun = notes[..index]
                .iter()
                .any(|(at, k, on)| *on && k == key && at <= frame);
            assert!(begun, "{key} ends before it begins");
        }
    }
}

/// Keys that sound, followed block by block.
#[derive(Default)]
struct Synthesizer {
    sounding: std::collections::HashSet<u8>,
}

impl Synthesizer {
    fn follow(&mut self, tap: &mut Tap, frames: usize) {
        tap.play_notes(frames, true, |_, note| {
            if note.velocity.is_some() {
                self.sounding.insert(note.key);
            } else {
                self.sounding.remove(&note.key);
            }
        });
    }

    /// Lets `pass` take 64 frames at a time until nothing sounds.
    fn end(&mut self, tap: &mut Tap, pass: impl Fn(&mut Tap)) {
        let start = Instant::now();
        while !self.sounding.is_empty() {
            assert!(start.elapsed() < PATIENCE, "notes hang");
            pass(tap);
            self.follow(tap, 64);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Plays the rooster until something sounds.
fn sounding() -> (Bench, Tap, Synthesizer) {
    let (bench, mut synthesizer) = (Bench::new(), Synthesizer::default());
    put(&bench.params.threshold, 0.1);
    put(&bench.params.notes, true);
    let mut tap = bench.start(false);
    let sound = rooster();
    let start = Instant::now();
    for block in sound.chunks(512).cycle() {
        tap.write(&[block, block], Listen::Mix);
        synthesizer.follow(&mut tap, block.len());
        if !synthesizer.sounding.is_empty() {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "nothing sounds");
        std::thread::sleep(Duration::from_millis(2));
    }
    (bench, tap, synthesizer)
}

#[test]
fn switching_notes_off_ends_those_that_sound() {
    let (bench, mut tap, mut synthesizer) = sounding();
    put(&bench.params.notes, false);
    synthesizer.end(&mut tap, |tap| tap.write(&[[0.0; 64]; 2], Listen::Mix));
}

#[test]
fn bypass_ends_notes_though_nothing_is_heard() {
    let (bench, mut tap, mut synthesizer) = sounding();
    put(&bench.params.bypass, true);
    synthesizer.end(&mut tap, |tap| tap.skip(64));
}
