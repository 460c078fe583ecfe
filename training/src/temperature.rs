//! The temperature of a softmax, and the probability from which its best label is on.

use std::collections::BTreeMap;

use hamiltone_engine::model::Calibration;

use crate::evaluation::{cross_entropy, largest};

/// Fewer clips say too little about one clip in ten.
const FEWEST_CLIPS: usize = 40;
/// Clips are dealt to so many parts, or as there are recordings; what is stated of a part is by a fit to the others.
const PARTS: usize = 5;
/// Fewer recordings, speakers or tracks say too little about others.
const FEWEST_GROUPS: usize = 3;
/// The share of labels that are on and right, for which the level is chosen.
const PRECISION: f64 = 0.9;
/// A precision of fewer clips than this is not known.
const FEWEST_ON: usize = 10;
/// The level is never lower: a best label with a smaller chance is more likely wrong than right.
const LEAST_LEVEL: f64 = 0.5;
/// The level where no other gives the precision.
const MOST_LEVEL: f64 = 0.95;
/// The logarithm of the factor is searched between plus and minus this.
const WIDEST: f64 = 3.0;
/// What a factor other than 1 costs, in nats for its squared logarithm: as much as a few clips can gain, so that a
/// handful of clips that all are right do not make the model certain.
const PRIOR: f64 = 2.0;
const BINS: usize = 15;

/// The answer to a clip that the network has not learned from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeldOut<'a> {
    pub(crate) logits: Vec<f32>,
    /// The label that is right.
    pub(crate) label: usize,
    /// Its recording, speaker or track.
    pub(crate) group: &'a str,
}

/// A fit: the factor of the logits and the level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    scale: f64,
    level: f64,
}

/// The calibration of a model by such answers, or `None` where there are fewer than 40 clips or three recordings.
/// `data` is the name of the clips in the protocol.
pub(crate) fn fit(answers: &[HeldOut<'_>], data: &str) -> Option<Calibration> {
    let labels = answers.first()?.logits.len();
    let parts = parts(answers);
    if answers.len() < FEWEST_CLIPS || parts.len() < FEWEST_GROUPS {
        return None;
    }
    let Fit { scale, level } = Fit::to(&answers.iter().collect::<Vec<_>>());
    Some(Calibration {
        scale: vec![scale as f32],
        offset: Vec::new(),
        on: vec![level as f32; labels],
        examples: Vec::new(),
        precision: Some(PRECISION),
        clips: answers.len() as u64,
        protocol: protocol(&parts, answers.len(), data),
    })
}

/// The answers in parts; recordings stay together. Each goes to the part with the fewest clips so far.
fn parts<'a>(answers: &'a [HeldOut<'a>]) -> Vec<Vec<&'a HeldOut<'a>>> {
    let mut groups: BTreeMap<&str, Vec<&HeldOut<'_>>> = BTreeMap::new();
    for answer in answers {
        groups.entry(answer.group).or_default().push(answer);
    }
    let mut parts = vec![Vec::new(); PARTS.min(groups.len())];
    for (_, group) in groups {
        if let Some(part) = parts.iter_mut().min_by_key(|part| part.len()) {
            part.extend(group);
        }
    }
    parts
}

fn protocol(parts: &[Vec<&HeldOut<'_>>], clips: usize, data: &str) -> String {
    let (mut plain, mut fitted, mut on) = (Vec::new(), Vec::new(), Vec::new());
    for (held_out, part) in parts.iter().enumerate() {
        let others = parts.iter().enumerate().filter(|(at, _)| *at != held_out);
        let others: Vec<&HeldOut<'_>> = others.flat_map(|(_, part)| part).copied().collect();
        let Fit { scale, level } = Fit::to(&others);
        for answer in part {
            let own = chance(answer, scale);
            plain.push(chance(answer, 1.0));
            fitted.push(own);
            on.extend((own.0 >= level).then_some(own.1));
        }
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let right = |chances: &[(f64, bool)]| chances.iter().filter(|(_, right)| *right).count();
    format!(
        "temperature and level by {clips} clips that it has not learned from ({data}), whole clips; figures of \
         recordings that these two were not fitted to: a label is on in {:.0} % of the clips, {:.0} % of these right \
         ({:.0} % of all); calibration error {:.3}, {:.3} without",
        share(on.len(), clips),
        share(on.iter().filter(|right| **right).count(), on.len()),
        share(right(&plain), clips),
        calibration_error(&fitted),
        calibration_error(&plain)
    )
}

impl Fit {
    fn to(answers: &[&HeldOut<'_>]) -> Self {
        let scale = scale(answers);
        let mut chances: Vec<(f64, bool)> = answers.iter().map(|a| chance(a, scale)).collect();
        chances.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut right, mut level) = (0, MOST_LEVEL);
        for (index, (chance, is_right)) in chances.iter().enumerate() {
            right += usize::from(*is_right);
            let on = index + 1;
            if on >= FEWEST_ON && right as f64 >= PRECISION * on as f64 {
                level = *chance;
            }
        }
        let level = level.clamp(LEAST_LEVEL, MOST_LEVEL);
        Self { scale, level }
    }
}

/// The factor under which these answers are most likely. Golden-section search: in the factor the loss is convex, and
/// so has one minimum.
fn scale(answers: &[&HeldOut<'_>]) -> f64 {
    let loss = |log: f64| {
        let scaled = |answer: &&HeldOut<'_>| -> f64 {
            let logits: Vec<f32> = answer.logits.iter().map(|z| z * log.exp() as f32).collect();
            cross_entropy(&logits, answer.label)
        };
        answers.iter().map(scaled).sum::<f64>() + PRIOR * log * log
    };
    let section = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-WIDEST, WIDEST);
    for _ in 0..40 {
        let step = section * (high - low);
        match loss(high - step) < loss(low + step) {
            true => high = low + step,
            false => low = high - step,
        }
    }
    ((low + high) / 2.0).exp()
}

/// The probability of the best label, and whether it is right.
fn chance(answer: &HeldOut<'_>, scale: f64) -> (f64, bool) {
    let best = largest(&answer.logits);
    let logits: Vec<f32> = answer.logits.iter().map(|z| z * scale as f32).collect();
    ((-cross_entropy(&logits, best)).exp(), best == answer.label)
}

/// The mean distance of the best label's chance from how often it is right, over bins of equal width weighted by
/// their clips.
fn calibration_error(chances: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    for (chance, right) in chances {
        let bin = ((chance * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += chance;
        bins[bin].1 += f64::from(u8::from(*right));
    }
    let distances = bins.iter().map(|(chance, right)| (chance - right).abs());
    distances.sum::<f64>() / chances.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::stream;

    /// Answers of a model of three labels that is right as often as a softmax of its logits over `temperature` says.
    fn answers(count: usize, temperature: f32) -> Vec<HeldOut<'static>> {
        const GROUPS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
        let mut random = stream(1, &[2]);
        let mut answer = |index: usize| {
            let logits: Vec<f32> = (0..3).map(|_| random.random_range(-9.0..9.0)).collect();
            let true_logits: Vec<f32> = logits.iter().map(|z| z / temperature).collect();
            let mut left: f64 = random.random();
            let label = (0..3).find(|label| {
                left -= (-cross_entropy(&true_logits, *label)).exp();
                left < 0.0
            });
            HeldOut {
                logits,
                label: label.unwrap_or(2),
                group: GROUPS[index % GROUPS.len()],
            }
        };
        (0..count).map(&mut answer).collect()
    }

    #[test]
    fn a_model_that_is_too_sure_becomes_as_sure_as_it_may_be() {
        let calibration = fit(&answers(3_000, 3.0), "made clips").unwrap();
        let [scale] = calibration.scale[..] else {
            panic!("{calibration:?}");
        };
        assert!((scale - 1.0 / 3.0).abs() < 0.03, "{scale}");
        assert_eq!(calibration.on.len(), 3);
        let protocol = &calibration.protocol;
        let number = |after: &str| -> f64 {
            let text = protocol.split(after).nth(1).unwrap();
            let end = text.find([' ', ',']).unwrap();
            text[..end].parse().unwrap()
        };
        let error = number("calibration error ");
        let before = number(&format!("{error:.3}, "));
        assert!(error < 0.05 && before > 0.15, "{protocol}");
        let precision = number("% of the clips, ");
        assert!((85.0..=95.0).contains(&precision), "{protocol}");
    }

    #[test]
    fn the_level_is_an_even_chance_at_least() {
        let mut all_right = answers(200, 1.0);
        for answer in &mut all_right {
            answer.label = largest(&answer.logits);
        }
        let level = fit(&all_right, "").unwrap().on[0];
        assert!((0.5..0.6).contains(&level), "{level}");
        let mut all_wrong = all_right;
        for answer in &mut all_wrong {
            answer.label = (answer.label + 1) % 3;
        }
        assert_eq!(fit(&all_wrong, "").unwrap().on, [0.95; 3]);
    }

    #[test]
    fn few_clips_or_recordings_give_none() {
        assert_eq!(fit(&[], ""), None);
        assert_eq!(fit(&answers(FEWEST_CLIPS - 1, 1.0), ""), None);
        let mut of_one_speaker = answers(200, 1.0);
        of_one_speaker
            .iter_mut()
            .for_each(|answer| answer.group = "a");
        assert_eq!(fit(&of_one_speaker, ""), None);
    }

    #[test]
    fn a_handful_of_clips_that_are_all_right_do_not_make_it_certain() {
        let mut few = answers(FEWEST_CLIPS, 1.0);
        for answer in &mut few {
            answer.label = largest(&answer.logits);
        }
        let scale = fit(&few, "").unwrap().scale[0];
        assert!(scale < 4.0, "{scale}");
    }
}
