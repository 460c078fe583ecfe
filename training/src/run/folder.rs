//! The folder of a run: which run it holds, and beginning anew there.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::fold_folder::{forget, lock_existing};
use crate::dataset::Dataset;
use crate::files;
use crate::recipe::Recipe;

/// Says which recipe and which clips the folder's checkpoints are of.
struct Identity {
    path: PathBuf,
    contents: String,
    what: &'static str,
}

/// A folder holds one run, of one recipe on one list of clips: with another it would resume from
/// weights that it did not make.
pub(super) struct RunFolder {
    out: PathBuf,
    identities: [Identity; 2],
}

impl RunFolder {
    /// Checks that the folder can be written and holds no other run (or may forget it). Nothing
    /// that is there changes.
    pub(super) fn open(
        out: &Path,
        recipe: &Recipe,
        dataset: &Dataset,
        restart: bool,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(out)
            .with_context(|| format!("{} cannot be the --out folder", out.display()))?;
        let identities = [
            Identity {
                path: out.join("recipe.json"),
                contents: serde_json::to_string_pretty(recipe)?,
                what: "with other settings",
            },
            Identity {
                path: out.join("clips.sha256"),
                contents: fingerprint(dataset),
                what: "on other clips",
            },
        ];
        for identity in &identities {
            let before = std::fs::read_to_string(&identity.path);
            if !restart && before.is_ok_and(|before| before != identity.contents) {
                bail!(
                    "{} holds a run {}: choose another --out, or --restart to begin anew there",
                    out.display(),
                    identity.what
                );
            }
            // Now rather than after an hour of training: is there leave to write?
            let mut part = files::part(&identity.path).into_os_string();
            part.push(std::process::id().to_string()); // another process may look at the same time
            std::fs::write(&part, "")
                .and_then(|()| std::fs::remove_file(&part))
                .with_context(|| format!("--out {} cannot be written", out.display()))?;
        }
        Ok(Self {
            out: out.to_owned(),
            identities,
        })
    }

    /// Makes the folder this run's. With `restart`, what another left there goes first.
    pub(super) fn begin(&self, restart: bool, dataset: &Dataset) -> anyhow::Result<()> {
        if restart {
            // All folds, not only those that are wanted now: a run without --restart that goes on
            // here must not take an old one for its own.
            let folders = lock_existing(&self.out, dataset.folds())?;
            folders.iter().try_for_each(forget)?;
            for name in ["results.json", "confusion.svg"] {
                files::remove(&self.out.join(name))?;
            }
        }
        for identity in &self.identities {
            files::replace(&identity.path, &identity.contents)?;
        }
        Ok(())
    }
}

/// A hash of all that decides the splits: names, labels, groups, folds and lengths of the clips, wherever they
/// lie.
fn fingerprint(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{:?}\n", dataset.labels));
    for clip in &dataset.clips {
        let name = clip.path.file_name().unwrap_or_default();
        let (group, fold) = (&clip.group, clip.fold);
        // What says no length is told by its size: another sound under the same name is another clip.
        let size = clip.duration_s.is_none().then(|| clip.path.metadata());
        let size = size.and_then(Result::ok).map(|metadata| metadata.len());
        let size = size.map_or_else(String::new, |bytes| format!(" {bytes}"));
        let line = format!(
            "{name:?} {:?} {group:?} {fold} {:?}{size}\n",
            clip.labels, clip.duration_s
        );
        hash.update(line);
    }
    files::hex(&hash.finalize())
}
