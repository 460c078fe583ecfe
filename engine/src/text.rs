//! Texts in one line of a terminal or a panel: those of strangers (cards, file names, sessions), and errors with their causes.

use std::borrow::Cow;
use std::error::Error;
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

/// An error and its causes, each told once (messages often contain their cause), and [without numbers](without_error_numbers).
/// Allocates.
pub fn error_in_one_line<'a>(
    causes: impl IntoIterator<Item = &'a (dyn Error + 'static)>,
) -> String {
    let mut text = String::new();
    for cause in causes.into_iter().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    without_error_numbers(&text).into_owned()
}

/// The text without the numbers of the system's errors, `(os error 2)`: the words before them say the same. Allocates only if
/// there is one.
pub fn without_error_numbers(text: &str) -> Cow<'_, str> {
    const START: &str = " (os error ";
    if !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        plain.push_str(before);
        let digits = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
        rest = match digits.strip_prefix(')') {
            Some(end) => end,
            None => {
                plain.push_str(START);
                after
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
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

    #[derive(Debug)]
    struct Says(&'static str);

    impl std::fmt::Display for Says {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Says {}

    #[test]
    fn a_cause_is_told_once() {
        for (causes, told) in [
            (
                ["a.csv: cannot be written: disk full", "disk full"],
                "a.csv: cannot be written: disk full",
            ),
            (["a.csv", "disk full (os error 28)"], "a.csv: disk full"),
        ] {
            let causes = causes.map(Says);
            let chain = causes.iter().map(|cause| cause as &(dyn Error + 'static));
            assert_eq!(error_in_one_line(chain), told);
        }
    }

    #[test]
    fn numbers_of_the_system_are_left_out() {
        for (text, plain) in [
            ("a: No such file (os error 2)", "a: No such file"),
            ("a (os error 13): b (os error 28).", "a: b."),
            ("a (os error x)", "a (os error x)"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_error_numbers(text), plain);
        }
    }
}
