//! A run that stopped goes on as if nothing had been, or not at all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::{json, program, succeeded};
use super::gathered::{SHORT, material, sounds_but_one, teacher};

/// A run in the folder is not gone on with in another way, and the words say which. `refused` tries
/// with these changes to the command.
pub(crate) fn other_settings_and_fewer_sounds_are_refused(
    material: &Path,
    refused: &dyn Fn(&[&str]) -> String,
) {
    for (change, words) in [
        (["--seed", "7"], "--seed was 1 and is 7 now"),
        (["--learning-rate", "0.1"], "--learning-rate was 0.002"),
        (["--crop-tenths", "11"], "--crop-tenths was 10"),
        (["--batch", "3"], "--batch was 2 and is 3 now"),
        (["--changes", "2"], "--changes was 1 and is 2 now"),
        (["--candidates", "3"], "--candidates was 1 and is 3 now"),
        (["--steps=4", "--research"], "--research was not given"),
    ] {
        let error = refused(&change);
        assert!(error.contains(words), "lacks {words:?}: {error}");
        assert!(error.contains("another --out"), "{error}");
    }
    let all = sounds_but_one(material);
    let error = refused(&["--steps", "4"]);
    assert!(
        error.contains("1 of 3") && error.contains(".pcm"),
        "{error}"
    );
    std::fs::write(material.join("material.csv"), all).unwrap();
}

/// The program, learning in small steps.
pub(crate) fn distils(material: &Path, teacher: &Path, out: &Path) -> Command {
    let mut command = program();
    command
        .args(["distil", "--quiet", "--steps", "5"])
        .args(SHORT);
    command.arg("--material").arg(material);
    command.arg("--teacher").arg(teacher).arg("--out").arg(out);
    command
}

#[test]
fn a_killed_student_ends_as_one_that_was_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let [through, killed] = ["through", "killed"].map(|name| folder.path().join(name));
    let run = |out: &Path| distils(folder.path(), &teacher, out);
    succeeded(&run(&through).output().unwrap());
    let steps = || match killed.join("progress.json") {
        path if path.is_file() => json(&path)["steps"].as_u64().unwrap(), // whole, whenever one looks
        _ => 0,
    };
    for at_least in [1, 2] {
        let mut process = run(&killed).stderr(Stdio::null()).spawn().unwrap();
        let patience = Instant::now() + Duration::from_secs(300);
        while steps() < at_least {
            assert!(Instant::now() < patience && process.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(1));
        }
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!(steps() < 5, "it was finished before it was killed");
    succeeded(&run(&killed).output().unwrap());
    for name in ["model.safetensors", "checkpoint-5.safetensors"] {
        let read = |out: &Path| std::fs::read(out.join(name)).unwrap();
        assert!(read(&through) == read(&killed), "another {name}");
    }
}
