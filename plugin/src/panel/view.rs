//! The whole panel, as a function of what is known to what is wanted.

use std::time::Duration;

use egui::Role;
use egui::{
    Align2, Color32, Layout, Pos2, Rect, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};
use hamiltone_engine::model::ModelChoice;

use super::bars::{self, Bars};
use super::text::{elided, text};
use super::{controls, health, model_menu, theme, words};
use crate::snapshot::{Activity, Snapshot, Trouble};

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

/// Between two pictures while tags come or anything moves.
const LIVELY: Duration = Duration::from_millis(70);
/// Between two pictures at rest: states and figures still change.
const AT_REST: Duration = Duration::from_millis(250);

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
    header(ui, areas.header, view.snapshot, &mut actions);
    for (trouble, area) in view.snapshot.troubles.iter().zip(&areas.troubles) {
        notice(ui, *area, trouble);
    }
    let lively = stage(ui, areas.stage, view, motion);
    let (left, right) = areas
        .controls
        .split_left_right_at_x(areas.controls.right() - 110.0);
    controls::window_slider(ui, left, view.window_s, &mut actions);
    controls::bypass_switch(ui, right, view.bypassed, &mut actions);
    health::show(ui, areas.footer, theme::MARGIN, view.snapshot);
    resize_corner(ui, whole, motion, &mut actions);
    (actions, if lively { LIVELY } else { AT_REST })
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
        let fitting = if whole.height() < 420.0 { 1 } else { 2 };
        let troubles: Vec<Rect> = (0..troubles.min(fitting))
            .map(|i| row(header.bottom() + 10.0 + i as f32 * 58.0, 52.0))
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

fn header(ui: &mut Ui, area: Rect, snapshot: &Snapshot, actions: &mut Vec<Action>) {
    let mark = Rect::from_min_size(area.min + vec2(0.0, 4.0), vec2(24.0, 24.0));
    paint_mark(ui, mark);
    let beside = pos2(mark.right() + 11.0, mark.center().y);
    text(
        ui.painter(),
        beside,
        Align2::LEFT_CENTER,
        "Hamiltone",
        theme::brand(),
        theme::TEXT,
    );
    let width = (area.width() * 0.42).clamp(180.0, 300.0);
    let menu = Rect::from_min_max(
        pos2(area.right() - width, area.top()),
        pos2(area.right(), area.top() + 30.0),
    );
    let layout = Layout::right_to_left(egui::Align::Center);
    let mut menu_ui = ui.new_child(UiBuilder::new().max_rect(menu).layout(layout));
    model_menu::show(&mut menu_ui, snapshot, width, actions);
    if let Some(model) = &snapshot.model {
        let below = pos2(area.right(), area.bottom() - 3.0);
        let words = words::model_in_short(model);
        elided(
            ui.painter(),
            below,
            Align2::RIGHT_CENTER,
            &words,
            theme::caption(),
            theme::TEXT_FAINT,
            width + 40.0,
        );
    }
}

/// The sign: one part real, three imaginary.
fn paint_mark(ui: &Ui, area: Rect) {
    let bar = area.width() / 5.5;
    for (index, height) in [1.0, 0.45, 0.75, 0.3].into_iter().enumerate() {
        let left = area.left() + index as f32 * bar * 1.5;
        let half = area.height() * height / 2.0;
        let rect = Rect::from_min_max(
            pos2(left, area.center().y - half),
            pos2(left + bar, area.center().y + half),
        );
        let colour = if index == 0 {
            theme::TEXT
        } else {
            theme::ACCENT
        };
        ui.painter().rect_filled(rect, bar / 2.0, colour);
    }
}

fn notice(ui: &Ui, area: Rect, trouble: &Trouble) {
    let painter = ui.painter();
    painter.rect_filled(area, 7.0, theme::SURFACE);
    health::paint_warning(ui, area.left_top() + vec2(18.0, 16.0));
    let left = area.left() + 34.0;
    let width = area.right() - 12.0 - left;
    elided(
        painter,
        pos2(left, area.top() + 16.0),
        Align2::LEFT_CENTER,
        &trouble.title,
        theme::body(),
        theme::WARNING,
        width,
    );
    let clipped = painter.with_clip_rect(area);
    elided(
        &clipped,
        pos2(left, area.top() + 36.0),
        Align2::LEFT_CENTER,
        &trouble.advice,
        theme::small(),
        theme::TEXT_SECOND,
        width,
    );
    ui.interact(area, ui.scope_id().with(&trouble.title), Sense::hover())
        .on_hover_text(&trouble.advice);
}

/// The middle: what is heard. Returns whether anything moves.
fn stage(ui: &Ui, area: Rect, view: View<'_>, motion: &mut Motion) -> bool {
    const HERO: f32 = 66.0;
    let instead = words::instead_of_tags(view.snapshot, view.bypassed);
    let shown = instead.is_none();
    let (hero, list) = area.split_top_bottom_at_y(area.top() + HERO);
    let dt = ui.input(|input| input.stable_dt).min(0.25);
    motion
        .bars
        .advance(view.snapshot, shown, bars::rows_in(list.height()), dt);
    state_chip(ui, hero.left_top() + vec2(0.0, 7.0), view);
    let line = hero.top() + 36.0;
    match (&instead, motion.bars.leader()) {
        (Some((title, below)), _) => {
            let title = text(
                ui.painter(),
                pos2(hero.left(), line),
                Align2::LEFT_CENTER,
                title,
                theme::hero(),
                theme::TEXT_SECOND,
            );
            let beside = pos2(title.right() + 14.0, line + 5.0);
            elided(
                ui.painter(),
                beside,
                Align2::LEFT_CENTER,
                below,
                theme::small(),
                theme::TEXT_FAINT,
                hero.right() - beside.x,
            );
        }
        (None, Some(leader)) => paint_leader(ui, hero, line, leader, view.snapshot, &motion.bars),
        (None, None) => {}
    }
    motion
        .bars
        .paint(ui.painter(), list, view.snapshot, f32::from(!shown));
    describe(ui, list, view.snapshot, &motion.bars);
    shown || motion.bars.is_moving(view.snapshot, shown)
}

fn paint_leader(ui: &Ui, hero: Rect, line: f32, leader: usize, snapshot: &Snapshot, bars: &Bars) {
    let value = bars.value(leader);
    let name = words::label_for_people(snapshot.label(leader).unwrap_or_default());
    // What the model is not sure of is not shouted.
    let colour = theme::blend(theme::TEXT_FAINT, theme::TEXT, (value - 0.15) * 2.5);
    let share = text(
        ui.painter(),
        pos2(hero.right(), line),
        Align2::RIGHT_CENTER,
        &words::percent(value),
        theme::hero(),
        theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt()),
    );
    let width = share.left() - 20.0 - hero.left();
    elided(
        ui.painter(),
        pos2(hero.left(), line),
        Align2::LEFT_CENTER,
        &name,
        theme::hero(),
        colour,
        width,
    );
}

/// A word and a shape for what is going on.
fn state_chip(ui: &Ui, at: Pos2, view: View<'_>) {
    let snapshot = view.snapshot;
    let centre = at + vec2(4.0, 0.0);
    let (word, shape) = if view.bypassed {
        ("Bypassed", bar_sign(centre))
    } else if snapshot.loading.is_some() {
        ("Loading", ring(centre, theme::ACCENT))
    } else {
        match snapshot.activity {
            Activity::Listening => (
                "Listening",
                Shape::circle_filled(centre, 4.0, theme::ACCENT),
            ),
            Activity::NoSignal => ("Silence", ring(centre, theme::TEXT_FAINT)),
            Activity::Bypassed => ("Bypassed", bar_sign(centre)),
            Activity::Waiting => ("Idle", ring(centre, theme::TEXT_FAINT)),
        }
    };
    ui.painter().add(shape);
    let beside = at + vec2(15.0, 0.0);
    let end = text(
        ui.painter(),
        beside,
        Align2::LEFT_CENTER,
        word,
        theme::caption(),
        theme::TEXT_FAINT,
    );
    if let Some(folder) = &snapshot.report_folder {
        let words = format!("·   Writing a report to {}", folder.display());
        let beside = pos2(end.right() + 8.0, at.y);
        elided(
            ui.painter(),
            beside,
            Align2::LEFT_CENTER,
            &words,
            theme::caption(),
            theme::TEXT_FAINT,
            ui.max_rect().right() - theme::MARGIN - beside.x,
        );
    }
}

fn ring(centre: Pos2, colour: Color32) -> Shape {
    Shape::circle_stroke(centre, 3.5, Stroke::new(1.5, colour))
}

fn bar_sign(centre: Pos2) -> Shape {
    let bar = Rect::from_center_size(centre, vec2(9.0, 3.0));
    Shape::rect_filled(bar, 1.0, theme::WARNING)
}

/// Tells screen readers and tests what the paint says.
fn describe(ui: &Ui, list: Rect, snapshot: &Snapshot, bars: &Bars) {
    for row in bars.rows() {
        let top = list.top() + row.place.round() * bars::ROW;
        let rect = Rect::from_min_size(pos2(list.left(), top), vec2(list.width(), bars::ROW));
        let name = words::label_for_people(snapshot.label(row.label).unwrap_or_default());
        let value = words::percent(bars.value(row.label));
        let response = ui.interact(
            rect,
            ui.scope_id().with(("label", row.label)),
            Sense::hover(),
        );
        response.widget_info(|| {
            WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name} {value}"))
        });
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
    let stroke = Stroke::new(
        1.0,
        if lively {
            theme::TEXT_SECOND
        } else {
            theme::TEXT_FAINT
        },
    );
    for inset in [4.0, 8.0] {
        let end = whole.max - vec2(4.0, 4.0);
        ui.painter()
            .line_segment([end - vec2(inset, 0.0), end - vec2(0.0, inset)], stroke);
    }
    response.on_hover_cursor(egui::CursorIcon::ResizeNwSe);
}

#[cfg(test)]
mod tests;
