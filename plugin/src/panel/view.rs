//! The whole panel, as a function of what is known to what is wanted.

use std::time::Duration;

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};
use hamiltone_engine::model::ModelChoice;

use super::bars::Bars;
use super::{controls, header, health, stage, theme};
use crate::snapshot::Snapshot;

/// What the panel shows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the worker says.
    pub snapshot: &'a Snapshot,
    /// The window parameter in seconds.
    pub window_s: f32,
    /// The bypass parameter.
    pub bypassed: bool,
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Run this model.
    Choose(ModelChoice),
    /// Look again which models there are.
    ListModels,
    /// The window is about to be changed (one gesture for the host).
    BeginWindow,
    /// Set the window, in seconds.
    SetWindow(f32),
    /// The gesture is over.
    EndWindow,
    /// Switch the bypass.
    Bypass(bool),
    /// Make the panel this large, in points.
    Resize(egui::Vec2),
}

/// What moves: the only thing the panel remembers from one picture to the next.
#[derive(Debug, Default)]
pub struct Motion {
    bars: Bars,
    resize_from: Option<egui::Vec2>,
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
    // Space and letters belong to the host, so no widget may ever hold the keyboard.
    ui.ctx().memory_mut(|memory| {
        if let Some(id) = memory.focused() {
            memory.surrender_focus(id);
        }
    });
    let mut actions = Vec::new();
    let whole = ui.max_rect();
    ui.painter().rect_filled(whole, 0.0, theme::BACKGROUND);
    let areas = Areas::of(whole, view.snapshot.troubles.len());
    header::show(ui, areas.header, view.snapshot, &mut actions);
    for (trouble, area) in view.snapshot.troubles.iter().zip(&areas.troubles) {
        header::notice(ui, *area, trouble);
    }
    // Not egui's `stable_dt`: that is 1/60 s whenever the next picture was asked for at a later time,
    // as all of ours are. After a long rest things move on by a little, not all at once.
    let dt = ui.input(|input| input.unstable_dt).min(0.25);
    let next = stage::show(ui, areas.stage, view, &mut motion.bars, dt);
    let (left, right) = areas
        .controls
        .split_left_right_at_x(areas.controls.right() - 110.0);
    controls::window_slider(ui, left, view.window_s, &mut actions);
    controls::bypass_switch(ui, right, view.bypassed, &mut actions);
    health::show(ui, areas.footer, theme::MARGIN, view.snapshot);
    resize_corner(ui, whole, motion, &mut actions);
    (actions, next)
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
mod tests;
