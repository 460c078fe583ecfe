//! How streams and files begin, old beside new: from zeros, as networks are trained, and after silence, as
//! everything is tagged.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use hamiltone_engine::features::{LevelSettings, clip_frames};
use hamiltone_engine::model::{Card, Model, ModelFile, USUAL_THRESHOLD, clip_logits};
use hamiltone_engine::tagging::{ClipFeatures, Lineup, Tagger, Tags, on_now};
use rayon::prelude::*;
use serde::Serialize;

use super::listener::Listener;
use super::sets::{Clip, Rule, Set, sets};
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::evaluation::largest;
use hamiltone_training::level::with_level;
use hamiltone_training::progress_bar::progress_bar;

/// Tags that speak of the first second, at 160 ms a column.
const FIRST_SECOND_S: f64 = 1.0;
/// Shorter clips are measured by themselves too.
const SHORT_S: f64 = 1.0;
/// Longest part of a clip that is classified.
const LONGEST_S: usize = 10;

/// Arguments of `beginnings`.
#[derive(clap::Args, Debug, Clone)]
pub struct BeginningsArguments {
    /// A general tagger; several are measured one after the other.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of data sets, with the maps of their classes in its folder `maps`.
    #[arg(long)]
    pub data: PathBuf,
    /// Gains in dB that the clips are measured at.
    #[arg(long, num_args = 1.., default_values_t = [0.0], allow_negative_numbers = true)]
    pub gain_db: Vec<f32>,
    /// Measure the new beginning with the usual gain for quiet sound, as `level` writes it into a card.
    #[arg(long)]
    pub level: bool,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A share of clips and its standard deviation over the folds of the set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Share {
    /// 0 to 1.
    share: f64,
    /// Standard deviation over folds; none with a single fold.
    spread: Option<f64>,
}

/// One figure, old and new.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    /// The network.
    model: String,
    /// The measurement.
    what: String,
    /// On which set.
    set: String,
    /// Gain of the clips in dB.
    gain_db: f32,
    /// Clips.
    clips: usize,
    /// From zeros.
    from_zeros: Share,
    /// After silence.
    after_silence: Share,
}

/// Answers to one clip.
struct Answer {
    /// Logits over the whole clip.
    whole: Vec<f32>,
    /// Probabilities of each column of the first second, over the columns so far.
    first: Vec<Vec<f32>>,
    /// The label that is shown first: it leads the first column in which a label is on or that is not too early.
    shown_first: Option<usize>,
}

/// Measures and prints a table.
///
/// # Errors
/// If a model or a clip cannot be read, or no set is there.
pub fn beginnings(arguments: &BeginningsArguments) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for path in &arguments.model {
        lines.extend(measure(path, arguments)?);
    }
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&lines)?),
        false => println!("{}", markdown(&lines)),
    }
    Ok(())
}

fn measure(path: &Path, arguments: &BeginningsArguments) -> anyhow::Result<Vec<Line>> {
    let listener = Listener::student(path)?;
    let old = Arc::new(Model::read(path)?);
    let new = match arguments.level {
        false => old.clone(),
        true => {
            let file = with_level(ModelFile::read(path)?, Some(LevelSettings::USUAL))?;
            Arc::new(Model::from_bytes(&file.to_bytes()?)?)
        }
    };
    let both_ways = [old, new];
    let model = &both_ways[1];
    let (sets, _) = sets(&arguments.data)?;
    let cache = arguments.cache.clone();
    let cache = cache.unwrap_or_else(AudioCache::default_folder);
    let audio = AudioCache::new(&cache, model.card().features.sample_rate);
    let mut lines = Vec::new();
    for &gain_db in &arguments.gain_db {
        for set in &sets {
            let message = format!("{}: {} at {gain_db} dB", listener.name, set.name);
            let bar = progress_bar(set.clips.len() as u64, &message, arguments.quiet);
            let both = set.clips.par_iter().map(|clip| {
                let answers = answers(&both_ways, &audio, clip, gain_db)
                    .with_context(|| clip.path.display().to_string());
                bar.inc(1);
                answers
            });
            let both = both.collect::<anyhow::Result<Vec<[Answer; 2]>>>()?;
            bar.finish_and_clear();
            lines.extend(lines_of(&listener, model, set, gain_db, &both));
        }
    }
    Ok(lines)
}

/// From zeros, and after silence.
fn answers(
    [old, new]: &[Arc<Model>; 2],
    audio: &AudioCache,
    clip: &Clip,
    gain_db: f32,
) -> anyhow::Result<[Answer; 2]> {
    let mut samples = audio.sound(&clip.path, clip.duration_s)?.to_f32();
    let rate = old.card().features.sample_rate;
    samples.truncate(LONGEST_S * rate as usize);
    let gain = 10f32.powf(gain_db / 20.0);
    samples.iter_mut().for_each(|sample| *sample *= gain);
    Ok([from_zeros(old, &samples), after_silence(new, &samples)?])
}

/// As training crops begin, and as everything began before 2026-12.
fn from_zeros(model: &Model, samples: &[f32]) -> Answer {
    let (card, network) = (model.card(), model.network());
    let per_column = card.architecture.frames_per_column();
    let frames = clip_frames(&card.features, samples, per_column);
    let column = per_column * network.frame_size();
    let columns = (frames.len() / column).min(columns_of_first_second(model));
    let first = (1..=columns).map(|count| {
        let mut logits = clip_logits(network, &frames[..count * column]);
        model.activate(&mut logits);
        logits
    });
    let first: Vec<_> = first.collect();
    Answer {
        shown_first: first.first().and_then(|p| leader(model, p, false)),
        first,
        whole: clip_logits(network, &frames),
    }
}

fn after_silence(model: &Arc<Model>, samples: &[f32]) -> anyhow::Result<Answer> {
    let card = model.card();
    let rate = card.features.sample_rate;
    let mut tagger = Tagger::new(model.clone(), rate, card.default_window_s)?;
    let (mut first, most) = (Vec::new(), columns_of_first_second(model));
    let mut shown_first = None;
    let beginning = &samples[..samples.len().min(2 * rate as usize)];
    let mut take = |tags: &Tags<'_>| {
        if first.len() < most {
            first.push(tags.probabilities.to_vec());
        }
        let only_if_on = tags.unclear.is_some();
        shown_first = shown_first.or_else(|| leader(model, tags.probabilities, only_if_on));
    };
    tagger.push(beginning, &mut take);
    tagger.finish(&mut take);
    Ok(Answer {
        first,
        shown_first,
        whole: ClipFeatures::logits(model.network(), &card.features, samples)?,
    })
}

/// Columns in which an event of the first second can begin: an event begins where the column before ended.
fn columns_of_first_second(model: &Model) -> usize {
    let ends_s = (0..).map(|column| model.card().column_end_s(column));
    1 + ends_s.take_while(|end_s| *end_s < FIRST_SECOND_S).count()
}

fn lines_of(
    listener: &Listener,
    model: &Model,
    set: &Set,
    gain_db: f32,
    both: &[[Answer; 2]],
) -> Vec<Line> {
    let card = model.card();
    let music = card.labels.iter().position(|label| label == "Music");
    let mut lines = Vec::new();
    let mut add =
        |what: &str, counts: &dyn Fn(&Clip) -> bool, holds: &dyn Fn(&Clip, &Answer) -> bool| {
            let pairs = || {
                let pairs = set.clips.iter().zip(both);
                pairs.filter(|(clip, _)| counts(clip))
            };
            let of = |way: usize| {
                share(pairs().map(|(clip, answers)| (clip.fold, holds(clip, &answers[way]))))
            };
            let clips = pairs().count();
            if clips > 0 {
                lines.push(Line {
                    model: card.name.clone(),
                    what: what.to_owned(),
                    set: set.name.to_owned(),
                    gain_db,
                    clips,
                    from_zeros: of(0),
                    after_silence: of(1),
                });
            }
        };
    let is_short = |clip: &Clip| clip.duration_s.is_some_and(|seconds| seconds < SHORT_S);
    let right = |clip: &Clip, answer: &Answer, scaled| {
        listener.is_right(&set.rule, clip, &answer.whole, scaled)
    };
    add("right", &|_| true, &|c, a| right(c, a, false));
    add("right, under 1 s", &is_short, &|c, a| right(c, a, false));
    if matches!(set.rule, Rule::Class(_)) {
        add("right by statistics", &|_| true, &|c, a| right(c, a, true));
        add("right by statistics, under 1 s", &is_short, &|c, a| {
            right(c, a, true)
        });
    }
    if let Some(music) = music {
        let without = |clip: &Clip| !has_music(card, set, clip);
        add(
            "no music: Music first in column 1",
            &without,
            &|_, answer| answer.first.first().is_some_and(|p| largest(p) == music),
        );
        add("no music: Music is shown first", &without, &|_, answer| {
            answer.shown_first == Some(music)
        });
        let levels = model.on_levels();
        let is_on = |p: &Vec<f32>| levels.is_on(music, p[music], USUAL_THRESHOLD, false);
        add(
            "no music: Music on in the first second",
            &without,
            &|_, answer| answer.first.iter().any(is_on),
        );
        let short = |clip: &Clip| is_short(clip) && has_music(card, set, clip);
        add("under 1 s: Music first", &short, &|_, answer| {
            largest(&answer.whole) == music
        });
    }
    lines
}

/// The label that the panel and the command line show first; with `only_if_on` none that is not on.
fn leader(model: &Model, probabilities: &[f32], only_if_on: bool) -> Option<usize> {
    let levels = model.on_levels();
    let on = on_now(probabilities, levels, USUAL_THRESHOLD);
    let lineup = Lineup {
        probabilities,
        on: &on,
        levels,
        parents: &model.card().parents,
    };
    let leader = lineup.leader()?;
    (on[leader] || !only_if_on).then_some(leader)
}

/// Whether a label of the clip's class is in the group of music.
fn has_music(card: &Card, set: &Set, clip: &Clip) -> bool {
    let is_music = |label: &usize| {
        card.groups
            .get(*label)
            .is_some_and(|group| group == "music")
    };
    match &set.rule {
        Rule::Class(classes) => classes[clip.class].0.iter().any(is_music),
        Rule::Present(label) => is_music(label),
    }
}

/// Of pairs of fold and outcome.
fn share(outcomes: impl Iterator<Item = (usize, bool)>) -> Share {
    let mut folds = std::collections::BTreeMap::<usize, (usize, usize)>::new();
    for (fold, holds) in outcomes {
        let (yes, all) = folds.entry(fold).or_default();
        *yes += usize::from(holds);
        *all += 1;
    }
    let (yes, all) = folds
        .values()
        .fold((0, 0), |sum, fold| (sum.0 + fold.0, sum.1 + fold.1));
    let shares: Vec<f64> = folds
        .values()
        .map(|(yes, all)| *yes as f64 / *all as f64)
        .collect();
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let variance = shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>()
        / shares.len().saturating_sub(1).max(1) as f64;
    Share {
        share: yes as f64 / all.max(1) as f64,
        spread: (shares.len() > 1).then(|| variance.sqrt()),
    }
}

fn markdown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| model | gain, dB | set | what | clips | from zeros, % | after silence, % |\n|---|---|---|---|---|---|---|\n",
    );
    let percent = |share: &Share| match share.spread {
        Some(spread) => format!("{:.1} ± {:.1}", 100.0 * share.share, 100.0 * spread),
        None => format!("{:.1}", 100.0 * share.share),
    };
    for line in lines {
        let Line {
            model,
            gain_db,
            set,
            what,
            clips,
            ..
        } = line;
        let (old, new) = (percent(&line.from_zeros), percent(&line.after_silence));
        let _ = writeln!(
            text,
            "| {model} | {gain_db} | {set} | {what} | {clips} | {old} | {new} |"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_over_clips_and_its_spread_over_folds() {
        let outcomes = [(1, true), (1, true), (1, false), (1, true), (2, false)];
        let share = share(outcomes.into_iter());
        assert_eq!(share.share, 0.6);
        let expected = (0.75f64 / 2.0).powi(2) * 2.0;
        assert!((share.spread.unwrap() - expected.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_single_fold_has_no_spread() {
        assert_eq!(share([(1, true)].into_iter()).spread, None);
    }
}
