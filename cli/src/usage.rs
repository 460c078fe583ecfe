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

/// An error in one line with its causes.
pub(crate) fn text_of(error: &Error) -> String {
    hamiltone_engine::text::error_in_one_line(error.chain())
}
