//! Unlabelled audio to learn from a teacher with: gathered once, with each sound's licence, and
//! counted by the labels that the teacher finds in it.
//!
//! A folder of material holds `material.csv` ([`read_material`](hamiltone_training::material::read_material) reads it; a line is a [`Source`]),
//! `cache/` with the samples, `gathered/` with the parts of the list, by which an interrupted
//! `gather` goes on, `credits.csv` with the sources of sounds that may be learned from, and, after `coverage`, `coverage.csv` and the teacher's verdicts.

mod convert;
mod coverage;
mod credits;
mod gather;
mod keep;
mod made;
mod named_labels;
mod packages;
mod program;
mod second_opinions;
mod segments;
mod sets;
mod unpack;
mod verdicts;

pub(crate) use convert::to_wav;
pub use coverage::{CoverageArguments, ENOUGH, coverage, covered};
pub use gather::{GatherArguments, gather};
pub use named_labels::NamedLabels;
pub use second_opinions::{SecondOpinions, ask_second};
pub use verdicts::{
    JudgedSegment, LEAST_PROBABILITY, PRESENT, SEGMENT_S, judge_all, read_verdicts,
    segments_of_labels, verdicts_file,
};

use std::collections::BTreeMap;

use hamiltone_training::material::Source;

/// Seconds of the sources by what `key` says of them.
fn seconds_by(sources: &[Source], key: impl Fn(&Source) -> String) -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    for source in sources {
        *seconds.entry(key(source)).or_default() += source.seconds;
    }
    seconds
}
