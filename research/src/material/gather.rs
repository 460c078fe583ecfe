//! The command that gathers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::credits::write_credits;
use super::keep::{Found, Kept, keep};
use super::made::Made;
use super::packages::{self, Package};
use super::seconds_by;
use super::segments::segments;
use super::sets::{self, SETS};
use super::unpack::unpack;
use hamiltone_training::audio_cache::{HASH, stored_hash};
use hamiltone_training::material::{LIST, Source, read_list, write_list};
use hamiltone_training::progress_bar::progress_bar;

/// Arguments of `gather`.
#[derive(clap::Args, Debug, Clone)]
pub struct GatherArguments {
    /// Folder of labelled data sets, each with its metadata.csv; they serve for measuring.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Folder of segments of recordings to learn from, with index.csv (file, start, seconds, repo, path, source_start) and
    /// sources.csv (file, licence of the sounds used, kind).
    #[arg(long)]
    pub sounds: Option<PathBuf>,
    /// Folder for the list and the decoded audio.
    #[arg(long)]
    pub out: PathBuf,
    /// Table of packages instead of the program's own (research/src/material/packages.toml), and
    /// nothing made by programs.
    #[arg(long)]
    pub packages: Option<PathBuf>,
    /// Only these packages and other parts (esc50, gtzan, sounds, ...), by name.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// No progress, no summary.
    #[arg(long)]
    pub quiet: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A part of the material that is gathered as a whole, or not yet.
enum Part {
    Set(PathBuf, hamiltone_training::dataset::Task),
    Segments(PathBuf),
    Package(Package),
    Made(Made),
}

impl Part {
    fn name(&self) -> &str {
        match self {
            Self::Set(_, task) => task.name(),
            Self::Segments(_) => "sounds",
            Self::Package(package) => &package.name,
            Self::Made(made) => made.name(),
        }
    }

    fn gather(&self, out: &Path) -> anyhow::Result<Kept> {
        match self {
            Self::Set(data, task) => Ok(keep(&sets::clips(data, *task)?, out, None)),
            Self::Segments(folder) => gather_segments(folder, out),
            Self::Package(package) => gather_package(package, out),
            Self::Made(made) => gather_made(*made, out),
        }
    }
}

/// Gathers what is not gathered yet and writes the list. A part that fails is told and left for
/// the next time.
///
/// # Errors
/// If the folder cannot be written or the table of packages cannot be understood.
pub fn gather(arguments: &GatherArguments) -> anyhow::Result<()> {
    let GatherArguments { out, quiet, .. } = arguments;
    for folder in ["gathered", "packages"] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let parts = parts(arguments)?;
    let mut contents = Contents::new();
    let bar = progress_bar(parts.len() as u64, "gathering", *quiet);
    for part in &parts {
        bar.set_message(part.name().to_owned());
        let list = part_list(out, part.name());
        if !list.is_file() {
            match part.gather(out) {
                Ok(kept) => {
                    write_list(&list, &kept.sources)?;
                    if !quiet {
                        bar.suspend(|| println!("{}", describe(part.name(), &kept)));
                    }
                }
                Err(error) => {
                    bar.suspend(|| eprintln!("{} is left out: {error:#}", part.name()));
                }
            }
            write_list(&out.join(LIST), &together(out, &mut contents)?)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let sources = together(out, &mut contents)?;
    write_list(&out.join(LIST), &sources)?;
    write_credits(&sources, out)?;
    summarise(&sources, arguments);
    Ok(())
}

fn parts(arguments: &GatherArguments) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    if let Some(data) = &arguments.data {
        let there = SETS.iter().filter(|set| data.join(set.name()).is_dir());
        parts.extend(there.map(|set| Part::Set(data.clone(), *set)));
    }
    parts.extend(arguments.sounds.clone().map(Part::Segments));
    let table = packages::table(arguments.packages.as_deref())?;
    parts.extend(table.into_iter().map(Part::Package));
    if arguments.packages.is_none() {
        parts.extend(Made::ALL.map(Part::Made));
    }
    let only = &arguments.only;
    parts.retain(|part| only.is_empty() || only.iter().any(|name| name == part.name()));
    Ok(parts)
}

fn part_list(out: &Path, name: &str) -> PathBuf {
    out.join("gathered").join(format!("{name}.csv"))
}

/// Entries of the cache by path: each file is read once.
type Contents = BTreeMap<PathBuf, [u8; HASH]>;

/// The lists of all parts; of sounds that several have, the one that measures counts, so that
/// nothing is learned that is measured on. Two files are one sound where all samples are the same, however they
/// were packed; what was coded anew is not noticed.
fn together(out: &Path, contents: &mut Contents) -> anyhow::Result<Vec<Source>> {
    let mut lists: Vec<PathBuf> = std::fs::read_dir(out.join("gathered"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    lists.retain(|list| list.extension().is_some_and(|extension| extension == "csv"));
    lists.sort();
    let mut sources = Vec::new();
    for list in lists {
        sources.extend(read_list(&list)?);
    }
    sources.sort_by_key(|source| !source.held_out); // stable: by part otherwise
    for source in &sources {
        if !contents.contains_key(&source.path) {
            contents.insert(source.path.clone(), stored_hash(&out.join(&source.path))?);
        }
    }
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(contents[&source.path]));
    Ok(sources)
}

fn gather_segments(folder: &Path, out: &Path) -> anyhow::Result<Kept> {
    let unpacked = out.join("unpacked").join("sounds");
    std::fs::create_dir_all(&unpacked)?;
    let kept = keep(&segments(folder, &unpacked)?, out, None);
    std::fs::remove_dir_all(&unpacked)?;
    Ok(kept)
}

fn gather_made(made: Made, out: &Path) -> anyhow::Result<Kept> {
    let folder = out.join("unpacked").join(made.name());
    std::fs::create_dir_all(&folder)?;
    let kept = keep(&made.make(&folder)?, out, None);
    std::fs::remove_dir_all(&folder)?;
    Ok(kept)
}

fn gather_package(package: &Package, out: &Path) -> anyhow::Result<Kept> {
    let file = package.fetch(&out.join("packages"))?;
    let folder = out.join("unpacked").join(&package.name);
    std::fs::create_dir_all(&folder)?;
    let wants = |inside: &Path| package.wants(inside);
    let unpacked = unpack(&file, &folder, &wants)?;
    let found: Vec<Found> = shuffled(unpacked)
        .into_iter()
        .map(|file| {
            let inside = file.strip_prefix(&folder).unwrap_or(&file);
            Found {
                about: Source {
                    path: PathBuf::new(),
                    source: format!("{}:{}", package.name, inside.display()),
                    group: package.name.clone(),
                    kind: package.kind.clone(),
                    licence: package.licence.clone(),
                    commercial: package.commercial,
                    held_out: package.held_out,
                    seconds: 0.0,
                },
                duration_s: None,
                file,
            }
        })
        .collect();
    let kept = keep(&found, out, package.most_minutes);
    std::fs::remove_dir_all(&folder)?;
    std::fs::remove_file(&file)?;
    Ok(kept)
}

/// In an order that is the same each time and has nothing to do with the names: where a package
/// is cut short, what stays is a sample of all.
fn shuffled(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    use rand::seq::SliceRandom;
    let mut random = hamiltone_training::random::stream(1, &[files.len() as u64]);
    files.shuffle(&mut random);
    files
}

fn describe(name: &str, kept: &Kept) -> String {
    // A sum of nothing is -0.0.
    let seconds = kept
        .sources
        .iter()
        .fold(0.0, |sum, source| sum + source.seconds);
    let mut line = format!(
        "{name}: {} sounds, {:.1} minutes",
        kept.sources.len(),
        seconds / 60.0
    );
    if kept.left_out > 0 {
        line += &format!("; {} silent, short, twice or too many", kept.left_out);
    }
    if let Some(first) = kept.failed.first() {
        line += &format!("; {} not read (the first: {first})", kept.failed.len());
    }
    line
}

fn summarise(sources: &[Source], arguments: &GatherArguments) {
    let serves = |source: &Source| {
        let commercial = if source.commercial {
            "commercial"
        } else {
            "research"
        };
        let held_out = if source.held_out {
            "held out"
        } else {
            "training"
        };
        format!("{commercial}, {held_out}")
    };
    let hours: f64 = sources.iter().map(|source| source.seconds / 3600.0).sum();
    let by_kind = seconds_by(sources, |source| {
        format!("{}, {}", source.kind, serves(source))
    });
    let by_licence = seconds_by(sources, |source| source.licence.clone());
    if arguments.json {
        let summary = json!({
            "sounds": sources.len(), "hours": hours,
            "seconds_by_kind": by_kind, "seconds_by_licence": by_licence,
        });
        println!("{summary}");
    } else if !arguments.quiet {
        println!("{} sounds, {hours:.2} hours", sources.len());
        for (what, seconds) in by_kind {
            println!("{:8.1} min  {what}", seconds / 60.0);
        }
    }
}
