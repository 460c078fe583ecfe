//! The panel: what the worker says, in pictures, and what the user wants, in parameters.
//!
//! [`draw`] makes a picture and a list of [`Action`]s from a [`View`] and knows nothing of hosts;
//! this file carries out the actions and owns the window.

mod bars;
mod compare;
mod controls;
mod desktop;
mod dialogs;
mod handle;
mod header;
mod health;
mod knobs;
mod model_menu;
mod outputs;
mod paths;
mod response;
mod roll;
mod shown;
mod stage;
mod text;
mod theme;
mod view;
mod window_threads;
mod words;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hamiltone_engine::model::ModelChoice;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{HostMethods, SpawnedEditor};
use nice_plug::prelude::*;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{
    EguiEditorState, EguiNiceSettings, Frame, KeyCapture, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};
use parking_lot::Mutex;

use crate::history::History;
use crate::params::HamiltoneParams;
use crate::settings::{PanelSize, Settings};
use crate::snapshot::Trouble;
use crate::worker::{Requests, SnapshotReader};

pub use dialogs::Question;
use dialogs::{Answer, Dialogs};
use handle::PanelHandle;
pub use knobs::Knob;
pub use view::{Action, Motion, Switch, Values, View, draw};
use window_threads::{Held, WindowThreads};

/// Makes a window whenever the host asks for one, in the size that the session remembers.
///
/// nice-plug-egui's own editor keeps its size in a type that cannot be saved, and keeps the app
/// (and with it a handle to the instance) after the window is closed. So each window gets its own.
pub struct PanelEditor {
    shared: Arc<Shared>,
    threads: WindowThreads,
}

/// What every window of an instance uses.
struct Shared {
    params: Arc<HamiltoneParams>,
    snapshots: Mutex<SnapshotReader>,
    requests: Requests,
    history: Arc<Mutex<History>>,
    dialogs: Dialogs,
    /// Bits of the last window's scale factor (`f32`): the host asks for our size in pixels before
    /// there is a window.
    scale: AtomicU32,
}

impl Shared {
    fn scale(&self) -> f64 {
        f64::from(f32::from_bits(self.scale.load(Ordering::Relaxed)))
    }

    fn logical_size(&self) -> LogicalSize<f32> {
        let PanelSize { width, height } = self.params.panel.read().clamped();
        LogicalSize::new(width as f32, height as f32)
    }
}

impl PanelEditor {
    /// For the instance with these parameters.
    pub fn new(
        params: Arc<HamiltoneParams>,
        snapshots: SnapshotReader,
        requests: Requests,
        history: Arc<Mutex<History>>,
    ) -> Self {
        let scale = AtomicU32::new(1f32.to_bits());
        let snapshots = Mutex::new(snapshots);
        Self {
            shared: Arc::new(Shared {
                params,
                snapshots,
                requests,
                history,
                dialogs: Dialogs::default(),
                scale,
            }),
            threads: WindowThreads::default(),
        }
    }
}

impl Editor for PanelEditor {
    type Handle = PanelHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<PanelHandle>, Box<dyn Error>> {
        let mut settings = EguiNiceSettings::default()
            .with_tile("Hamiltone")
            .with_resize_hint(self.resize_hint());
        if cfg!(target_os = "linux") {
            settings.repaint_poll_interval = handle::NEVER;
        }
        let drawn = Arc::new(AtomicBool::new(false));
        let state = EguiEditorState::from_size(self.shared.logical_size(), 1.0);
        let app = PanelApp {
            shared: self.shared.clone(),
            held: self.threads.hold(),
            drawn: drawn.clone(),
            host: None,
            motion: Motion::default(),
            problem: None,
            listed: Instant::now(),
        };
        let editor =
            create_egui_editor(state, RepaintNotifier::new(), settings, app).ok_or("no editor")?;
        // baseview panics if the system refuses it a descriptor or a thread: the host would end.
        let spawned = catch_unwind(AssertUnwindSafe(|| {
            editor.spawn(
                parent,
                wait_for_parent,
                fallback_scale_factor,
                gui_context,
                host,
            )
        }));
        let spawned = spawned.map_err(|_| "the system refused a window")??;
        Ok(PanelHandle::around(spawned, drawn))
    }

    fn size(&self) -> NativeSize<u32> {
        NativeSize::from_size(self.shared.logical_size().into(), self.shared.scale())
    }

    fn resize_hint(&self) -> ResizeHint {
        let PanelSize { width, height } = PanelSize::MIN;
        ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize::new(width as f32, height as f32))
    }
}

/// One window.
struct PanelApp {
    shared: Arc<Shared>,
    held: Held,
    /// Set by the first picture.
    drawn: Arc<AtomicBool>,
    /// There while the window is.
    host: Option<GuiContext>,
    motion: Motion,
    /// What the last dialog could not do, and when that was known.
    problem: Option<(Trouble, Instant)>,
    /// When the folders of models were last looked at.
    listed: Instant,
}

/// Time between two looks at the folders of models while the panel is open.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// How long it stays on the panel that a dialog could not be opened.
const PROBLEM_SHOWS: Duration = Duration::from_secs(20);

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
        // The keyboard is the host's, except while something is written.
        frame.set_key_capture(if ui.ctx().egui_wants_keyboard_input() {
            KeyCapture::CaptureAll
        } else {
            KeyCapture::IgnoreAll
        });
        self.take_answer();
        if self.listed.elapsed() > WATCH_EVERY {
            self.listed = Instant::now();
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
        // Casts of floats saturate; what is no size is brought into range.
        *self.shared.params.panel.write() = PanelSize {
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
            Action::ListModels => shared.requests.list_models(),
            Action::SaveAgain => shared.requests.save_again(),
            Action::Ask(question) => shared.dialogs.ask(question),
            Action::Path(question, path) => self.choose_path(question, path),
            Action::Begin(knob) => setter.begin_set_parameter(parameter(params, knob)),
            Action::Set(knob, value) => setter.set_parameter(parameter(params, knob), value),
            Action::End(knob) => setter.end_set_parameter(parameter(params, knob)),
            Action::Switch(switch, on) => set_at_once(&setter, switched(params, switch), on),
            Action::Listen(listen) => set_at_once(&setter, &params.listen, listen),
            Action::Choose(choice) => self.change(|settings| settings.model = choice),
            Action::Settings(wanted) => self.change(|settings| *settings = *wanted),
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

    /// Changes what is no parameter, and tells the host that its session changed.
    fn change(&self, change: impl FnOnce(&mut Settings)) {
        let params = &self.shared.params;
        change(&mut params.settings.write());
        // Hosts notice changed parameters only: setting one to what it is marks the session as
        // changed, so that the choice is not lost when it is closed.
        if let Some(host) = &self.host {
            let setter = host.param_setter();
            let value = params.window.unmodulated_plain_value(); // else modulation would become part of it
            set_at_once(&setter, &params.window, value);
        }
    }

    /// What a dialog said since the last picture.
    fn take_answer(&mut self) {
        match self.shared.dialogs.answer() {
            None => {}
            Some(Answer::Failed(why)) => self.problem = Some((why, Instant::now())),
            Some(Answer::Chosen(question, path)) => self.choose_path(question, path),
        }
        self.problem
            .take_if(|(_, since)| since.elapsed() > PROBLEM_SHOWS);
    }

    fn choose_path(&mut self, question: Question, path: PathBuf) {
        self.problem = None;
        self.change(|settings| match question {
            Question::BounceFolder => settings.bounce_folder = Some(path),
            Question::Model => {
                settings.model = ModelChoice {
                    path: Some(path),
                    ..ModelChoice::default()
                };
            }
        });
    }
}

fn parameter(params: &HamiltoneParams, knob: Knob) -> &FloatParam {
    match knob {
        Knob::Window => &params.window,
        Knob::Attack => &params.attack,
        Knob::Release => &params.release,
        Knob::Threshold => &params.threshold,
        Knob::Hold => &params.hold,
    }
}

fn switched(params: &HamiltoneParams, switch: Switch) -> &BoolParam {
    match switch {
        Switch::Bypass => &params.bypass,
        Switch::Capture => &params.capture,
        Switch::Notes => &params.notes,
        Switch::Osc => &params.osc,
    }
}

/// One gesture for the host.
fn set_at_once<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// Gives a context the panel's style; call once before [`draw`].
pub fn prepare(context: &egui::Context) {
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(theme::apply);
}
