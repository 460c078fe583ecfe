//! One open window: draws the panel and carries out its actions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::*;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, KeyCapture, NiceEguiApp};
use parking_lot::Mutex;

use super::dialogs::{Answer, Dialogs};
use super::window_threads::Held;
use crate::agreements::Item;
use crate::history::History;
use crate::panel::contract::{Action, View};
use crate::panel::view::{Motion, draw, prepare};
use crate::panel::widgets::theme;
use crate::params::{HamiltoneParams, Values};
use crate::settings::{Edit, PanelSize};
use crate::snapshot::Trouble;
use crate::worker::{Requests, SnapshotReader};

/// Time between two scans of the model folders while the panel is open.
const SCAN_EVERY: Duration = Duration::from_secs(2);

/// How long the panel shows that a dialog could not be opened.
const PROBLEM_SHOWN_FOR: Duration = Duration::from_secs(20);

/// What all windows of an instance share.
pub(super) struct Shared {
    pub(super) params: Arc<HamiltoneParams>,
    pub(super) snapshots: Mutex<SnapshotReader>,
    pub(super) requests: Requests,
    pub(super) history: Arc<Mutex<History>>,
    pub(super) dialogs: Dialogs,
    /// Bits of the last window's scale factor (`f32`): the host asks for the size in pixels before
    /// there is a window.
    pub(super) scale: AtomicU32,
}

/// One window.
pub(super) struct PanelApp {
    shared: Arc<Shared>,
    held: Held,
    /// Set by the first frame.
    drawn: Arc<AtomicBool>,
    /// `Some` while the window is open.
    host: Option<GuiContext>,
    motion: Motion,
    /// Why the last dialog failed, and when.
    problem: Option<(Trouble, Instant)>,
    /// When the model folders were last scanned.
    scanned: Instant,
}

impl PanelApp {
    /// Sets `drawn` with its first frame.
    pub(super) fn new(shared: Arc<Shared>, held: Held, drawn: Arc<AtomicBool>) -> Self {
        Self {
            shared,
            held,
            drawn,
            host: None,
            motion: Motion::default(),
            problem: None,
            scanned: Instant::now(),
        }
    }
}

impl NiceEguiApp for PanelApp {
    fn build(
        &mut self,
        context: egui::Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.held.until_this_thread_ends();
        prepare(&context);
        frame.set_clear_color(theme::BACKGROUND.into());
        self.host = Some(host);
        self.shared.requests.list_models();
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        self.drawn.store(true, Ordering::Relaxed);
        // The host gets the keyboard, except while someone types into a field.
        frame.set_key_capture(if ui.ctx().egui_wants_keyboard_input() {
            KeyCapture::CaptureAll
        } else {
            KeyCapture::IgnoreAll
        });
        self.take_answer();
        if self.scanned.elapsed() > SCAN_EVERY {
            self.scanned = Instant::now();
            self.shared.requests.list_models();
        }
        let params = &self.shared.params;
        let (actions, next) = {
            let mut snapshots = self.shared.snapshots.lock();
            let settings = params.settings.read().clone();
            let view = View {
                snapshot: snapshots.read(),
                history: &self.shared.history.lock(),
                settings: &settings,
                values: Values::of(params),
                problem: self.problem.as_ref().map(|(trouble, _)| trouble),
            };
            draw(ui, view, &mut self.motion)
        };
        for action in actions {
            self.carry_out(ui, action);
        }
        ui.ctx().request_repaint_after(next);
    }

    fn resized(&mut self, size: WindowSize) {
        let (width, height) = (size.logical.width.round(), size.logical.height.round());
        // Casts of floats saturate; invalid sizes are clamped.
        **self.shared.params.panel.write() = PanelSize {
            width: width as u32,
            height: height as u32,
        }
        .clamped();
        self.shared
            .scale
            .store((size.scale_factor as f32).to_bits(), Ordering::Relaxed);
    }

    fn editor_closed(&mut self) {
        self.host = None;
    }
}

impl PanelApp {
    fn carry_out(&mut self, ui: &egui::Ui, action: Action) {
        let shared = self.shared.clone();
        let params = &shared.params;
        let Some(host) = &self.host else { return };
        let setter = host.param_setter();
        match action {
            Action::Begin(of) => setter.begin_set_parameter(params.continuous(of)),
            Action::Set(of, value) => setter.set_parameter(params.continuous(of), value),
            Action::End(of) => setter.end_set_parameter(params.continuous(of)),
            Action::Switch(switch, on) => set_at_once(&setter, params.switch(switch), on),
            Action::Listen(listen) => set_at_once(&setter, &params.listen, listen),
            Action::Edit(edit) => self.edit(edit),
            Action::ListModels => shared.requests.list_models(),
            Action::Ask(question) => shared.dialogs.ask(question),
            Action::SaveAgain => shared.requests.save_again(),
            Action::Allow(item) => shared.requests.agree(item),
            Action::Restart => shared.requests.restart(),
            Action::Resize(size) => {
                let wanted = PanelSize {
                    width: size.x as u32,
                    height: size.y as u32,
                }
                .clamped();
                let size = egui::vec2(wanted.width as f32, wanted.height as f32);
                ui.ctx()
                    .send_viewport_cmd(egui::ViewportCommand::InnerSize(size));
            }
        }
    }

    /// Changes the settings and tells the host that its session changed.
    fn edit(&mut self, edit: Edit) {
        if matches!(edit, Edit::ChooseModel(_) | Edit::BounceFolder(_)) {
            self.problem = None; // there is an answer without a dialog
        }
        let params = &self.shared.params;
        // First, so that the worker does not ask for what was just chosen.
        if let Some(item) = Item::of_edit(&edit) {
            self.shared.requests.agree(item);
        }
        params.settings.write().apply(edit);
        // Hosts only notice changed parameters: setting one to its present value marks the session as
        // changed, so that the host offers to save it.
        if let Some(host) = &self.host {
            let setter = host.param_setter();
            let value = params.window.unmodulated_plain_value(); // must not save the modulation
            set_at_once(&setter, &params.window, value);
        }
    }

    /// Takes the answer of a dialog since the last frame.
    fn take_answer(&mut self) {
        match self.shared.dialogs.answer() {
            None => {}
            Some(Answer::Failed(why)) => self.problem = Some((why, Instant::now())),
            Some(Answer::Chosen(question, path)) => self.edit(question.answered_with(path)),
        }
        self.problem
            .take_if(|(_, since)| since.elapsed() > PROBLEM_SHOWN_FOR);
    }
}

/// One gesture for the host.
fn set_at_once<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
