//! The bundled VST3 in digital audio workstations: dawdreamer and Ardour, both without a window.
//! They are large, so a test whose host is missing is skipped with a message.

mod ardour;
mod dawdreamer;
mod sound;

use hamiltone_tests::child::Outcome;
use hamiltone_tests::places;

/// Reports that a test was skipped.
///
/// # Panics
/// The host should be there.
fn skip(host: &str) {
    assert!(
        std::env::var_os(places::DAW).is_none(),
        "{host} is not installed"
    );
    hamiltone_test_support::skip(format_args!(
        "{host} (`cargo xtask test --daw` installs it)"
    ));
}

/// Asserts that a script went to its end.
fn assert_passed(outcome: &Outcome, last_line: &str) {
    assert!(
        outcome.status.success() && outcome.output.contains(last_line),
        "{}\n{}",
        outcome.status,
        outcome.output
    );
}
