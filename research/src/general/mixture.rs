//! Crops, new each time: one to three sounds, each changed, at random levels.

use rand::Rng;

use super::Material;
use super::effects::{decibels, interpolate, low_pass, reverberate, root_mean_square, tilt};
use super::material::{Cut, Place};
use hamiltone_training::random::normal;

/// How sounds are changed and mixed. Shares are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixing {
    /// Share of crops of two sounds at least, and of those the share with a third.
    pub more: (f64, f64),
    /// Level of the second and third sound under the first, in dB, from ... to.
    pub below_db: (f32, f32),
    /// Gain of the whole, in dB, from ... to, on crops brought to −20 dB first.
    pub gain_db: (f32, f32),
    /// Speed (and pitch): uniform in octaves within plus and minus this, on this share.
    pub speed: (f32, f64),
    /// Share that gets a tilt of the spectrum, and its most in dB an octave.
    pub tilt: (f64, f32),
    /// Share that loses its highs, as by a small loudspeaker or a codec.
    pub band_limited: f64,
    /// Share with the sound of a room.
    pub reverberant: f64,
    /// Share with noise, and its level under the rest in dB, from ... to.
    pub noise: (f64, (f32, f32)),
    /// Share that is all but silence.
    pub silence: f64,
    /// Share that [`degrade`](super::degrade) changes at last; [`mixture`] leaves that to its
    /// callers.
    pub coded: f64,
    /// Whether the teacher is asked about the crop before the gain and what follows it, so that a quiet crop has the
    /// labels of a loud one.
    pub levelled_teacher: bool,
}

/// A crop.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// What the student learns from.
    pub student: Vec<f32>,
    /// What the teacher is asked about, if that is another sound.
    pub teacher: Option<Vec<f32>>,
    /// Where its sound is from, if it is one sound.
    pub(super) place: Option<Place>,
}

impl Mixture {
    /// What the teacher is asked about.
    pub fn for_teacher(&self) -> &[f32] {
        self.teacher.as_ref().unwrap_or(&self.student)
    }

    /// Puts silence before the sound, `silent` samples: the crop keeps its length and loses its end. The teacher is asked
    /// about what is left of the sound.
    pub fn begin_late(&mut self, silent: usize) {
        let length = self.student.len();
        let left = length.saturating_sub(silent);
        let mut teacher = self.for_teacher().to_vec();
        teacher.truncate(left);
        self.student.truncate(left);
        self.student
            .splice(0..0, std::iter::repeat_n(0.0, length - left));
        self.teacher = Some(teacher);
    }
}

impl Default for Mixing {
    fn default() -> Self {
        Self {
            more: (0.4, 0.2),
            below_db: (-6.0, 15.0),
            gain_db: (-20.0, 8.0),
            speed: (0.3, 0.15),
            tilt: (0.2, 3.0),
            band_limited: 0.05,
            reverberant: 0.06,
            noise: (0.08, (10.0, 40.0)),
            silence: 0.01,
            coded: 0.05,
            levelled_teacher: false,
        }
    }
}

/// Most of the crops that are changed in one way.
const MOST: f64 = 0.6;

impl Mixing {
    /// Multiplies the shares of crops that are mixed or changed, though no more than six tenths of them in one
    /// way; the share of mixtures with a third sound, and that of silence, stay.
    pub fn times(self, factor: f64) -> Self {
        let share = |usual: f64| (factor * usual).min(MOST.max(usual));
        Self {
            more: (share(self.more.0), self.more.1),
            speed: (self.speed.0, share(self.speed.1)),
            tilt: (share(self.tilt.0), self.tilt.1),
            band_limited: share(self.band_limited),
            reverberant: share(self.reverberant),
            noise: (share(self.noise.0), self.noise.1),
            coded: share(self.coded),
            ..self
        }
    }
}

/// Crops are brought to this level before the gain.
const LEVEL: f32 = 0.1;
/// Tries for a crop that is not silence.
const TRIES: usize = 4;

/// A crop of `length` samples at `rate` Hz.
pub fn mixture(
    material: &Material,
    length: usize,
    rate: u32,
    mixing: &Mixing,
    random: &mut impl Rng,
) -> Mixture {
    if random.random_bool(mixing.silence) {
        let level = 1e-5 * 10f32.powf(random.random_range(-2.0..=1.0f32));
        return Mixture {
            student: (0..length).map(|_| level * normal(random)).collect(),
            teacher: None,
            place: None,
        };
    }
    let Cut {
        samples: mut mixed,
        place,
    } = changed(material, length, rate, mixing, random);
    let mut place = Some(place);
    let (two, three) = mixing.more;
    if random.random_bool(two) {
        place = None;
        let more = if random.random_bool(three) { 2 } else { 1 };
        for _ in 0..more {
            let other = changed(material, length, rate, mixing, random).samples;
            let (least, most) = mixing.below_db;
            let gain = decibels(-random.random_range(least..=most));
            mixed
                .iter_mut()
                .zip(other)
                .for_each(|(sum, x)| *sum += gain * x);
        }
    }
    let (share, (least, most)) = mixing.noise;
    if random.random_bool(share) {
        let level = LEVEL * decibels(-random.random_range(least..=most));
        mixed
            .iter_mut()
            .for_each(|sample| *sample += level * normal(random));
    }
    let (least, most) = mixing.gain_db;
    let gain = decibels(random.random_range(least..=most));
    let with = |gain: f32| {
        let samples = mixed.iter();
        samples
            .map(|sample| (gain * sample).clamp(-1.0, 1.0))
            .collect()
    };
    Mixture {
        student: with(gain),
        teacher: mixing.levelled_teacher.then(|| with(1.0)),
        place,
    }
}

/// One sound, cropped, changed, and brought to [`LEVEL`].
fn changed(
    material: &Material,
    length: usize,
    rate: u32,
    mixing: &Mixing,
    random: &mut impl Rng,
) -> Cut {
    let (octaves, share) = mixing.speed;
    let speed = match random.random_bool(share) {
        true => 2f32.powf(octaves * random.random_range(-1.0..=1.0f32)),
        false => 1.0,
    };
    let length_before = (length as f32 * speed) as usize + 2;
    let Cut {
        samples: mut crop,
        place,
    } = audible(material, length_before, random);
    if speed != 1.0 {
        crop = (0..length)
            .map(|i| interpolate(&crop, i as f32 * speed))
            .collect();
    }
    crop.truncate(length);
    let (share, most) = mixing.tilt;
    if random.random_bool(share) {
        tilt(&mut crop, rate, most * random.random_range(-1.0..=1.0f32));
    }
    if random.random_bool(mixing.band_limited) {
        let highest = 1_000.0 * 2f32.powf(random.random_range(0.5..=3.8f32));
        for _ in 0..2 {
            low_pass(&mut crop, rate, highest);
        }
    }
    if random.random_bool(mixing.reverberant) {
        reverberate(&mut crop, rate, random);
    }
    let level = root_mean_square(&crop);
    if level > 1e-6 {
        crop.iter_mut().for_each(|sample| *sample *= LEVEL / level);
    }
    Cut {
        samples: crop,
        place,
    }
}

/// A stretch of a sound that is not silent, if some tries find one.
fn audible(material: &Material, length: usize, random: &mut impl Rng) -> Cut {
    let mut best = material.cut(length, random);
    let mut loudest = root_mean_square(&best.samples);
    for _ in 1..TRIES {
        if loudest > 3e-3 {
            break;
        }
        let cut = material.cut(length, random);
        let level = root_mean_square(&cut.samples);
        if level > loudest {
            (loudest, best) = (level, cut);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use hamiltone_training::audio_cache::Sound;
    use hamiltone_training::random::stream;

    fn material() -> Material {
        let tone: Vec<f32> = (0..64_000).map(|i| (i as f32 * 0.1).sin()).collect();
        let click: Vec<f32> = (0..900).map(|i| (-(i as f32) / 90.0).exp()).collect();
        Material::new(vec![Sound::new(&tone), Sound::new(&click)]).unwrap()
    }

    #[test]
    fn mixtures_are_finite_loud_enough_and_never_the_same() {
        let material = material();
        let mixing = Mixing {
            silence: 0.0,
            ..Mixing::default()
        };
        let mut seen = Vec::new();
        for seed in 0..60 {
            let draw = |mixing: &Mixing| {
                mixture(&material, 32_000, 32_000, mixing, &mut stream(seed, &[]))
            };
            let crop = draw(&mixing).student;
            assert_eq!(crop.len(), 32_000);
            assert!(crop.iter().all(|s| s.abs() <= 1.0));
            assert!(root_mean_square(&crop) > 1e-3, "seed {seed}");
            assert_eq!(crop, draw(&mixing).student);
            assert!(!seen.contains(&crop));
            seen.push(crop);
        }
    }

    #[test]
    fn the_teacher_is_asked_at_one_level_and_about_what_is_left_of_a_late_crop() {
        let material = material();
        let mixing = Mixing {
            silence: 0.0,
            gain_db: (-45.0, 6.0),
            levelled_teacher: true,
            ..Mixing::default()
        };
        let same = Mixing {
            levelled_teacher: false,
            ..mixing.clone()
        };
        for seed in 0..20 {
            let draw = |mixing: &Mixing| {
                mixture(&material, 32_000, 32_000, mixing, &mut stream(seed, &[]))
            };
            let mut crop = draw(&mixing);
            assert_eq!(draw(&same).student, crop.student);
            assert_eq!(draw(&same).for_teacher(), crop.student);
            let (quiet, level) = (
                root_mean_square(&crop.student),
                root_mean_square(crop.for_teacher()),
            );
            assert!((0.03..0.3).contains(&level), "seed {seed}: {level}");
            let gain = 20.0 * (quiet / level).log10();
            assert!((-45.1..6.1).contains(&gain), "seed {seed}: {gain} dB");
            let before = crop.clone();
            crop.begin_late(12_800);
            assert_eq!(crop.student.len(), 32_000);
            assert!(crop.student[..12_800].iter().all(|sample| *sample == 0.0));
            assert_eq!(crop.student[12_800..], before.student[..19_200]);
            assert_eq!(*crop.for_teacher(), before.for_teacher()[..19_200]);
        }
    }

    #[test]
    fn more_changes_leave_some_crops_as_they_are() {
        let usual = Mixing::default();
        assert_eq!(usual.clone().times(1.0), usual);
        let more = usual.clone().times(4.0);
        assert_eq!((more.more, more.silence), ((0.6, 0.2), usual.silence));
        assert_eq!((more.speed, more.band_limited), ((0.3, 0.6), 0.2));
        assert_eq!(usual.times(0.0).noise.0, 0.0);
    }

    #[test]
    fn short_and_long_are_drawn_by_the_root_of_their_length() {
        let material = material();
        let mut random = stream(1, &[]);
        let long = (0..2_000).filter(|_| material.draw(&mut random).samples.len() == 64_000);
        let share = long.count() as f64 / 2_000.0;
        let expected = 64_000f64.sqrt() / (64_000f64.sqrt() + 30.0);
        assert!((share - expected).abs() < 0.03, "{share} {expected}");
    }
}
