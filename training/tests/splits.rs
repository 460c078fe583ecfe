//! Training, validation and test share no recording, in the real data sets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hamiltone_training::dataset::{Dataset, Task, split};
use hamiltone_training::random::stream;

/// The data sets beside the repository, where there are any.
fn shared_data(set: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let there = folder.join(set).join("metadata.csv").is_file();
    if !there {
        hamiltone_test_support::skip(folder.join(set).display());
    }
    there.then_some(folder)
}

/// Checks every fold's split and returns how many clips were tested, and how many there are.
fn check(dataset: &Dataset, share: std::ops::RangeInclusive<f64>) {
    let mut tested = vec![0; dataset.clips.len()];
    for fold in dataset.folds() {
        let split = split(dataset, fold, 0.1, 1);
        let groups = |indices: &[usize]| -> BTreeSet<&str> {
            let group = |&index: &usize| dataset.clips[index].group.as_str();
            indices.iter().map(group).collect()
        };
        let parts = [&split.training, &split.validation, &split.test];
        let mut all: Vec<usize> = parts.into_iter().flatten().copied().collect();
        all.sort_unstable();
        assert!(
            all.into_iter().eq(0..dataset.clips.len()),
            "each clip in one part"
        );
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b) = (groups(parts[a]), groups(parts[b]));
            let shared: Vec<_> = a.intersection(&b).collect();
            assert!(shared.is_empty(), "fold {fold}: {shared:?} straddle");
        }
        for &index in &split.test {
            assert_eq!(dataset.clips[index].fold, fold);
            tested[index] += 1;
        }
        let kept = split.validation.len() as f64;
        let kept = kept / (kept + split.training.len() as f64);
        assert!(share.contains(&kept), "fold {fold}: {kept} for validation");
    }
    assert!(
        tested.iter().all(|&times| times == 1),
        "each clip is tested once"
    );
}

#[test]
fn esc10() {
    let Some(data) = shared_data("esc50") else {
        return;
    };
    let dataset = Dataset::open(&data, Task::Esc10).unwrap();
    // As published: 400 clips in 5 folds.
    assert_eq!((dataset.clips.len(), dataset.labels.len()), (400, 10));
    assert_eq!(dataset.folds(), (1..=5).collect());
    check(&dataset, 0.08..=0.15);
    for fold in 1..=5 {
        let split = split(&dataset, fold, 0.1, 1);
        assert_eq!(split.test.len(), 80);
        for part in [&split.training, &split.validation] {
            let labels: BTreeSet<usize> = part.iter().map(|&i| dataset.clips[i].label()).collect();
            assert_eq!(labels.len(), 10, "fold {fold}: every label in every part");
        }
        // The official rule, from the names themselves: fold-recording-take-class.
        for clip in split.test.iter().map(|&index| &dataset.clips[index]) {
            let name = clip.path.file_name().unwrap().to_string_lossy();
            let mut parts = name.split('-');
            assert_eq!(parts.next().unwrap(), fold.to_string());
            assert_eq!(parts.next().unwrap(), clip.group);
        }
    }
}

#[test]
fn a_limit_keeps_so_many_training_clips_of_each_label() {
    let folder = tempfile::tempdir().unwrap();
    for label in ["kick", "snare"] {
        std::fs::create_dir(folder.path().join(label)).unwrap();
        for clip in 0..30 {
            let path = folder.path().join(format!("{label}/{clip}.wav"));
            std::fs::write(path, "").unwrap(); // only names matter to a split
        }
    }
    let dataset = Dataset::open(folder.path(), Task::Folders).unwrap();
    let whole = split(&dataset, 1, 0.1, 1);
    let limited = |most, seed| {
        let mut part = whole.clone();
        part.limit_training(&dataset, most, &mut stream(seed, &[7]));
        part
    };
    let ten = limited(10, 1);
    for label in 0..2 {
        let of_label = |&&index: &&usize| dataset.clips[index].label() == label;
        assert_eq!(ten.training.iter().filter(of_label).count(), 10);
    }
    assert_eq!(
        (&ten.test, &ten.validation),
        (&whole.test, &whole.validation)
    );
    let five: BTreeSet<usize> = limited(5, 1).training.into_iter().collect();
    assert_eq!(five.len(), 10, "five of each label");
    assert!(five.is_subset(&ten.training.iter().copied().collect()));
    assert_ne!(limited(10, 2).training, ten.training);
    assert_eq!(limited(1000, 1), whole, "no more than there are");
}

/// Speakers, recordings and tracks, by the set. Where clips come in series (several of an actor, of a
/// recording), most must be in groups of several, or that no group straddles a split says nothing.
/// GTZAN has one cut of each track. The notes of instruments come in series too, but their groups are
/// single files: nothing is claimed of them but that each clip is tested once, and their figures say
/// "by file".
#[test]
fn the_other_sets() {
    for (set, task, in_series) in [
        ("ravdess", Task::Ravdess, true),
        ("urbansound8k", Task::Urbansound8k, true),
        ("gtzan", Task::Gtzan, false),
        ("instruments", Task::Instruments, false),
    ] {
        let Some(data) = shared_data(set) else {
            continue;
        };
        let dataset = Dataset::open(&data, task).unwrap();
        check(&dataset, 0.03..=0.3);
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for clip in &dataset.clips {
            *sizes.entry(&clip.group).or_default() += 1;
        }
        assert!(
            sizes.len() >= dataset.folds().len(),
            "{set}: {} groups",
            sizes.len()
        );
        let several: usize = sizes.values().filter(|&&size| size > 1).sum();
        match in_series {
            true => assert!(
                2 * several > dataset.clips.len(),
                "{set}: {several} in series"
            ),
            false => assert_eq!(several, 0, "{set}"),
        }
    }
}
