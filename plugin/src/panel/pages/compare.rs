//! A second model beside the first, on the same audio.

use egui::{Align2, Rect, Ui, pos2, vec2};
use hamiltone_engine::model::OnLevels;

use crate::panel::contract::{Action, View};
use crate::panel::pages::label_list::{self, Which};
use crate::panel::widgets::bars::{self, Bars, Levels};
use crate::panel::widgets::labels::Labels;
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme};
use crate::settings::Edit;

/// Height of the title above the list.
const TITLE_HEIGHT: f32 = 46.0;
/// Space on both sides of the line between the lists.
const GAP: f32 = 14.0;

/// The areas of both lists; the first takes all while no model is compared.
pub(crate) fn split(list: Rect, view: View<'_>) -> (Rect, Option<Rect>) {
    if view.settings.compare.is_none() {
        return (list, None);
    }
    let (left, right) = list.split_left_right_at_fraction(0.5);
    let own = Rect::from_min_max(left.min, left.max - vec2(GAP, 0.0));
    let other = Rect::from_min_max(right.min + vec2(GAP, 0.0), right.max);
    (own, Some(other))
}

/// Shows the second model's list, `dt` seconds after the last frame.
pub(crate) fn show(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    signal: bool,
    bars: &mut Bars,
    dt: f32,
    actions: &mut Vec<Action>,
) {
    ui.painter()
        .vline(area.left() - GAP, area.y_range(), (1.0, theme::LINE));
    let (title, list) = area.split_top_bottom_at_y(area.top() + TITLE_HEIGHT);
    show_title(ui, title, view, actions);
    let Some(compared) = &view.snapshot.compared else {
        return;
    };
    let labels = Labels::of(Some(&compared.model), view.settings, &compared.among);
    let thresholds = match view.snapshot.choosing[1] {
        true => Vec::new(),
        false => view.settings.thresholds.of_labels(&compared.model.labels),
    };
    let levels = Levels {
        model: &compared.model.hash,
        probabilities: &compared.smoothed,
        on: &[],
        signal,
        hold_s: view.values.hold_s,
        on_levels: OnLevels::of(&compared.on_levels).with_thresholds(&thresholds),
        can_set: false,
        threshold: view.values.threshold,
    };
    bars.advance(levels, &labels, bars::rows_in(list.height()), dt);
    bars.paint(ui.painter(), list, levels, &labels, f32::from(!signal));
    let rows = (&*bars, Which::Compared);
    label_list::row_menus(ui, list, view, &labels, rows, actions);
}

/// The model's name, the loads of both models, and buttons to swap and to close.
fn show_title(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let snapshot = view.snapshot;
    let (name, load) = match &snapshot.compared {
        Some(compared) => (
            compared.model.name.clone(),
            format!(
                "load {:.1} %, first model {:.1} %",
                100.0 * compared.load,
                100.0 * snapshot.load
            ),
        ),
        None => (
            "No second model".to_owned(),
            "it could not be loaded".to_owned(),
        ),
    };
    const NAMES: [(&str, bool); 2] = [("Swap", false), ("Close", false)];
    let width = controls::chips_width(ui, NAMES.map(|(name, _)| name));
    let buttons = Rect::from_min_size(pos2(area.right() - width, area.top()), vec2(width, 24.0));
    let width = buttons.left() - area.left() - 8.0;
    let line = Line::new(theme::body(), theme::TEXT_SECOND);
    let left = area.left_top();
    line.hinted(ui, left + vec2(0.0, 12.0), &name, width);
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    let below = left + vec2(0.0, 31.0);
    line.at(ui.painter(), below, Align2::LEFT_CENTER, &load);
    match controls::chips(ui, buttons, &NAMES) {
        Some(0) => actions.push(Action::Edit(Edit::SwapModels)),
        Some(_) => actions.push(Action::Edit(Edit::StopComparing)),
        None => {}
    }
}
