//! The parameters, one row each: what the host, the saved state and the panel know of them.
//!
//! Hosts save automation as normalised values, 0 to 1. Another range or another curve re-maps them: every saved
//! automation curve then means other values. So the ends and the curve of a released parameter stay as they are;
//! whoever needs others adds a parameter with a new id. Saved states hold plain values and only need the ends.
//! `host-view-0.1.0.txt` records the mapping of version 0.1.0, and a test compares it.

use hamiltone_engine::model::USUAL_THRESHOLD;
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use nice_plug::prelude::FloatRange;

/// A parameter with a continuous value: the key of a [`Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Continuous {
    /// Length of the analysis window. Short windows follow changes fast, long ones are more reliable.
    Window,
    /// Time constant with which a rising probability is followed; 0 follows at once.
    Attack,
    /// Time constant with which a falling probability is followed; 0 follows at once.
    Release,
    /// A label turns on at this smoothed probability and off at seven tenths of it. Where the model has a level for
    /// each label ([`OnLevels`](hamiltone_engine::model::OnLevels)), this scales all of them; the default leaves them
    /// as they are.
    Threshold,
    /// How long the panel holds the peak of each label.
    Hold,
}

/// How normalised values (0 to 1) map to plain ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// In proportion.
    Linear,
    /// By the square: half of the travel covers the lowest quarter of the range.
    Quadratic,
}

/// What plain values are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A probability, 0 to 1, shown as a percentage.
    Probability,
}

/// Everything that is fixed about a continuous parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Identifies the parameter in saved sessions and automation; never changes.
    pub id: &'static str,
    /// What the host and the panel call it.
    pub name: &'static str,
    /// The lowest value, in `unit`.
    pub min: f32,
    /// The highest value, in `unit`.
    pub max: f32,
    /// The value of a new instance, in `unit`.
    pub default: f32,
    /// What the values measure.
    pub unit: Unit,
    /// How the host's normalised values map to `min..=max`.
    pub curve: Curve,
    /// The panel sets multiples of this.
    pub step: f32,
    /// Whether the host's values are rounded to multiples of `step` too. Part of the mapping, like the curve.
    pub host_steps: bool,
}

const WINDOW: Row = Row {
    id: "window",
    name: "Window",
    min: MIN_WINDOW_S,
    max: MAX_WINDOW_S,
    default: 2.0,
    unit: Unit::Seconds,
    curve: Curve::Linear,
    step: 0.1,
    host_steps: true,
};

const ATTACK: Row = Row {
    id: "attack",
    name: "Attack",
    min: 0.0,
    max: 5.0,
    default: 0.0,
    unit: Unit::Seconds,
    curve: Curve::Quadratic,
    step: 0.01,
    host_steps: true,
};

const RELEASE: Row = Row {
    id: "release",
    name: "Release",
    default: 0.2,
    ..ATTACK
};

const THRESHOLD: Row = Row {
    id: "threshold",
    name: "Threshold",
    min: 0.01,
    max: 1.0,
    // A label among many that can sound at once seldom has a higher probability.
    default: USUAL_THRESHOLD,
    unit: Unit::Probability,
    curve: Curve::Linear,
    step: 0.01,
    host_steps: false,
};

const HOLD: Row = Row {
    id: "hold",
    name: "Hold",
    max: 10.0,
    default: 1.5,
    ..ATTACK
};

impl Continuous {
    /// Every continuous parameter, in the host's order.
    pub const ALL: [Self; 5] = [
        Self::Window,
        Self::Attack,
        Self::Release,
        Self::Threshold,
        Self::Hold,
    ];

    /// The parameter's row.
    pub const fn row(self) -> &'static Row {
        match self {
            Self::Window => &WINDOW,
            Self::Attack => &ATTACK,
            Self::Release => &RELEASE,
            Self::Threshold => &THRESHOLD,
            Self::Hold => &HOLD,
        }
    }
}

impl Row {
    /// Ends and curve in nice-plug's form.
    pub fn range(&self) -> FloatRange {
        let (min, max) = (self.min, self.max);
        match self.curve {
            Curve::Linear => FloatRange::Linear { min, max },
            Curve::Quadratic => FloatRange::Skewed {
                min,
                max,
                factor: 0.5,
            },
        }
    }

    /// The nearest value in the range; the default for NaN.
    pub fn clamp(&self, value: f32) -> f32 {
        if value.is_nan() {
            self.default
        } else {
            value.clamp(self.min, self.max)
        }
    }

    /// The normalised value (0 to 1) of a plain one.
    pub fn normalized(&self, value: f32) -> f32 {
        self.range().normalize(value)
    }

    /// The plain value of a normalised one (0 to 1), as the panel sets it: a multiple of the step.
    pub fn value_at(&self, normalized: f32) -> f32 {
        self.stepped(self.range().unnormalize(normalized))
    }

    /// A hundredth of the travel above (`up`) or below `value`, but one step at least.
    pub fn nudged(&self, value: f32, up: bool) -> f32 {
        let sign = if up { 1.0 } else { -1.0 };
        let travelled = self.value_at(self.normalized(value) + 0.01 * sign);
        let step = self.stepped(value + self.step * sign);
        if up {
            travelled.max(step)
        } else {
            travelled.min(step)
        }
    }

    /// The value with its unit, as host and panel show it: `1.50 s`, `30 %`.
    pub fn text(&self, value: f32) -> String {
        match self.unit {
            Unit::Seconds if self.step < 0.1 => format!("{value:.2} s"),
            Unit::Seconds => format!("{value:.1} s"),
            Unit::Probability => format!("{:.0} %", 100.0 * value),
        }
    }

    fn stepped(&self, value: f32) -> f32 {
        self.range().snap_to_step(value, self.step)
    }
}

impl Unit {
    /// What the host writes after the number.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Seconds => " s",
            Self::Probability => " %",
        }
    }
}

/// A parameter that is on or off; off in a new instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Stops the analysis. The audio passes either way.
    Bypass,
    /// Analyses every frame and writes a timeline at the end, in real time too.
    Capture,
    /// Sends a MIDI note for each label that turns on.
    Notes,
    /// Sends probabilities to other programs as OSC messages.
    Osc,
}

impl Switch {
    /// Every switch, in the host's order.
    pub const ALL: [Self; 4] = [Self::Bypass, Self::Capture, Self::Notes, Self::Osc];

    /// Identifies the parameter in saved sessions and automation; never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Capture => "capture",
            Self::Notes => "notes",
            Self::Osc => "osc",
        }
    }

    /// What the host calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bypass => "Bypass",
            Self::Capture => "Capture",
            Self::Notes => "Send notes",
            Self::Osc => "Send OSC",
        }
    }
}

/// Id of the one parameter that is a choice from a list: the input channels ([`Listen`](crate::listen::Listen)).
pub const LISTEN_ID: &str = "listen";

/// What the host and the panel call it.
pub const LISTEN_NAME: &str = "Listen to";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_travel_are_inverse_and_stay_in_range() {
        for row in Continuous::ALL.map(Continuous::row) {
            assert_eq!(row.value_at(0.0), row.min, "{}", row.name);
            assert_eq!(row.value_at(f32::INFINITY), row.max, "{}", row.name);
            assert_eq!(row.normalized(1e9), 1.0, "{}", row.name);
            assert_eq!(row.normalized(-1e9), 0.0, "{}", row.name);
            assert_eq!(row.clamp(row.default), row.default, "{}", row.name);
            for hundredth in 0..=100 {
                let value = row.value_at(hundredth as f32 / 100.0);
                let again = row.value_at(row.normalized(value));
                assert!((again - value).abs() < 1e-4, "{}: {value}", row.name);
            }
        }
    }

    #[test]
    fn every_value_can_be_left_in_both_directions() {
        for row in Continuous::ALL.map(Continuous::row) {
            for hundredth in 0..=100 {
                let value = row.value_at(hundredth as f32 / 100.0);
                let (below, above) = (row.nudged(value, false), row.nudged(value, true));
                assert!(below < value || value == row.min, "{}: {value}", row.name);
                assert!(above > value || value == row.max, "{}: {value}", row.name);
            }
        }
        assert!((Continuous::Window.row().nudged(2.0, true) - 2.1).abs() < 1e-4);
    }

    #[test]
    fn times_have_the_decimals_of_their_step() {
        assert_eq!(Continuous::Window.row().text(2.0), "2.0 s");
        assert_eq!(Continuous::Hold.row().text(1.5), "1.50 s");
        assert_eq!(Continuous::Threshold.row().text(0.3), "30 %");
    }
}
