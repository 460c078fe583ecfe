//! Texts of strangers (cards, file names, sessions) in one line of a terminal or a panel.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character shows itself and nothing else: no control character, escape or line break, none that reverses
/// the direction of the text, and none that is invisible. Joiners are visible: they shape emoji and some scripts.
pub fn is_printable(letter: char) -> bool {
    let hidden = matches!(letter,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' // directions
        | '\u{2028}' | '\u{2029}' // line and paragraph
        | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    !letter.is_control() && !hidden
}

/// The text with every character that is not [printable](is_printable) written as `\u{202e}`. Allocates only if there
/// is one.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_printable(letter) {
            clean.push(letter);
        } else {
            let _ = write!(clean, "{}", letter.escape_unicode()); // a string takes everything
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mislead_is_escaped() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", r"a\u{1b}[2Jb"),
            ("gpj.\u{202e}3pm", r"gpj.\u{202e}3pm"),
            ("a\r\nb\tc", r"a\u{d}\u{a}b\u{9}c"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("one\u{2028}two\u{200b}", r"one\u{2028}two\u{200b}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn texts_of_all_languages_stay() {
        for text in [
            "Ré majeur – 犬",
            "שלום",
            "می‌خواهم",
            "👩‍🎤 ♪",
            r"C:\music\a.wav",
            "",
        ] {
            assert!(
                matches!(printable(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }
}
