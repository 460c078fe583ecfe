//! Notes: the same in any block size, and none hangs.

use super::*;

/// The notes of a render: frame, key, on.
fn notes_of(block: usize) -> Vec<(u64, u8, bool)> {
    let bench = Bench::new();
    put(&bench.params.threshold, 0.2);
    put(&bench.params.notes, true);
    let mut tap = bench.start(true);
    let mut sound = rooster();
    sound.extend(vec![0.0; 2 * RATE as usize]);
    let mut heard = Vec::new();
    let mut begin = 0;
    for block in sound.chunks(block) {
        tap.hear(&[block, block], Listen::Mix);
        tap.play_notes(block.len(), true, |offset, note| {
            heard.push((begin + u64::from(offset), note.key, note.velocity.is_some()));
        });
        begin += block.len() as u64;
    }
    heard
}

#[test]
fn a_render_gives_the_same_notes_in_any_block_size() {
    let notes = notes_of(512);
    assert!(notes.iter().any(|(_, _, on)| *on), "the rooster is heard");
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

#[test]
fn switching_notes_off_ends_those_that_sound() {
    let mut bench = Bench::new();
    put(&bench.params.threshold, 0.1);
    put(&bench.params.notes, true);
    let mut tap = bench.start(false);
    let mut sounding = std::collections::HashSet::new();
    let mut follow = |tap: &mut Tap, block: &[f32]| {
        tap.hear(&[block, block], Listen::Mix);
        tap.play_notes(block.len(), true, |_, note| {
            if note.velocity.is_some() {
                sounding.insert(note.key);
            } else {
                sounding.remove(&note.key);
            }
        });
        sounding.len()
    };
    let sound = rooster();
    sound.chunks(512).for_each(|block| {
        follow(&mut tap, block);
    });
    bench.wait("tags", |s| s.time_s > 1.7);
    // Another second, so that every note so far has come.
    let mut count = 0;
    for block in sound.chunks(512).take(60) {
        count = follow(&mut tap, block);
    }
    assert!(count > 0, "something sounds");
    put(&bench.params.notes, false);
    let start = Instant::now();
    while follow(&mut tap, &[0.0; 64]) > 0 {
        assert!(start.elapsed() < PATIENCE, "notes hang");
        std::thread::sleep(Duration::from_millis(2));
    }
}
