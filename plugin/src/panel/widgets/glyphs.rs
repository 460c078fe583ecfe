//! Texts in scripts that no font covers, written in Latin letters instead of boxes.

use std::borrow::Cow;

use egui::{Context, FontId};

use super::system_fonts;

/// Follows a text in Latin letters in its tooltip.
const WHY_LATIN: &str =
    "In brackets: Latin letters for characters that no font on this system has.";

/// `text` as it can be drawn: characters without a glyph are transcribed into Latin letters in brackets, "犬" as "[Quan]".
/// Where that happens, the fonts of the system are searched in the background: a later frame may draw the original.
/// Allocates only for a transcription.
pub(crate) fn drawable<'a>(context: &Context, text: &'a str) -> Cow<'a, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let font = FontId::default(); // all texts of the panel have its family
    let drawn =
        context.fonts_mut(|fonts| transcribe(text, |letter| fonts.has_glyph(&font, letter)));
    if let Cow::Owned(_) = drawn {
        let missing = text.chars().find(|letter| {
            !context.fonts_mut(|fonts| is_drawn(*letter, |letter| fonts.has_glyph(&font, letter)))
        });
        system_fonts::search(&missing.map_or_else(String::new, String::from));
    }
    drawn
}

/// The tooltip of a text that is drawn with [`drawable`], and whether it says more than the text itself.
pub(crate) fn tooltip<'a>(context: &Context, text: &'a str) -> (Cow<'a, str>, bool) {
    match drawable(context, text) {
        Cow::Borrowed(text) => (Cow::Borrowed(text), false),
        Cow::Owned(latin) => (Cow::Owned(format!("{latin}\n{WHY_LATIN}")), true),
    }
}

/// Replaces each run of characters that `has_glyph` denies by its transcription in brackets.
fn transcribe(text: &str, mut has_glyph: impl FnMut(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(|letter| is_drawn(letter, &mut has_glyph)) {
        return Cow::Borrowed(text);
    }
    let mut drawn = String::new();
    let mut run = String::new();
    let mut spaces = 0; // of the text, after the run
    for letter in text.chars() {
        if !is_drawn(letter, &mut has_glyph) {
            // Spaces between missing words belong to the run.
            run.push_str(if spaces > 0 { " " } else { "" });
            spaces = 0;
            match deunicode::deunicode_char(letter) {
                // Without letters of its own, as a mark that changes the letter before.
                Some(latin) if !run.is_empty() || !latin.trim().is_empty() => run.push_str(latin),
                _ => run.push_str(&format!("U+{:04X} ", u32::from(letter))),
            }
        } else if letter == ' ' && !run.is_empty() {
            spaces += 1;
        } else {
            close(&mut run, &mut spaces, &mut drawn);
            drawn.push(letter);
        }
    }
    close(&mut run, &mut spaces, &mut drawn);
    Cow::Owned(drawn)
}

/// Moves the transcription of a run to `drawn`, in brackets, and the spaces after it.
fn close(run: &mut String, spaces: &mut usize, drawn: &mut String) {
    if !run.is_empty() {
        let words: Vec<&str> = run.split_whitespace().collect();
        drawn.push_str(&format!("[{}]{}", words.join(" "), " ".repeat(*spaces)));
        (*spaces, *run) = (0, String::new());
    }
}

/// Whether a character is drawn as it should be: it has a glyph or is invisible.
fn is_drawn(letter: char, mut has_glyph: impl FnMut(char) -> bool) -> bool {
    let joins_or_directs = matches!(letter,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}');
    letter.is_ascii() || letter.is_control() || joins_or_directs || has_glyph(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_without_a_glyph_are_transcribed_in_brackets() {
        for (text, drawn) in [
            ("Dog", "Dog"),
            ("Chien, été", "Chien, été"),
            ("犬", "[Quan]"),
            ("犬 (dog)", "[Quan] (dog)"),
            ("dog · 犬吠", "dog · [Quan Fei]"),
            ("собака", "[sobaka]"),
            ("כלב", "[klb]"),
            ("कुत्ता", "[kuttaa]"),
            ("犬 吠  x", "[Quan Fei]  x"),
            ("\u{10FFFD}", "[U+10FFFD]"),
            ("zero\u{200D}width", "zero\u{200D}width"),
        ] {
            assert_eq!(
                transcribe(text, |letter| letter < '\u{250}'),
                drawn,
                "{text}"
            );
            assert_eq!(transcribe(text, |_| true), text);
        }
    }
}
