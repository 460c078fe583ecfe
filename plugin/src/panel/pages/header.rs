//! The header: the name, the model menu, and notices.

use egui::{Align2, Layout, Rect, Sense, Ui, UiBuilder, pos2, vec2};
use hamiltone_engine::text::without_error_numbers;

use super::{model_menu, preset_menu};
use crate::panel::contract::{Action, View};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, glyphs, theme, words};
use crate::snapshot::Trouble;

/// Width of the menu of presets.
const PRESETS_WIDTH: f32 = 118.0;

/// Shows the name at the left, and presets and the model at the right.
pub(crate) fn show(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let snapshot = view.snapshot;
    let mark = Rect::from_min_size(area.min + vec2(0.0, 3.0), vec2(24.0, 24.0));
    paint_mark(ui, mark);
    let beside = pos2(mark.right() + 11.0, mark.center().y);
    let name = Line::new(theme::brand(), theme::TEXT);
    name.at(ui.painter(), beside, Align2::LEFT_CENTER, "Hamiltone");
    let width = (area.width() * 0.42).clamp(180.0, 300.0);
    let menu = Rect::from_min_max(
        pos2(area.right() - width, area.top()),
        pos2(area.right(), area.top() + 30.0),
    );
    let layout = Layout::right_to_left(egui::Align::Center);
    let mut menu_ui = ui.new_child(UiBuilder::new().max_rect(menu).layout(layout));
    model_menu::show(&mut menu_ui, view, width, actions);
    let presets = Rect::from_min_max(
        pos2(menu.left() - 8.0 - PRESETS_WIDTH, menu.top()),
        pos2(menu.left() - 8.0, menu.bottom()),
    );
    let mut presets_ui = ui.new_child(UiBuilder::new().max_rect(presets).layout(layout));
    preset_menu::show(&mut presets_ui, view, PRESETS_WIDTH, actions);
    if let Some(model) = &snapshot.model {
        let below = pos2(area.right(), area.bottom() - 4.0);
        let line = Line::new(theme::caption(), theme::TEXT_FAINT);
        line.at(
            ui.painter(),
            below,
            Align2::RIGHT_CENTER,
            &words::model_in_short(model),
        );
    }
}

/// The logo: one real part, three imaginary ones.
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

/// Shows one notice: what is wrong, why, and what to do. The tooltip has the whole text.
pub(crate) fn notice(ui: &Ui, area: Rect, trouble: &Trouble) {
    let painter = ui.painter().with_clip_rect(area);
    painter.rect_filled(area, 7.0, theme::SURFACE);
    controls::paint_warning(ui, area.left_top() + vec2(18.0, 15.0));
    let left = area.left() + 34.0;
    let width = area.right() - 14.0 - left;
    let title = Line::new(theme::body(), theme::WARNING);
    title.elided(
        &painter,
        pos2(left, area.top() + 15.0),
        &trouble.title,
        width,
    );
    let advice = without_error_numbers(&trouble.advice);
    Line::new(theme::small(), theme::TEXT_SECOND).wrapped(
        &painter,
        pos2(left, area.top() + 26.0),
        &advice,
        width,
        2,
    );
    ui.interact(area, ui.scope_id().with(&trouble.title), Sense::hover())
        .on_hover_ui(|ui| {
            let text = format!("{}\n{advice}", trouble.title);
            ui.label(&*glyphs::drawable(ui.ctx(), &text));
        });
}
