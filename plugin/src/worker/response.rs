//! Smooths probabilities (attack, release) and decides which labels are on (threshold with hysteresis).

use hamiltone_engine::model::OnLevels;

/// The parameters of the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ResponseSettings {
    /// Time constant for rising values, in seconds.
    pub(super) attack_s: f32,
    /// Time constant for falling values, in seconds.
    pub(super) release_s: f32,
    /// Probability (0 to 1) at which a label turns on, or by which the labels' own levels are scaled.
    pub(super) threshold: f32,
}

/// A label that turned on or off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) label: usize,
    /// The smoothed probability if it turned on; `None` if it turned off.
    pub(super) on: Option<f32>,
}

/// The smoothed probabilities, and which labels are on.
#[derive(Debug, Default)]
pub(super) struct Response {
    smoothed: Vec<f32>,
    on: Vec<bool>,
}

impl Response {
    /// Takes new probabilities, `refresh_s` seconds after the previous ones, and the labels' own `levels`. Calls
    /// `on_change` for each label that turned on or off. Another number of labels resets the state.
    pub(super) fn follow(
        &mut self,
        probabilities: &[f32],
        levels: OnLevels<'_>,
        refresh_s: f64,
        settings: ResponseSettings,
        mut on_change: impl FnMut(Change),
    ) {
        if self.smoothed.len() != probabilities.len() {
            self.smoothed = vec![0.0; probabilities.len()];
            self.on = vec![false; probabilities.len()];
        }
        let rise = share_of_way(refresh_s, settings.attack_s);
        let fall = share_of_way(refresh_s, settings.release_s);
        for (label, &probability) in probabilities.iter().enumerate() {
            let smoothed = &mut self.smoothed[label];
            let share = if probability > *smoothed { rise } else { fall };
            *smoothed += (probability - *smoothed) * share;
            let now = levels.is_on(label, *smoothed, settings.threshold, self.on[label]);
            if now != self.on[label] {
                self.on[label] = now;
                let on = now.then_some(*smoothed);
                on_change(Change { label, on });
            }
        }
    }

    /// Resets the state: all labels are off, without a call of `on_change`.
    pub(super) fn reset(&mut self) {
        self.smoothed.clear();
        self.on.clear();
    }

    pub(super) fn smoothed(&self) -> &[f32] {
        &self.smoothed
    }

    pub(super) fn on(&self) -> &[bool] {
        &self.on
    }
}

/// Share of the distance covered in `passed_s` with a time constant; all of it if that is zero.
fn share_of_way(passed_s: f64, time_constant_s: f32) -> f32 {
    if time_constant_s <= 0.0 {
        return 1.0;
    }
    1.0 - (-passed_s as f32 / time_constant_s).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: ResponseSettings = ResponseSettings {
        attack_s: 0.0,
        release_s: 1.0,
        threshold: 0.5,
    };

    fn changes(response: &mut Response, probabilities: &[f32]) -> Vec<Change> {
        let mut changes = Vec::new();
        response.follow(probabilities, OnLevels::COMMON, 0.16, SETTINGS, |change| {
            changes.push(change);
        });
        changes
    }

    #[test]
    fn it_rises_at_once_and_falls_with_its_time_constant() {
        let mut response = Response::default();
        changes(&mut response, &[0.9]);
        assert_eq!(response.smoothed(), [0.9]);
        for _ in 0..25 {
            response.follow(&[0.0], OnLevels::COMMON, 0.04, SETTINGS, |_| ());
        }
        // After one time constant 1/e is left, however often it was asked.
        assert!((response.smoothed()[0] - 0.9 * 0.3679).abs() < 1e-3);
    }

    #[test]
    fn a_label_stays_on_until_well_below_the_threshold() {
        let mut response = Response::default();
        assert_eq!(changes(&mut response, &[0.4, 0.1]), []);
        let on = Change {
            label: 0,
            on: Some(0.6),
        };
        assert_eq!(changes(&mut response, &[0.6, 0.1]), [on]);
        assert_eq!(response.on(), [true, false]);
        let mut count = 0;
        let off = loop {
            count += 1;
            let changes = changes(&mut response, &[0.0, 0.0]);
            if let [change] = changes[..] {
                break change;
            }
            assert!(response.smoothed()[0] >= 0.35);
        };
        assert_eq!(off, Change { label: 0, on: None });
        assert!(count > 2 && response.smoothed()[0] < 0.35);
    }

    #[test]
    fn labels_are_on_at_levels_of_their_own_that_the_threshold_moves() {
        let levels = [0.2, 0.9];
        let on_at = |threshold: f32| {
            let mut response = Response::default();
            let settings = ResponseSettings {
                threshold,
                ..SETTINGS
            };
            response.follow(&[0.6; 2], OnLevels::of(&levels), 0.16, settings, |_| ());
            response.on().to_vec()
        };
        assert_eq!(on_at(0.3), [true, false]);
        assert_eq!(on_at(0.9), [false, false]);
        assert_eq!(on_at(0.05), [true, true]);
    }

    #[test]
    fn another_model_begins_anew() {
        let mut response = Response::default();
        changes(&mut response, &[0.9, 0.9]);
        assert_eq!(changes(&mut response, &[0.1, 0.8, 0.1]).len(), 1);
        assert_eq!(response.on(), [false, true, false]);
        response.reset();
        assert!(response.smoothed().is_empty());
    }
}
