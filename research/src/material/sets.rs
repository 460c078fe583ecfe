//! The labelled data sets, without their labels.

use std::path::Path;

use super::keep::Found;
use hamiltone_training::dataset::{Dataset, Task};
use hamiltone_training::material::Source;

/// The sets there can be; ESC-50 contains ESC-10.
pub(super) const SETS: [Task; 5] = [
    Task::Esc50,
    Task::Ravdess,
    Task::Urbansound8k,
    Task::Gtzan,
    Task::Instruments,
];

/// A set's clips. All of them measure: what is zero-shot or cross-validated on them would not be,
/// had the network learned from their audio.
pub(super) fn clips(data: &Path, task: Task) -> anyhow::Result<Vec<Found>> {
    let dataset = Dataset::open_to_measure(data, task)?;
    let found = dataset.clips.into_iter().map(|clip| {
        let inside = clip.path.strip_prefix(data).unwrap_or(&clip.path);
        Found {
            about: Source {
                path: Default::default(),
                source: inside.to_string_lossy().into_owned(),
                group: format!("{}/{}", task.name(), clip.group),
                kind: kind(task).to_owned(),
                commercial: allows_commerce(&clip.licence),
                licence: clip.licence,
                held_out: true,
                seconds: 0.0,
            },
            duration_s: clip.duration_s,
            file: clip.path,
        }
    });
    Ok(found.collect())
}

fn kind(task: Task) -> &'static str {
    match task {
        Task::Ravdess => "speech",
        Task::Gtzan => "music",
        Task::Instruments => "instruments",
        _ => "sounds",
    }
}

/// Creative Commons without NC or terms beside it, where that is sure.
fn allows_commerce(licence: &str) -> bool {
    let doubtful = ["not known", "NC", " + "]
        .iter()
        .any(|word| licence.contains(word));
    ["CC0", "CC BY"]
        .iter()
        .any(|free| licence.starts_with(free))
        && !doubtful
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_allowed_is() {
        assert!(allows_commerce("CC BY 3.0 (ESC-10)"));
        assert!(allows_commerce("CC0"));
        for licence in [
            "CC BY-NC 3.0 (ESC-50)",
            "CC BY-NC-SA 4.0",
            "none stated (commercial recordings; research use)",
            "CC BY-SA 3.0 + Philharmonia terms (no sale/offer as is)",
            "CC0 or CC BY (FSDKaggle2018; per clip not known)",
        ] {
            assert!(!allows_commerce(licence), "{licence}");
        }
    }
}
