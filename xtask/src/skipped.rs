//! Tests that were skipped because data or a program is missing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use hamiltone_test_support::{FILE, Skipped, read};

use crate::bundles::target_folder;

/// The file to which the tests of one run append what was skipped.
pub(crate) struct Report {
    file: PathBuf,
}

impl Report {
    /// An empty report.
    pub(crate) fn new() -> Result<Self> {
        let file = target_folder()?.join("skipped-tests.tsv");
        std::fs::write(&file, "").with_context(|| file.display().to_string())?;
        Ok(Self { file })
    }

    /// Environment variable that tells the tests where the report is.
    pub(crate) fn variable(&self) -> (&'static str, &PathBuf) {
        (FILE, &self.file)
    }

    pub(crate) fn print(&self) -> Result<()> {
        let skipped = read(&self.file).with_context(|| self.file.display().to_string())?;
        print!("{}", text(&skipped));
        Ok(())
    }
}

fn text(skipped: &[Skipped]) -> String {
    let mut tests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Skipped { test, missing } in skipped {
        tests.entry(test).or_default().push(missing);
    }
    let mut text = match tests.len() {
        0 => return "\nno test was skipped\n".to_owned(),
        1 => "\n1 test was skipped, or a part of it, because something is missing:\n".to_owned(),
        count => format!(
            "\n{count} tests were skipped, or parts of them, because something is missing:\n"
        ),
    };
    for (test, missing) in tests {
        let _ = writeln!(text, "  {test}");
        for missing in missing {
            let _ = writeln!(text, "      missing: {missing}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_and_listed_with_what_is_missing() {
        let skipped = |test: &str, missing: &str| Skipped {
            test: test.to_owned(),
            missing: missing.to_owned(),
        };
        assert_eq!(text(&[]), "\nno test was skipped\n");
        let all = [
            skipped("splits::the_other_sets", "gtzan"),
            skipped("splits::the_other_sets", "ravdess"),
            skipped("teacher::a", "mn04"),
        ];
        let text = text(&all);
        assert!(text.starts_with("\n2 tests were skipped"), "{text}");
        assert!(
            text.contains(
                "  splits::the_other_sets\n      missing: gtzan\n      missing: ravdess\n"
            )
        );
    }
}
