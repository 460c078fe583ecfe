//! Which labels the teacher finds in the material.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use serde_json::json;

use super::second_opinions::ask_second;
use super::verdicts::{JudgedSegment, judge_all, segments_of_labels, verdicts_file};
use crate::teacher::{Mn04, audioset_labels};
use hamiltone_training::files;
use hamiltone_training::material::{Source, read_material};
use hamiltone_training::progress_bar::progress_bar;
use hamiltone_training::statistics::sources as to_learn_from;

/// Training segments that make a label covered.
pub const ENOUGH: usize = 20;

/// Arguments of `coverage`.
#[derive(clap::Args, Debug, Clone)]
pub struct CoverageArguments {
    /// Folder that `gather` filled.
    #[arg(long)]
    pub material: PathBuf,
    /// The teacher, mn04_audioset527.onnx.
    #[arg(long)]
    pub teacher: PathBuf,
    /// Also ask this teacher, yamnet_body.onnx, about what may be learned from, as `distil --second-teacher` does before it begins. Takes
    /// hours; what is judged is kept.
    #[arg(long)]
    pub second_teacher: Option<PathBuf>,
    /// Training segments that make a label covered.
    #[arg(long, default_value_t = ENOUGH)]
    pub enough: usize,
    /// No progress, no summary.
    #[arg(long)]
    pub quiet: bool,
    /// Print the counts as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How much of a label there is: segments of up to five seconds, and their minutes.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Count {
    index: usize,
    label: String,
    /// To learn from: commercial use allowed, not held out.
    training_segments: usize,
    training_minutes: f64,
    /// Sources of their own that these come from.
    training_sounds: usize,
    held_out_segments: usize,
    held_out_minutes: f64,
}

/// Lets the teacher judge the material (what it judged before is kept) and writes `coverage.csv`.
///
/// # Errors
/// If the material or the teacher cannot be read, or the results not be written.
pub fn coverage(arguments: &CoverageArguments) -> anyhow::Result<()> {
    let CoverageArguments {
        material, quiet, ..
    } = arguments;
    let sources = read_material(material)?;
    let teacher = Mn04::open(&arguments.teacher)?;
    let file = verdicts_file(material, &arguments.teacher)?;
    let bar = progress_bar(sources.len() as u64, "judging", *quiet);
    let (start, judged) = (Instant::now(), std::sync::Mutex::new(0.0));
    let segments = judge_all(&sources, material, &teacher, &file, &|seconds| {
        bar.inc(1);
        *judged.lock().unwrap_or_else(|broken| broken.into_inner()) += seconds;
    })?;
    bar.finish_and_clear();
    let judged = judged.into_inner().unwrap_or(0.0);
    let throughput = judged / start.elapsed().as_secs_f64();
    if let Some(second) = &arguments.second_teacher {
        let (_, learned) = to_learn_from(material, false)?;
        ask_second(&learned, material, [&arguments.teacher, second], *quiet)?;
    }
    let counts = count(&sources, material, &segments);
    write(&material.join("coverage.csv"), &counts)?;
    if arguments.json {
        println!(
            "{}",
            json!({ "labels": counts, "seconds_a_second": throughput })
        );
    } else if !quiet {
        print(&counts, arguments.enough);
        if judged > 0.0 {
            println!("The teacher judged {judged:.0} s of audio, {throughput:.0} a second.");
        }
    }
    Ok(())
}

/// Of each label, whether what is learned from has [`ENOUGH`] segments of it; `folder` is the
/// material's.
pub fn covered(segments: &[JudgedSegment], learned: &[Source], folder: &Path) -> Vec<bool> {
    let paths = learned
        .iter()
        .filter_map(|source| source.path.strip_prefix(folder).ok());
    let learned: BTreeSet<&Path> = paths.collect();
    let of_learned = segments
        .iter()
        .filter(|segment| learned.contains(&*segment.path));
    let segments = segments_of_labels(of_learned).into_iter();
    segments.map(|count| count >= ENOUGH).collect()
}

fn count(sources: &[Source], folder: &Path, segments: &[JudgedSegment]) -> Vec<Count> {
    let relative = |source: &Source| source.path.strip_prefix(folder).map(Path::to_owned);
    let by_path: BTreeMap<PathBuf, &Source> = sources
        .iter()
        .filter_map(|source| Some((relative(source).ok()?, source)))
        .collect();
    let mut counts: Vec<Count> = audioset_labels()
        .iter()
        .map(|label| Count {
            index: label.index,
            label: label.name.clone(),
            training_segments: 0,
            training_minutes: 0.0,
            training_sounds: 0,
            held_out_segments: 0,
            held_out_minutes: 0.0,
        })
        .collect();
    let mut last_sound: Vec<Option<&Path>> = vec![None; counts.len()];
    for segment in segments {
        let Some(source) = by_path.get(&segment.path) else {
            continue; // gathered once, not any more
        };
        for label in segment.present() {
            let count = &mut counts[label];
            if source.held_out {
                count.held_out_segments += 1;
                count.held_out_minutes += segment.seconds / 60.0;
            } else if source.commercial {
                count.training_segments += 1;
                count.training_minutes += segment.seconds / 60.0;
                if last_sound[label] != Some(&segment.path) {
                    count.training_sounds += 1;
                    last_sound[label] = Some(&segment.path);
                }
            }
        }
    }
    counts
}

fn write(file: &Path, counts: &[Count]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for count in counts {
        writer.serialize(count)?;
    }
    let bytes = writer.into_inner().context("writing the counts")?;
    files::replace_bytes(file, &bytes)
}

fn print(counts: &[Count], enough: usize) {
    let mut sorted: Vec<&Count> = counts.iter().collect();
    sorted.sort_by_key(|count| std::cmp::Reverse(count.training_segments));
    println!("segments  minutes  sounds  held out  label");
    for count in sorted.iter().filter(|count| count.training_segments > 0) {
        let Count {
            training_segments,
            training_minutes,
            training_sounds,
            held_out_segments,
            label,
            ..
        } = count;
        println!(
            "{training_segments:8} {training_minutes:8.1} {training_sounds:7} \
             {held_out_segments:9}  {label}"
        );
    }
    let names = |wanted: &dyn Fn(&Count) -> bool| -> Vec<&str> {
        let counts = counts.iter().filter(|count| wanted(count));
        counts.map(|count| count.label.as_str()).collect()
    };
    let covered = names(&|count| count.training_segments >= enough).len();
    let thin = names(&|count| (1..enough).contains(&count.training_segments));
    let missing = names(&|count| count.training_segments == 0);
    println!("\nThin, {}: {}", thin.len(), thin.join("; "));
    println!("\nMissing, {}: {}", missing.len(), missing.join("; "));
    println!(
        "\n{covered} of {} labels have {enough} training segments or more.",
        counts.len()
    );
}
