//! `hamiltone analyze --write-tags`: the labels of a file as its genre and keywords.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use hamiltone_engine::model::Card;
use hamiltone_engine::timeline::Event;
use hamiltone_exports::LabelOn;

use crate::metadata::{self, Metadata};
use crate::progress::Progress;

/// Labels that become keywords.
const MAX_KEYWORDS: usize = 10;

/// Writes tags into the files of a run.
pub(crate) struct TagWriter {
    dry_run: bool,
    /// The model's labels that are genres.
    genres: Vec<String>,
    /// One file at a time, since the library may hold it in memory.
    one: Mutex<()>,
    written: AtomicUsize,
    unchanged: AtomicUsize,
}

impl TagWriter {
    /// `dry_run` only prints what would be written.
    pub(crate) fn new(card: &Card, dry_run: bool) -> Self {
        let has_genres = card.label_sets().contains(&"genres");
        let genres = if has_genres {
            card.labels_meant("genres")
        } else {
            Vec::new()
        };
        Self {
            dry_run,
            genres: genres
                .into_iter()
                .map(|label| card.labels[label].clone())
                .collect(),
            one: Mutex::new(()),
            written: AtomicUsize::new(0),
            unchanged: AtomicUsize::new(0),
        }
    }

    /// Writes the labels of the events of a file into it. Returns whether the file was changed.
    ///
    /// # Errors
    /// Those of [`metadata::write`], with the path.
    pub(crate) fn write(
        &self,
        path: &Path,
        events: impl IntoIterator<Item = Event>,
        duration_s: f64,
        progress: &Progress,
    ) -> Result<bool> {
        let metadata = self.metadata(&LabelOn::of_events(events, duration_s));
        let changes = {
            let _one = self
                .one
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            metadata::write(path, &metadata, self.dry_run)
                .with_context(|| format!("{}: tags cannot be written", path.display()))?
        };
        let counter = if changes {
            &self.written
        } else {
            &self.unchanged
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if changes && self.dry_run {
            let genre = metadata.genre.as_ref().map_or_else(String::new, |genre| {
                format!("the genre {genre} (if the file has none) and ")
            });
            progress.info(&format!(
                "{}: would write {genre}the keywords {}",
                path.display(),
                metadata.keywords.join("; ")
            ));
        }
        Ok(changes && !self.dry_run)
    }

    /// The longest labels, and the longest genre.
    fn metadata(&self, labels: &[LabelOn]) -> Metadata {
        let names = || labels.iter().map(|on| &on.label);
        Metadata {
            genre: names().find(|label| self.genres.contains(label)).cloned(),
            keywords: names().take(MAX_KEYWORDS).cloned().collect(),
        }
    }

    /// How many files were changed, for the closing line.
    pub(crate) fn in_short(&self) -> String {
        let (written, unchanged) = (
            self.written.load(Ordering::Relaxed),
            self.unchanged.load(Ordering::Relaxed),
        );
        let would = if self.dry_run { "would be " } else { "" };
        format!("tags {would}written into {written}, {unchanged} unchanged")
    }
}
