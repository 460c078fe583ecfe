//! The parameters as plain values.

use nice_plug::prelude::Param;

use super::HamiltoneParams;
use super::table::Continuous;
use crate::listen::Listen;

/// The values of all parameters at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Length of the analysis window in seconds.
    pub window_s: f32,
    /// Time constant for rising probabilities in seconds.
    pub attack_s: f32,
    /// Time constant for falling probabilities in seconds.
    pub release_s: f32,
    /// Probability at which a label turns on, or the factor for the labels' own levels.
    pub threshold: f32,
    /// Seconds that the panel holds a peak.
    pub hold_s: f32,
    /// The input channels that are analysed.
    pub listen: Listen,
    /// Whether the analysis is off.
    pub bypassed: bool,
    /// Whether the audio is captured while it plays.
    pub capture: bool,
    /// Whether MIDI notes are sent.
    pub notes: bool,
    /// Whether OSC messages are sent.
    pub osc: bool,
}

impl Values {
    /// The present values without the host's modulation: a slider that is dragged starts from these.
    pub fn of(params: &HamiltoneParams) -> Self {
        let value = |parameter: Continuous| {
            let value = params.continuous(parameter).unmodulated_plain_value();
            parameter.row().clamp(value)
        };
        Self {
            window_s: value(Continuous::Window),
            attack_s: value(Continuous::Attack),
            release_s: value(Continuous::Release),
            threshold: value(Continuous::Threshold),
            hold_s: value(Continuous::Hold),
            listen: params.listen.value(),
            bypassed: params.bypass.value(),
            capture: params.capture.value(),
            notes: params.notes.value(),
            osc: params.osc.value(),
        }
    }

    /// The value of one continuous parameter.
    pub fn continuous(&self, parameter: Continuous) -> f32 {
        match parameter {
            Continuous::Window => self.window_s,
            Continuous::Attack => self.attack_s,
            Continuous::Release => self.release_s,
            Continuous::Threshold => self.threshold,
            Continuous::Hold => self.hold_s,
        }
    }
}
