//! Speech in every language of espeak-ng, by many of its voices.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::{Piece, Recipe, held_out, run};
use hamiltone_training::random::stream;

/// Takes of a language.
const TAKES: u64 = 3;
/// Voices (espeak-ng calls them variants) of men, women, the old, and those who whisper.
const VOICES: [&str; 24] = [
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "whisper",
    "whisperf", "croak", "grandma", "grandpa", "adam", "anika", "belinda", "boris", "linda", "zac",
];
/// Sentences for English voices; the others count, which needs no text in their language.
const SENTENCES: [&str; 6] = [
    "Good evening, and welcome. Tonight we listen to the sounds of a small town by the sea.",
    "Could you turn the music down a little? I can hardly hear what you are saying!",
    "The next train to the harbour leaves from platform four in about twenty minutes.",
    "First warm the oil, then add the onions, and stir until they are soft and golden.",
    "No, no, wait. I had it a minute ago. It was right here on the table, beside the lamp.",
    "In the valley the rain had stopped, and one after another the birds began to sing again.",
];

pub(super) fn pieces() -> anyhow::Result<Vec<Piece>> {
    let table = run("espeak-ng", &["--voices".to_owned()])?;
    let languages = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(1));
    let pieces = languages
        .enumerate()
        .flat_map(|(number, language)| (0..TAKES).map(move |take| piece(number, language, take)));
    Ok(pieces.collect())
}

fn piece(number: usize, language: &str, take: u64) -> Piece {
    let mut random = stream(1, &[number as u64, take]);
    let voice = VOICES.choose(&mut random).copied().unwrap_or("m1");
    let text = if language.starts_with("en") {
        let sentences = SENTENCES.choose_multiple(&mut random, 2);
        sentences.copied().collect::<Vec<_>>().join(" ")
    } else {
        let numbers = (0..8).map(|_| random.random_range(1..3_000u32).to_string());
        numbers.collect::<Vec<_>>().join(", ")
    };
    let arguments = [
        ("-v", format!("{language}+{voice}")),
        ("-s", random.random_range(110..220u32).to_string()),
        ("-p", random.random_range(20..80u32).to_string()),
    ];
    let mut words: Vec<String> = arguments
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect();
    words.push(text);
    Piece {
        name: format!("{language}-{take}"),
        group: language.to_owned(),
        held_out: held_out(number),
        recipe: Recipe::Speak(words),
    }
}
