//! Bands in the styles of mma's library, over random changes.

use std::path::Path;

use anyhow::Context;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::{Piece, Recipe, held_out};
use hamiltone_training::random::stream;

/// Where Debian's mma has its styles.
const LIBRARY: &str = "/usr/share/mma/lib/stdlib";
/// Grooves of a style, at most.
const GROOVES: usize = 4;
const BARS: usize = 10;
const KEYS: [&str; 12] = [
    "C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B",
];
/// Changes: half-tones above the key, and the chord.
const CHANGES: [[(usize, &str); 4]; 5] = [
    [(0, ""), (9, "m"), (5, ""), (7, "7")],
    [(0, "7"), (5, "7"), (0, "7"), (7, "7")],
    [(2, "m7"), (7, "7"), (0, "M7"), (9, "m7")],
    [(0, "m"), (8, ""), (3, ""), (10, "")],
    [(0, ""), (5, ""), (0, ""), (7, "")],
];

pub(super) fn pieces() -> anyhow::Result<Vec<Piece>> {
    let folder = std::fs::read_dir(LIBRARY)
        .with_context(|| format!("there is no {LIBRARY}: install the package mma"))?;
    let mut styles = Vec::new();
    for entry in folder {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mma") {
            styles.push(path);
        }
    }
    styles.sort();
    let mut pieces = Vec::new();
    for (number, style) in styles.iter().enumerate() {
        pieces.extend(of_style(number, style)?);
    }
    Ok(pieces)
}

fn of_style(number: usize, style: &Path) -> anyhow::Result<Vec<Piece>> {
    let bytes = std::fs::read(style).with_context(|| style.display().to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let names = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let defines = words.next()?.eq_ignore_ascii_case("DefGroove");
        defines.then(|| words.next()).flatten()
    });
    let names: Vec<&str> = names.collect();
    let style = style.file_stem().unwrap_or_default().to_string_lossy();
    let step = names.len().div_ceil(GROOVES).max(1);
    let some = names.iter().step_by(step).enumerate();
    let pieces = some.map(|(take, groove)| Piece {
        name: format!("{style}-{groove}"),
        group: style.to_string(),
        held_out: held_out(number),
        recipe: Recipe::Accompany(chart(groove, stream(4, &[number as u64, take as u64]))),
    });
    Ok(pieces.collect())
}

fn chart(groove: &str, mut random: ChaCha8Rng) -> String {
    let key = random.random_range(0..KEYS.len());
    let changes = CHANGES.choose(&mut random).copied().unwrap_or(CHANGES[0]);
    let mut chart = format!("Tempo {}\nGroove {groove}\n", random.random_range(75..165));
    for bar in 0..BARS {
        let (above, chord) = changes[bar % changes.len()];
        chart += &format!("{} {}{chord}\n", bar + 1, KEYS[(key + above) % KEYS.len()]);
    }
    chart
}
