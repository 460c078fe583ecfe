//! A second model beside the first, on the same audio.

use egui::{Align2, Rect, Ui, pos2, vec2};
use hamiltone_engine::model::OnLevels;

use super::bars::{self, Bars, Levels};
use super::shown::Shown;
use super::stage::change;
use super::text::Line;
use super::{Action, View, controls, theme};

/// Height of the lines above the list.
const HEAD: f32 = 46.0;

/// The places of both lists, where two are wanted.
pub(super) fn split(list: Rect, view: View<'_>) -> (Rect, Option<Rect>) {
    if view.settings.compare.is_none() {
        return (list, None);
    }
    let (left, right) = list.split_left_right_at_fraction(0.5);
    let own = Rect::from_min_max(left.min, left.max - vec2(14.0, 0.0));
    (
        own,
        Some(Rect::from_min_max(right.min + vec2(14.0, 0.0), right.max)),
    )
}

/// Shows the second model's list.
pub(super) fn show(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    heard: bool,
    bars: &mut Bars,
    dt: f32,
    actions: &mut Vec<Action>,
) {
    ui.painter()
        .vline(area.left() - 14.0, area.y_range(), (1.0, theme::LINE));
    let (head, list) = area.split_top_bottom_at_y(area.top() + HEAD);
    show_head(ui, head, view, actions);
    let Some(compared) = &view.snapshot.compared else {
        return;
    };
    let shown = Shown::of(Some(&compared.model), view.settings, &compared.among);
    let levels = Levels {
        model: &compared.model.hash,
        probabilities: &compared.smoothed,
        on: &[],
        heard,
        hold_s: view.values.hold_s,
        on_levels: OnLevels::of(&compared.on_levels),
        threshold: view.values.threshold,
    };
    bars.advance(levels, &shown, bars::rows_in(list.height()), dt);
    bars.paint(ui.painter(), list, levels, &shown, f32::from(!heard));
}

/// Which model it is, what it costs beside the first, and how to end it.
fn show_head(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let snapshot = view.snapshot;
    let (name, costs) = match &snapshot.compared {
        Some(compared) => (
            compared.model.name.clone(),
            format!(
                "load {:.1} % against {:.1} %",
                100.0 * compared.load,
                100.0 * snapshot.load
            ),
        ),
        None => (
            "No second model".to_owned(),
            "it could not be loaded".to_owned(),
        ),
    };
    let buttons = Rect::from_min_size(pos2(area.right() - 104.0, area.top()), vec2(104.0, 24.0));
    let width = buttons.left() - area.left() - 8.0;
    let title = Line::new(theme::body(), theme::TEXT_SECOND);
    title.elided(
        ui.painter(),
        area.left_top() + vec2(0.0, 12.0),
        &name,
        width,
    );
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    let below = area.left_top() + vec2(0.0, 31.0);
    line.at(ui.painter(), below, Align2::LEFT_CENTER, &costs);
    match controls::chips(ui, buttons, &[("Swap", false), ("Close", false)]) {
        Some(0) => change(view.settings, actions, |settings| {
            if let Some(compared) = settings.compare.take() {
                settings.compare = Some(std::mem::replace(&mut settings.model, compared));
            }
        }),
        Some(_) => change(view.settings, actions, |settings| settings.compare = None),
        None => {}
    }
}
