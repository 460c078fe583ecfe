//! The parameters and the persisted fields: everything that the host saves with the session.
//!
//! [`table`] says what each parameter is, [`HamiltoneParams`] holds the values for all threads, [`Values`] is a plain
//! copy of them, and [`sanitize`] checks a state before it is loaded.

mod saved_state;
pub mod table;
mod values;

use std::sync::Arc;

use nice_plug::formatters;
use nice_plug::prelude::*;
use parking_lot::RwLock;

use crate::listen::Listen;
use crate::settings::{Kept, PanelSize, Settings};
pub use saved_state::{LARGEST_STATE, sanitize};
use table::{Continuous, LISTEN_NAME, Switch, Unit};
pub use values::Values;

/// Everything that the host saves with the session.
///
/// Shared by all threads of an instance. The audio thread reads parameters only (atomics); the locks
/// belong to the host's main thread, the panel and the worker. The ids in the attributes are those of [`table`]
/// (the derive needs literals; a test compares them).
#[derive(Params)]
pub struct HamiltoneParams {
    /// [`Switch::Bypass`].
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// [`Continuous::Window`], read by the worker.
    #[id = "window"]
    pub window: FloatParam,
    /// [`Continuous::Attack`], read by the worker.
    #[id = "attack"]
    pub attack: FloatParam,
    /// [`Continuous::Release`], read by the worker.
    #[id = "release"]
    pub release: FloatParam,
    /// [`Continuous::Threshold`], read by the worker.
    #[id = "threshold"]
    pub threshold: FloatParam,
    /// [`Continuous::Hold`], read by the panel.
    #[id = "hold"]
    pub hold: FloatParam,
    /// The input channels that are analysed, read by the audio thread.
    #[id = "listen"]
    pub listen: EnumParam<Listen>,
    /// [`Switch::Capture`].
    #[id = "capture"]
    pub capture: BoolParam,
    /// [`Switch::Notes`].
    #[id = "notes"]
    pub notes: BoolParam,
    /// [`Switch::Osc`].
    #[id = "osc"]
    pub osc: BoolParam,
    /// Models, labels, outputs. The worker polls it a few times a second: a host that loads a state notifies nobody.
    #[persist = "settings"]
    pub settings: Arc<RwLock<Settings>>,
    /// The size of the panel when it was last open.
    #[persist = "panel"]
    pub panel: Arc<RwLock<Kept<PanelSize>>>,
}

impl Default for HamiltoneParams {
    fn default() -> Self {
        Self {
            bypass: switch(Switch::Bypass)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
            window: continuous(Continuous::Window),
            attack: continuous(Continuous::Attack),
            release: continuous(Continuous::Release),
            threshold: continuous(Continuous::Threshold),
            hold: continuous(Continuous::Hold),
            listen: EnumParam::new(LISTEN_NAME, Listen::default()),
            capture: switch(Switch::Capture),
            notes: switch(Switch::Notes),
            osc: switch(Switch::Osc),
            settings: Arc::default(),
            panel: Arc::default(),
        }
    }
}

fn switch(of: Switch) -> BoolParam {
    BoolParam::new(of.name(), false)
}

fn continuous(of: Continuous) -> FloatParam {
    let row = of.row();
    let mut param =
        FloatParam::new(row.name, row.default, row.range()).with_unit(row.unit.suffix());
    if row.host_steps {
        param = param.with_step_size(row.step);
    }
    match row.unit {
        Unit::Seconds => param,
        Unit::Probability => param
            .with_value_to_string(formatters::v2s_f32_percentage(0))
            .with_string_to_value(formatters::s2v_f32_percentage()),
    }
}

impl HamiltoneParams {
    /// The host's parameter for a row of the table.
    pub fn continuous(&self, of: Continuous) -> &FloatParam {
        match of {
            Continuous::Window => &self.window,
            Continuous::Attack => &self.attack,
            Continuous::Release => &self.release,
            Continuous::Threshold => &self.threshold,
            Continuous::Hold => &self.hold,
        }
    }

    /// The host's parameter for a switch of the table.
    pub fn switch(&self, of: Switch) -> &BoolParam {
        match of {
            Switch::Bypass => &self.bypass,
            Switch::Capture => &self.capture,
            Switch::Notes => &self.notes,
            Switch::Osc => &self.osc,
        }
    }

    /// The window in seconds, always inside its range, whatever a state or the host's modulation says.
    pub fn window_s(&self) -> f32 {
        Continuous::Window.row().clamp(self.window.value())
    }

    /// Whether notes are sent now: not while bypassed.
    pub fn wants_notes(&self) -> bool {
        self.notes.value() && !self.bypass.value()
    }
}

#[cfg(test)]
mod tests;
