//! Rows of log-mel to quaternion frames: the row and its first three regression deltas over time,
//! all at the same instant.

use super::{Components, FeatureSettings};

/// Real components of a quaternion.
pub const COMPONENTS: usize = 4;
/// Frames between a row and the quaternion frame of its instant: two for each of three deltas.
pub const DELTA_LATENCY_FRAMES: usize = 6;
/// Frames the regression looks to each side.
const REACH: usize = 2;

/// Streams rows through three five-point regressions in a chain, each over the output of the one
/// before: d\[t\] = (2(x\[t+2\] − x\[t−2\]) + x\[t+1\] − x\[t−1\]) / 10. Before its first value,
/// each regression sees that value repeated.
///
/// Usually the deltas run over time and are taken after the logarithm: the released code of
/// arXiv 2510.21388 does neither. The other [`Components`] are computed from the same rows, so that all
/// of them are of the same instant.
pub(super) struct Deltas {
    bands: usize,
    components: Components,
    /// The floor of powers.
    floor: f32,
    /// A row as it goes into the first history.
    row: Vec<f32>,
    /// The newest `HISTORY` rows that went into each component, newest last.
    histories: [Vec<f32>; COMPONENTS],
    rows_seen: [usize; COMPONENTS],
}

/// The instant of a quaternion frame lies this many rows behind the newest row of component 0,
/// two fewer for each further component.
const HISTORY: usize = DELTA_LATENCY_FRAMES + 1;

impl Deltas {
    pub(super) fn new(settings: &FeatureSettings) -> Self {
        let bands = settings.mel_bands;
        Self {
            bands,
            components: settings.components,
            floor: settings.floor_power as f32,
            row: vec![0.0; bands],
            histories: std::array::from_fn(|_| vec![0.0; HISTORY * bands]),
            rows_seen: [0; COMPONENTS],
        }
    }

    pub(super) fn reset(&mut self) {
        self.rows_seen = [0; COMPONENTS];
    }

    /// Enters the steady state of a constant input `row`; `frame` becomes the quaternion frame of that state. Allocates
    /// nothing.
    pub(super) fn settle(&mut self, row: &[f32], frame: &mut [f32]) {
        self.reset();
        for _ in 0..=2 * HISTORY {
            self.push(row, frame);
        }
    }

    /// Takes the next row; fills `frame` (component-major, `COMPONENTS × bands`) and returns true
    /// where all components of an instant are now known. Allocates nothing.
    pub(super) fn push(&mut self, row: &[f32], frame: &mut [f32]) -> bool {
        let mut taken = std::mem::take(&mut self.row);
        taken.copy_from_slice(row);
        if self.components == Components::PowerDeltas {
            taken.iter_mut().for_each(|db| *db = 10f32.powf(*db / 10.0));
        }
        self.append(0, &taken);
        self.row = taken;
        for component in 1..COMPONENTS {
            if self.rows_seen[component - 1] <= REACH {
                return false;
            }
            self.regress_into(component);
        }
        for component in 0..COMPONENTS {
            let behind = REACH * (COMPONENTS - 1 - component);
            let start = (HISTORY - 1 - behind) * self.bands;
            frame[component * self.bands..][..self.bands]
                .copy_from_slice(&self.histories[component][start..start + self.bands]);
        }
        self.replace_components(frame);
        true
    }

    /// Replaces the deltas over time in a frame by the components of the settings.
    fn replace_components(&self, frame: &mut [f32]) {
        match self.components {
            Components::Deltas => {}
            Components::PowerDeltas => {
                let decibels = |power: f32| 10.0 * power.max(self.floor).log10();
                frame.iter_mut().for_each(|value| *value = decibels(*value));
            }
            Components::MelDeltas => {
                for component in 1..COMPONENTS {
                    let (before, after) = frame.split_at_mut(component * self.bands);
                    let source = &before[(component - 1) * self.bands..];
                    let last = self.bands - 1;
                    for (band, value) in after[..self.bands].iter_mut().enumerate() {
                        let at =
                            |offset: usize| source[(band + offset).saturating_sub(REACH).min(last)];
                        *value = (2.0 * (at(4) - at(0)) + at(3) - at(1)) / 10.0;
                    }
                }
            }
            Components::Copies => {
                let (row, copies) = frame.split_at_mut(self.bands);
                copies
                    .chunks_exact_mut(self.bands)
                    .for_each(|copy| copy.copy_from_slice(row));
            }
        }
    }

    /// Appends a row to a component's history; the first one also fills all before it.
    fn append(&mut self, component: usize, row: &[f32]) {
        let history = &mut self.histories[component];
        if self.rows_seen[component] == 0 {
            history
                .chunks_exact_mut(self.bands)
                .for_each(|old| old.copy_from_slice(row));
        } else {
            history.copy_within(self.bands.., 0);
            history[(HISTORY - 1) * self.bands..].copy_from_slice(row);
        }
        self.rows_seen[component] += 1;
    }

    /// One regression over the newest five rows of the component before.
    fn regress_into(&mut self, component: usize) {
        let bands = self.bands;
        let (before, after) = self.histories.split_at_mut(component);
        let source = &before[component - 1];
        let newest = |ago: usize, band: usize| source[(HISTORY - 1 - ago) * bands + band];
        let target = &mut after[0];
        let first = self.rows_seen[component] == 0;
        target.copy_within(bands.., 0);
        for band in 0..bands {
            let wide = newest(0, band) - newest(4, band);
            let narrow = newest(1, band) - newest(3, band);
            target[(HISTORY - 1) * bands + band] = (2.0 * wide + narrow) / 10.0;
        }
        if first {
            let (old, row) = target.split_at_mut((HISTORY - 1) * bands);
            old.chunks_exact_mut(bands)
                .for_each(|old| old.copy_from_slice(row));
        }
        self.rows_seen[component] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deltas(bands: usize, components: Components) -> Deltas {
        Deltas::new(&FeatureSettings {
            mel_bands: bands,
            components,
            ..FeatureSettings::default()
        })
    }

    const BANDS: usize = 16;

    /// The last frame of rows whose band `b` has `row(t, b)`.
    fn last_frame(components: Components, row: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        let bands = BANDS;
        let (mut deltas, mut frame) = (deltas(bands, components), vec![0.0; 4 * bands]);
        for t in 0..20 {
            let row: Vec<f32> = (0..bands).map(|band| row(t as f32, band as f32)).collect();
            deltas.push(&row, &mut frame);
        }
        frame
    }

    #[test]
    fn deltas_over_mel_are_slopes_over_mel() {
        let frame = last_frame(Components::MelDeltas, |t, band| t + 3.0 * band);
        assert!(
            (frame[BANDS + 8] - 3.0).abs() < 1e-5 && frame[2 * BANDS + 8].abs() < 1e-5,
            "{frame:?}"
        );
    }

    #[test]
    fn deltas_of_powers_are_of_powers_and_copies_are_copies() {
        // The power of each band grows by 0.01 a frame.
        let rising = |t: f32, _| 10.0 * (0.01 * (t + 1.0)).log10();
        let frame = last_frame(Components::PowerDeltas, rising);
        assert!((frame[0] - rising(13.0, 0.0)).abs() < 1e-3, "{frame:?}");
        assert!((frame[BANDS] + 20.0).abs() < 0.01, "{frame:?}");
        assert!(frame[2 * BANDS] < -50.0, "{frame:?}"); // no curvature: next to the floor
        let falling = last_frame(Components::PowerDeltas, |t, _| -t);
        assert_eq!(falling[BANDS], -100.0);
        let frame = last_frame(Components::Copies, |t, band| t * band);
        assert!(frame.chunks(BANDS).all(|part| part == &frame[..BANDS]));
    }

    #[test]
    fn a_ramp_has_its_slope_a_parabola_its_curvature() {
        let mut deltas = deltas(2, Components::Deltas);
        let mut frame = [0.0; 8];
        let mut instants = 0;
        for t in 0..40 {
            let t = t as f32;
            if deltas.push(&[3.0 * t, t * t], &mut frame) {
                instants += 1;
            }
        }
        assert_eq!(instants, 40 - DELTA_LATENCY_FRAMES);
        let instant = (39 - DELTA_LATENCY_FRAMES) as f32;
        let expected = [
            3.0 * instant,
            instant * instant,
            3.0,
            2.0 * instant,
            0.0,
            2.0,
            0.0,
            0.0,
        ];
        for (got, want) in frame.iter().zip(expected) {
            assert!((got - want).abs() < 1e-3, "{frame:?} for {expected:?}");
        }
    }

    #[test]
    fn a_steady_sound_has_no_deltas_from_its_first_frame_on() {
        let mut deltas = deltas(1, Components::Deltas);
        let mut frame = [9.0; 4];
        for _ in 0..20 {
            if deltas.push(&[-42.0], &mut frame) {
                assert_eq!(frame, [-42.0, 0.0, 0.0, 0.0]);
            }
        }
    }
}
