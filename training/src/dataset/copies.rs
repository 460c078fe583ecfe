//! Copies of a sound in a folder: as two clips they would be learned from and tested on.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use super::rows::Row;

/// Puts files of equal bytes into one group, so that no split divides them. Reads only files that have the size of another one.
/// Empty files and what is no file are left to those who decode them.
///
/// # Errors
/// If equal files have different labels, or one cannot be read.
pub(super) fn join(rows: &mut [Row]) -> anyhow::Result<()> {
    let mut by_size: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let file = row.path.metadata().ok().filter(|file| file.is_file());
        if let Some(size) = file.map(|file| file.len()).filter(|size| *size > 0) {
            by_size.entry(size).or_default().push(index);
        }
    }
    for indices in by_size.into_values().filter(|indices| indices.len() > 1) {
        let mut first_of = BTreeMap::new();
        for index in indices {
            let path = &rows[index].path;
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            let first = *first_of.entry(Sha256::digest(bytes)).or_insert(index);
            join_two(rows, first, index)?;
        }
    }
    Ok(())
}

fn join_two(rows: &mut [Row], first: usize, second: usize) -> anyhow::Result<()> {
    let (a, b) = (&rows[first], &rows[second]);
    ensure!(
        a.labels == b.labels,
        "{} and {} are the same sound under two labels: as two clips it would be learned from and tested on. Remove one of them",
        a.path.display(),
        b.path.display()
    );
    let (group, old) = (a.fold_or_speaker.clone(), b.fold_or_speaker.clone());
    for row in rows.iter_mut().filter(|row| row.fold_or_speaker == old) {
        row.fold_or_speaker.clone_from(&group);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::layouts::folders;

    #[test]
    fn copies_share_a_group_and_may_not_have_two_labels() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for (name, bytes) in [
            ("dog/a.wav", "one"),
            ("dog/b.wav", "two"),
            ("dog/copy of a.wav", "one"),
            ("dog/rex/1.wav", "two"),
            ("dog/rex/2.wav", "three"),
            ("cat/empty.wav", ""),
            ("dog/empty.wav", ""),
            ("cat/c.wav", "six"),
        ] {
            file(name, bytes.as_bytes());
        }
        let rows = folders(folder.path()).unwrap().unwrap();
        let group = |name: &str| {
            let row = rows.iter().find(|row| row.path.ends_with(name)).unwrap();
            row.fold_or_speaker.clone()
        };
        assert_eq!(group("dog/a.wav"), group("dog/copy of a.wav"));
        assert_eq!(group("dog/b.wav"), group("dog/rex/1.wav"));
        assert_eq!(group("dog/b.wav"), group("dog/rex/2.wav"));
        assert_ne!(group("dog/a.wav"), group("dog/b.wav"));
        assert_ne!(group("cat/empty.wav"), group("dog/empty.wav"));
        file("cat/d.wav", b"three");
        let error = folders(folder.path()).unwrap().unwrap_err().to_string();
        assert!(error.contains("d.wav") && error.contains("rex"), "{error}");
        assert!(error.contains("under two labels"), "{error}");
    }
}
