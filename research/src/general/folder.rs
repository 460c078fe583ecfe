//! Which run a distillation's folder holds.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, ensure};

use super::progress::{MODEL, Progress, Settings};
use hamiltone_training::files;
use hamiltone_training::material::Source;

/// The sounds that the run learns from, one a line.
const SOUNDS: &str = "sounds.txt";

/// Values of settings in runs that were begun before they could be chosen.
const BEFORE_THERE_WERE: [(&str, &str); 8] = [
    ("--changes", "1"),
    ("--candidates", "1"),
    ("--gain-db", "not given"),
    ("--levelled-teacher", "not given"),
    ("--named-labels", "not given"),
    ("--late-beginnings", "0"),
    ("--second-teacher", "not given"),
    ("--second-weight", "0.5"),
];

/// Makes a folder this run's, or refuses if it holds one with other settings or one that learned
/// from sounds of which some are gone. More sounds than before are welcome; so are runs from
/// before settings and sounds were kept.
///
/// # Errors
/// Also if the folder cannot be read or written.
pub(super) fn claim(
    out: &Path,
    run: Option<&Progress>,
    settings: &Settings,
    sounds: &BTreeSet<String>,
) -> anyhow::Result<()> {
    let list = out.join(SOUNDS);
    if let Some(run) = run {
        ensure!(
            !run.settings.is_empty(),
            "{} holds a run of an early version, which did not keep its settings. {}",
            out.display(),
            way_out(out)
        );
        let changed: Vec<String> = settings
            .iter()
            .filter_map(|(option, now)| {
                let before =
                    then(&run.settings, option).filter(|before| *before != now.as_str())?;
                Some(format!("{option} was {before} and is {now} now"))
            })
            .collect();
        ensure!(
            changed.is_empty(),
            "{} holds a run with other settings: {}. {}",
            out.display(),
            changed.join(", "),
            way_out(out)
        );
        let learned = match list.is_file() {
            true => std::fs::read_to_string(&list).context("the run's list of sounds")?,
            false => String::new(), // a run from before there was one
        };
        let gone: Vec<&str> = learned
            .lines()
            .filter(|sound| !sounds.contains(*sound))
            .collect();
        ensure!(
            gone.is_empty(),
            "--material lacks sounds that the run in {} learned from, or holds them out now: {} of \
             {}, such as {}. {}",
            out.display(),
            gone.len(),
            learned.lines().count(),
            gone[0],
            way_out(out)
        );
    }
    let lines: String = sounds.iter().map(|sound| format!("{sound}\n")).collect();
    files::replace(&list, &lines)
}

/// The value of a setting of a run, if it is known.
fn then<'a>(settings: &'a Settings, option: &str) -> Option<&'a str> {
    let kept = settings.get(option).map(String::as_str);
    kept.or_else(|| {
        let (_, value) = BEFORE_THERE_WERE.iter().find(|(name, _)| *name == option)?;
        (!settings.is_empty()).then_some(*value)
    })
}

fn way_out(out: &Path) -> String {
    let model = out.join(MODEL);
    format!(
        "Give it what it had, or choose another --out: with --start {} it learns on from there",
        model.display()
    )
}

/// Sounds by what does not change when the material's folder is moved.
pub(super) fn names(learned: &[Source], material: &Path) -> BTreeSet<String> {
    let name = |source: &Source| {
        let path = source.path.strip_prefix(material).unwrap_or(&source.path);
        path.display().to_string()
    };
    learned.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn sounds(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn settings(seed: &str, rate: &str) -> Settings {
        let named = [("--seed", seed), ("--learning-rate", rate)];
        BTreeMap::from(named.map(|(option, value)| (option.to_owned(), value.to_owned())))
    }

    #[test]
    fn another_run_is_refused_with_words_and_more_sounds_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let (first, other) = (settings("1", "0.002"), settings("2", "0.0015"));
        // As long as no step was saved there is nothing that could be spoiled.
        claim(out, None, &other, &sounds(&["z"])).unwrap();
        claim(out, None, &first, &sounds(&["a", "b"])).unwrap();
        let run = Progress {
            steps: 1,
            settings: first.clone(),
            ..Progress::default()
        };
        let claim = |settings: &Settings, sounds: &BTreeSet<String>| {
            claim(out, Some(&run), settings, sounds)
        };
        let refused = |settings: &Settings, sounds: &BTreeSet<String>, words: &[&str]| {
            let error = claim(settings, sounds).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "lacks {word:?}: {error}");
            }
        };
        claim(&first, &sounds(&["a", "b"])).unwrap();
        claim(&first, &sounds(&["a", "b", "c"])).unwrap();
        let mut changing = first.clone();
        for (factor, goes_on) in [("1", true), ("2", false)] {
            changing.insert("--changes".to_owned(), factor.to_owned());
            assert_eq!(claim(&changing, &sounds(&["a", "b", "c"])).is_ok(), goes_on);
        }
        let said = ["--seed was 1 and is 2 now", "0.0015", "--start", "--out"];
        refused(&other, &sounds(&["a", "b", "c"]), &said);
        refused(&first, &sounds(&["b"]), &["2 of 3, such as a", "--out"]);
        claim(&first, &sounds(&["a", "b", "c"])).unwrap();
    }

    #[test]
    fn a_run_without_settings_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = Progress {
            steps: 5,
            ..Progress::default()
        };
        let settings = settings("1", "0.002");
        let claimed = claim(folder.path(), Some(&run), &settings, &sounds(&["a"]));
        let error = claimed.unwrap_err().to_string();
        assert!(
            error.contains("early version") && error.contains("--out"),
            "{error}"
        );
    }
}
