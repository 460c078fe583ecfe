//! The whole panel, as a function of what is known to what is wanted.

use std::path::PathBuf;
use std::time::Duration;

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};
use hamiltone_engine::model::ModelChoice;
use nice_plug::prelude::Param;

use super::bars::Bars;
use super::dialogs::Question;
use super::knobs::{self, Knob};
use super::roll::Roll;
use super::shown::Shown;
use super::{controls, header, health, outputs, paths, response, stage, theme};
use crate::history::History;
use crate::listen::Listen;
use crate::params::{HamiltoneParams, window_in_range};
use crate::settings::Settings;
use crate::snapshot::{Snapshot, Trouble};

/// What the panel shows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the worker says.
    pub snapshot: &'a Snapshot,
    /// The last minute.
    pub history: &'a History,
    /// What the user chose that is no parameter.
    pub settings: &'a Settings,
    /// The parameters.
    pub values: Values,
    /// What a dialog could not do, for a while after it was tried.
    pub problem: Option<&'a Trouble>,
}

/// The parameters' values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Seconds of the past that a tag speaks about.
    pub window_s: f32,
    /// Seconds to follow what rises.
    pub attack_s: f32,
    /// Seconds to follow what falls.
    pub release_s: f32,
    /// Probability from which a label is on, or how far labels' own levels are moved.
    pub threshold: f32,
    /// Seconds for which a peak is marked.
    pub hold_s: f32,
    /// What is listened to.
    pub listen: Listen,
    /// Whether the analysis is off.
    pub bypassed: bool,
    /// Whether what plays is captured.
    pub capture: bool,
    /// Whether notes are sent.
    pub notes: bool,
    /// Whether OSC messages are sent.
    pub osc: bool,
}

impl Values {
    /// As they are now, without what a host modulates them by: a knob that is turned starts from there.
    pub fn of(params: &HamiltoneParams) -> Self {
        Self {
            window_s: window_in_range(params.window.unmodulated_plain_value()),
            attack_s: params.attack.unmodulated_plain_value(),
            release_s: params.release.unmodulated_plain_value(),
            threshold: params.threshold.unmodulated_plain_value(),
            hold_s: params.hold.unmodulated_plain_value(),
            listen: params.listen.value(),
            bypassed: params.bypass.value(),
            capture: params.capture.value(),
            notes: params.notes.value(),
            osc: params.osc.value(),
        }
    }
}

/// A parameter that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// No analysis.
    Bypass,
    /// A timeline of what plays.
    Capture,
    /// Notes for labels.
    Notes,
    /// Messages to other programs.
    Osc,
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Run this model.
    Choose(ModelChoice),
    /// Look again which models there are.
    ListModels,
    /// A parameter is about to be changed (one gesture for the host).
    Begin(Knob),
    /// Set it, in its own unit.
    Set(Knob, f32),
    /// The gesture is over.
    End(Knob),
    /// Switch a parameter.
    Switch(Switch, bool),
    /// Listen to this.
    Listen(Listen),
    /// Change what is no parameter.
    Settings(Box<Settings>),
    /// Ask for a path by a dialog of the desktop.
    Ask(Question),
    /// The path that was written.
    Path(Question, PathBuf),
    /// Write the bounces that wait.
    SaveAgain,
    /// Make the panel this large, in points.
    Resize(egui::Vec2),
}

/// What the middle of the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// Bars, and the roll where there is room.
    #[default]
    Tags,
    /// The roll alone.
    Roll,
    /// How tags follow the sound, and which show.
    Response,
    /// Where tags go.
    Outputs,
}

const PAGES: [(Page, &str); 4] = [
    (Page::Tags, "Tags"),
    (Page::Roll, "Roll"),
    (Page::Response, "Response"),
    (Page::Outputs, "Outputs"),
];

/// What moves: the only thing the panel remembers from one picture to the next.
#[derive(Debug, Default)]
pub struct Motion {
    pub(super) bars: Bars,
    pub(super) compared: Bars,
    pub(super) roll: Roll,
    pub(super) page: Page,
    resize_from: Option<egui::Vec2>,
}

impl Motion {
    /// Shows a page by its name on the tab, for tests and pictures. Unknown names change nothing.
    pub fn show_page(&mut self, name: &str) {
        if let Some((page, _)) = PAGES.iter().find(|(_, known)| *known == name) {
            self.page = *page;
        }
    }
}

/// Between two pictures while anything moves.
pub(super) const MOVING: Duration = Duration::from_millis(33);
/// Between two pictures while tags come.
pub(super) const LISTENING: Duration = Duration::from_millis(70);
/// Between two pictures at rest: states and figures still change.
pub(super) const AT_REST: Duration = Duration::from_millis(250);

/// Draws the panel over the whole of `ui` and returns what the user did, and when the next picture
/// is due. Depends on nothing but its arguments and egui's memory of its widgets.
pub fn draw(ui: &mut Ui, view: View<'_>, motion: &mut Motion) -> (Vec<Action>, Duration) {
    // Space and letters belong to the host, so no widget may hold the keyboard but one to be written in.
    let writable = |id: &egui::Id| *id == outputs::destination_id() || paths::ids().contains(id);
    ui.ctx().memory_mut(|memory| {
        if let Some(id) = memory.focused().filter(|id| !writable(id)) {
            memory.surrender_focus(id);
        }
    });
    let mut actions = Vec::new();
    let whole = ui.max_rect();
    ui.painter().rect_filled(whole, 0.0, theme::BACKGROUND);
    let troubles: Vec<&Trouble> = view
        .problem
        .into_iter()
        .chain(&view.snapshot.troubles)
        .collect();
    let areas = Areas::of(whole, troubles.len());
    header::show(ui, areas.header, view.snapshot, &mut actions);
    for (trouble, area) in troubles.into_iter().zip(&areas.troubles) {
        header::notice(ui, *area, trouble);
    }
    // Not egui's `stable_dt`: that is 1/60 s whenever the next picture was asked for at a later time,
    // as all of ours are. After a long rest things move on by a little, not all at once.
    let dt = ui.input(|input| input.unstable_dt).min(0.25);
    let shown = Shown::of(
        view.snapshot.model.as_deref(),
        view.settings,
        &view.snapshot.among,
    );
    let next = show_page(ui, areas.stage, view, &shown, motion, dt, &mut actions);
    show_controls(ui, areas.controls, view, motion, &mut actions);
    health::show(ui, areas.footer, theme::MARGIN, view);
    resize_corner(ui, whole, motion, &mut actions);
    (actions, next)
}

fn show_page(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    shown: &Shown<'_>,
    motion: &mut Motion,
    dt: f32,
    actions: &mut Vec<Action>,
) -> Duration {
    match motion.page {
        Page::Tags => stage::show(ui, area, view, shown, motion, dt, actions),
        Page::Roll => {
            motion.roll.show(ui, area, view.history, shown, dt);
            LISTENING
        }
        Page::Response => {
            response::show(ui, area, view, actions);
            AT_REST
        }
        Page::Outputs => {
            outputs::show(ui, area, view, actions);
            AT_REST
        }
    }
}

/// The window, the tabs and the bypass.
fn show_controls(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    motion: &mut Motion,
    actions: &mut Vec<Action>,
) {
    let names = PAGES.map(|(page, name)| (name, page == motion.page));
    let tabs_width = controls::chips_width(ui, names.map(|(name, _)| name));
    let (rest, right) = area.split_left_right_at_x(area.right() - 92.0);
    let (left, tabs) = rest.split_left_right_at_x(rest.right() - tabs_width);
    let slider = Rect::from_min_max(left.min, left.max - vec2(14.0, 0.0));
    knobs::show(
        ui,
        slider,
        56.0,
        Knob::Window,
        view.values.window_s,
        actions,
    );
    let tabs = Rect::from_center_size(tabs.center(), vec2(tabs.width(), 26.0));
    if let Some(index) = controls::chips(ui, tabs, &names) {
        motion.page = PAGES[index].0;
    }
    let hint = "Stops the analysis. The sound passes untouched either way.";
    if controls::switch(ui, right, "Bypass", view.values.bypassed, hint) {
        actions.push(Action::Switch(Switch::Bypass, !view.values.bypassed));
    }
}

/// Where everything is.
#[derive(Debug)]
struct Areas {
    header: Rect,
    troubles: Vec<Rect>,
    stage: Rect,
    controls: Rect,
    footer: Rect,
}

impl Areas {
    fn of(whole: Rect, troubles: usize) -> Self {
        let inner = whole.shrink2(vec2(theme::MARGIN, 0.0));
        let row = |top: f32, height: f32| {
            Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), height))
        };
        let header = row(whole.top() + 16.0, 46.0);
        // What does not fit is not shown: the first trouble is the one to solve first.
        let fitting = if whole.height() < 440.0 { 1 } else { 2 };
        let troubles: Vec<Rect> = (0..troubles.min(fitting))
            .map(|i| row(header.bottom() + 10.0 + i as f32 * 68.0, 62.0))
            .collect();
        let footer = Rect::from_min_max(pos2(whole.left(), whole.bottom() - 50.0), whole.max);
        let controls = row(footer.top() - 48.0, 48.0);
        let above = troubles.last().unwrap_or(&header).bottom();
        let stage = Rect::from_min_max(
            pos2(inner.left(), above + 14.0),
            pos2(inner.right(), controls.top() - 4.0),
        );
        Self {
            header,
            troubles,
            stage,
            controls,
            footer,
        }
    }
}

/// For hosts that draw no handle of their own.
fn resize_corner(ui: &Ui, whole: Rect, motion: &mut Motion, actions: &mut Vec<Action>) {
    let corner = Rect::from_min_max(whole.max - vec2(16.0, 16.0), whole.max);
    let response = ui.interact(corner, ui.scope_id().with("corner"), Sense::drag());
    if response.drag_started() {
        motion.resize_from = Some(whole.size());
    }
    if let (Some(from), Some(delta)) = (motion.resize_from, response.total_drag_delta())
        && response.dragged()
    {
        actions.push(Action::Resize(from + delta));
    }
    if response.drag_stopped() {
        motion.resize_from = None;
    }
    let lively = response.hovered() || response.dragged();
    let colour = if lively {
        theme::TEXT_SECOND
    } else {
        theme::TEXT_FAINT
    };
    let stroke = Stroke::new(1.0, colour);
    for inset in [4.0, 8.0] {
        let end = whole.max - vec2(4.0, 4.0);
        ui.painter()
            .line_segment([end - vec2(inset, 0.0), end - vec2(0.0, inset)], stroke);
    }
    response.on_hover_cursor(egui::CursorIcon::ResizeNwSe);
}

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;
