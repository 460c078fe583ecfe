//! One open window: draws the panel and carries out its actions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hamiltone_engine::timeline::Timeline;
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::*;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, KeyCapture, NiceEguiApp};
use parking_lot::Mutex;

use super::dialogs::{Answer, Dialogs};
use super::files::{self, Outcome};
use super::window_threads::Held;
use crate::agreements::Item;
use crate::history::History;
use crate::machine::{self, Machine};
use crate::panel::contract::{Action, Done, Question, View};
use crate::panel::view::{Motion, draw, prepare};
use crate::panel::widgets::theme;
use crate::params::table::Continuous;
use crate::params::{HamiltoneParams, Values};
use crate::settings::{Edit, PanelSize};
use crate::snapshot::Trouble;
use crate::worker::{Requests, SnapshotReader};

/// Time between two scans of the model folders while the panel is open.
const SCAN_EVERY: Duration = Duration::from_secs(2);

/// How long the panel shows that a dialog could not be opened.
const PROBLEM_SHOWN_FOR: Duration = Duration::from_secs(20);

/// How long the panel shows what was done with a file.
const DONE_SHOWN_FOR: Duration = Duration::from_secs(30);

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

impl Shared {
    /// Pixels per point of the window. Values that no window can have are ignored.
    pub(super) fn set_scale(&self, factor: f64) {
        if factor.is_finite() && factor > 0.0 {
            self.scale
                .store((factor as f32).to_bits(), Ordering::Relaxed);
        }
    }
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
    /// Why the last dialog or file failed, and when.
    problem: Option<(Trouble, Instant)>,
    /// What was done last with a file, and when.
    done: Option<(Done, Instant)>,
    /// What this machine remembers, and the folder of its file.
    machine: Machine,
    machine_folder: Option<PathBuf>,
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
            done: None,
            machine: Machine::default(),
            machine_folder: None,
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
        self.machine_folder = machine::folder();
        self.machine = Machine::read(self.machine_folder.as_deref());
        self.shared.requests.list_models();
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        self.drawn.store(true, Ordering::Relaxed);
        frame.set_key_capture(captured_keys(ui));
        self.take_answer(ui);
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
                machine: &self.machine,
                done: self.done.as_ref().map(|(done, _)| done),
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
        self.shared.set_scale(size.scale_factor);
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
            Action::Preset(preset, special) => {
                for (of, value) in [
                    (Continuous::Window, preset.window_s),
                    (Continuous::Threshold, preset.threshold),
                ] {
                    set_at_once(&setter, params.continuous(of), value);
                }
                self.edit(Edit::Preset { preset, special });
            }
            Action::File(question, path) => self.use_file(question, &path),
            Action::SavePicture(timeline) => self.save_picture(&timeline),
            Action::Reveal(path) => self.reveal(&path),
            Action::CloseIntroduction => self.remember(|machine| machine.introduced = true),
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
        if let Edit::ChooseModel(choice) = &edit {
            let choice = choice.clone();
            self.remember(|machine| machine.use_model(&choice));
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

    /// Changes what this machine remembers. Where that cannot be written, it holds until the window is closed.
    fn remember(&mut self, change: impl Fn(&mut Machine)) {
        let folder = self.machine_folder.clone();
        let _ = self.machine.change(folder.as_deref(), change);
    }

    /// Writes a picture into the folder of the timelines.
    fn save_picture(&mut self, timeline: &Timeline) {
        let folder = self.shared.params.settings.read().bounce_folder.clone();
        let asks = self.shared.snapshots.lock().read().asks_for_folder();
        let folder = folder.filter(|_| !asks);
        match files::save_picture(timeline, folder.as_deref()) {
            Ok(path) => self.show_done("Saved", &path, true),
            Err(trouble) => self.problem = Some((trouble, Instant::now())),
        }
    }

    /// Opens the file manager of the desktop.
    fn reveal(&mut self, path: &Path) {
        if let Err(trouble) = files::reveal(path, |folder| open::that_detached(folder)) {
            self.problem = Some((trouble, Instant::now()));
        }
    }

    /// Shows for a while what was done with a file.
    fn show_done(&mut self, verb: &str, path: &Path, was_written: bool) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let written = was_written.then(|| path.to_owned()).into_iter().collect();
        let text = format!("{verb} {name}");
        self.done = Some((Done { text, written }, Instant::now()));
    }

    /// Reads or writes a small file.
    fn use_file(&mut self, question: Question, path: &Path) {
        let settings = self.shared.params.settings.read().clone();
        let model = self.shared.snapshots.lock().read().model.clone();
        match files::carry_out(question, path, &settings, model.as_deref()) {
            Err(trouble) => self.problem = Some((trouble, Instant::now())),
            Ok(outcome) => {
                let (verb, edit) = match outcome {
                    Outcome::Saved => ("Saved", None),
                    Outcome::Loaded(edit) => ("Loaded", Some(edit)),
                };
                self.problem = None;
                self.show_done(verb, path, edit.is_none());
                if let Some(edit) = edit {
                    self.edit(edit);
                }
            }
        }
    }

    /// Takes the answer of a dialog since the last frame.
    fn take_answer(&mut self, ui: &egui::Ui) {
        match self.shared.dialogs.answer() {
            None => {}
            Some(Answer::Failed(why)) => self.problem = Some((why, Instant::now())),
            Some(Answer::Chosen(question, path)) => {
                self.carry_out(ui, question.answered_with(path));
            }
        }
        self.done
            .take_if(|(_, since)| since.elapsed() > DONE_SHOWN_FOR);
        self.problem
            .take_if(|(_, since)| since.elapsed() > PROBLEM_SHOWN_FOR);
    }
}

/// The keys that the host does not get: all while someone types into a field, those that work a control while the Tab
/// key has given it the keyboard, else none.
fn captured_keys(ui: &egui::Ui) -> KeyCapture {
    if ui.ctx().text_edit_focused() {
        KeyCapture::CaptureAll
    } else if ui.ctx().egui_wants_keyboard_input() {
        let keys = [
            "Tab",
            "Escape",
            "Enter",
            " ",
            "ArrowLeft",
            "ArrowRight",
            "ArrowUp",
            "ArrowDown",
        ];
        KeyCapture::CaptureKeys(keys.iter().filter_map(|key| key.parse().ok()).collect())
    } else {
        KeyCapture::IgnoreAll
    }
}

/// One gesture for the host.
fn set_at_once<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
