//! Wrong arguments: the exit code 2, and one style for all errors.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Error;
use clap::Parser;

use crate::arguments::Arguments;

/// The exit code for wrong arguments.
const WRONG_USAGE: u8 = 2;

/// An argument is wrong in itself, such as an unknown label. Contains the message.
#[derive(Debug)]
pub(crate) struct WrongArgument(pub(crate) String);

impl fmt::Display for WrongArgument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for WrongArgument {}

/// The exit code after an error.
pub(crate) fn exit_code(error: &Error) -> ExitCode {
    match error.is::<WrongArgument>() {
        true => ExitCode::from(WRONG_USAGE),
        false => ExitCode::FAILURE,
    }
}

/// Parses the command line.
///
/// # Errors
/// The exit code, after help, version or an error was printed.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, ExitCode> {
    Arguments::try_parse_from(arguments).map_err(|error| {
        if !error.use_stderr() {
            let _ = error.print(); // stdout may be closed
            return ExitCode::SUCCESS;
        }
        // clap begins with `error: ` or with the help text.
        let text = error.render().to_string();
        let prefix = if text.starts_with("error: ") {
            "hamiltone: "
        } else {
            ""
        };
        let _ = write!(io::stderr(), "{prefix}{text}");
        ExitCode::from(WRONG_USAGE)
    })
}

/// An error on one line with its causes, unless a message already contains its cause, and without the numbers of the system
/// (`(os error 2)`).
pub(crate) fn text_of(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    without_numbers(&text)
}

fn without_numbers(text: &str) -> String {
    const START: &str = " (os error ";
    let mut plain = String::new();
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
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = io::Error::other("disk full");
        let error = Error::new(cause).context("a.csv: cannot be written: disk full");
        assert_eq!(text_of(&error), "a.csv: cannot be written: disk full");
        let error = Error::msg("disk full").context("a.csv");
        assert_eq!(text_of(&error), "a.csv: disk full");
    }

    #[test]
    fn numbers_of_the_system_are_left_out() {
        for (text, plain) in [
            ("a: No such file (os error 2)", "a: No such file"),
            ("a (os error 13): b (os error 28).", "a: b."),
            ("a (os error x)", "a (os error x)"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_numbers(text), plain);
        }
    }
}
