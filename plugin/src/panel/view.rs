//! The whole panel: a function from a [`View`] to [`Action`]s.

use std::time::Duration;

use egui::{Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::contract::{Action, Redraw, View};
use super::pages::label_table::LabelTable;
use super::pages::roll::Roll;
use super::pages::tags::Lists;
use super::pages::{footer, header, introduction, label_list, outputs, requests, response, tags};
use super::widgets::labels::Labels;
use super::widgets::sliders::slider;
use super::widgets::{controls, system_fonts, theme, words};
use crate::params::table::{Continuous, Switch};
use crate::snapshot::Trouble;

/// What the middle of the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// Bars, and the roll where there is space.
    #[default]
    Tags,
    /// The roll alone.
    Roll,
    /// The note, threshold and OSC address of every label.
    Labels,
    /// How labels follow the audio, and which labels show.
    Response,
    /// MIDI notes, OSC, timelines.
    Outputs,
}

const PAGES: [(Page, &str); 5] = [
    (Page::Tags, "Tags"),
    (Page::Roll, "Roll"),
    (Page::Labels, "Labels"),
    (Page::Response, "Response"),
    (Page::Outputs, "Outputs"),
];

/// The state of a panel between frames: the chosen page and all animation.
#[derive(Debug, Default)]
pub struct Motion {
    pub(super) lists: Lists,
    pub(super) roll: Roll,
    pub(super) table: LabelTable,
    pub(super) page: Page,
    resize_from: Option<egui::Vec2>,
}

impl Motion {
    /// Chooses the page with this title, for tests and pictures. Unknown titles change nothing.
    pub fn show_page(&mut self, title: &str) {
        if let Some((page, _)) = PAGES.iter().find(|(_, known)| *known == title) {
            self.page = *page;
        }
    }
}

/// Width of the switch for the bypass with its name.
const BYPASS_WIDTH: f32 = 83.0;

/// Gives a context the panel's style; call once before [`draw`].
pub fn prepare(context: &egui::Context) {
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(theme::apply);
}

/// Draws the panel over all of `ui`. Returns what the user did, and the time until the next frame. Depends only on
/// its arguments and egui's memory of its widgets.
pub fn draw(ui: &mut Ui, view: View<'_>, motion: &mut Motion) -> (Vec<Action>, Duration) {
    system_fonts::use_found(ui.ctx());
    leave_keyboard_after_clicks(ui);
    let mut actions = Vec::new();
    let whole = ui.max_rect();
    ui.painter().rect_filled(whole, 0.0, theme::BACKGROUND);
    let troubles: Vec<&Trouble> = view
        .problem
        .into_iter()
        .chain(&view.snapshot.troubles)
        .collect();
    let introduces = introduction::is_shown(view);
    let mut areas = Areas::of(whole, troubles.len());
    header::show(ui, areas.header, view, &mut actions);
    for (trouble, area) in troubles.into_iter().zip(&areas.troubles) {
        header::notice(ui, *area, trouble);
    }
    if introduces {
        let line = areas.split_off_line(introduction::HEIGHT);
        introduction::show(ui, line, &mut actions);
    }
    // Not egui's `stable_dt`, which is 1/60 s whenever the next frame was asked for at a later time, as all of ours
    // are. After a long pause the animation advances a little, not all at once.
    let dt = ui.input(|input| input.unstable_dt).min(0.25);
    let page = requests::show(ui, areas.page, view.snapshot, &mut actions);
    let redraw = show_page(ui, page, view, motion, dt, &mut actions);
    show_controls(ui, areas.controls, view, motion, &mut actions);
    footer::show(ui, areas.footer, theme::MARGIN, view);
    resize_corner(ui, whole, motion, &mut actions);
    (actions, redraw.interval(view.snapshot.refresh_s))
}

/// Space and letters belong to the host: who uses the mouse leaves the keyboard to it, except in text fields. The Tab
/// key gives the keyboard to the controls, and Escape gives it back.
fn leave_keyboard_after_clicks(ui: &Ui) {
    let clicked = ui.input(|input| input.pointer.any_pressed() || input.pointer.any_released());
    if clicked && !ui.ctx().text_edit_focused() {
        ui.ctx().memory_mut(|memory| {
            if let Some(id) = memory.focused() {
                memory.surrender_focus(id);
            }
        });
    }
}

fn show_page(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    motion: &mut Motion,
    dt: f32,
    actions: &mut Vec<Action>,
) -> Redraw {
    let model = view.snapshot.model.as_deref();
    let labels = Labels::of(model, view.settings, &view.snapshot.among);
    match motion.page {
        Page::Tags => {
            let state = (&mut motion.lists, &mut motion.roll);
            tags::show(ui, area, view, &labels, state, dt, actions)
        }
        Page::Roll => motion.roll.show(ui, area, view, &labels, dt, actions),
        Page::Labels => {
            motion.table.show(ui, area, view, &labels, actions);
            match words::instead_of_tags(view.snapshot, view.values.bypassed) {
                Some(_) => Redraw::Idle,
                None => Redraw::Tags,
            }
        }
        Page::Response => {
            response::show(ui, area, view, actions);
            let (page, bars) = ((area, response::HEIGHT), &mut motion.lists.own);
            label_list::show_below(ui, page, view, &labels, bars, dt, actions)
        }
        Page::Outputs => {
            let height = outputs::show(ui, area, view, actions);
            let (page, bars) = ((area, height), &mut motion.lists.own);
            label_list::show_below(ui, page, view, &labels, bars, dt, actions)
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
    let window = Rect::from_min_max(left.min, left.max - vec2(14.0, 0.0));
    let value = view.values.window_s;
    slider(ui, window, 56.0, Continuous::Window, value, actions);
    let tabs = Rect::from_center_size(tabs.center(), vec2(tabs.width(), 26.0));
    if let Some(index) = controls::chips(ui, tabs, &names) {
        motion.page = PAGES[index].0;
    }
    let hint = "Stops the analysis. The audio passes unchanged either way.";
    let name = Switch::Bypass.name();
    let bypass = right.with_min_x(right.right() - BYPASS_WIDTH);
    if controls::switch(ui, bypass, name, view.values.bypassed, hint) {
        actions.push(Action::Switch(Switch::Bypass, !view.values.bypassed));
    }
}

/// The areas of the panel, from top to bottom.
#[derive(Debug)]
struct Areas {
    header: Rect,
    troubles: Vec<Rect>,
    page: Rect,
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
        // The most important troubles come first; those that do not fit are not shown.
        let fitting = if whole.height() < 440.0 { 1 } else { 2 };
        let troubles: Vec<Rect> = (0..troubles.min(fitting))
            .map(|i| row(header.bottom() + 10.0 + i as f32 * 68.0, 62.0))
            .collect();
        let footer = Rect::from_min_max(pos2(whole.left(), whole.bottom() - 50.0), whole.max);
        let controls = row(footer.top() - 48.0, 48.0);
        let above = troubles.last().unwrap_or(&header).bottom();
        let page = Rect::from_min_max(
            pos2(inner.left(), above + 14.0),
            pos2(inner.right(), controls.top() - 4.0),
        );
        Self {
            header,
            troubles,
            page,
            controls,
            footer,
        }
    }
}

impl Areas {
    /// Takes a line of this height off the top of the page.
    fn split_off_line(&mut self, height: f32) -> Rect {
        let top = self.page.top() - 4.0;
        let line =
            Rect::from_min_size(pos2(self.page.left(), top), vec2(self.page.width(), height));
        self.page.min.y = line.bottom() + 12.0;
        line
    }
}

/// A handle for hosts that draw none of their own.
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
    let active = response.hovered() || response.dragged();
    let colour = if active {
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
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Resize the panel"));
    response.on_hover_cursor(egui::CursorIcon::ResizeNwSe);
}

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;
