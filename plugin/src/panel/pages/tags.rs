//! The page *Tags*: the leading label in large letters, the list of bars, and the roll where there is space.

use egui::{Align2, Color32, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};
use hamiltone_engine::model::LABEL_GROUPS;

use super::roll::Roll;
use super::{compare, label_list};
use crate::panel::contract::{Action, Redraw, View};
use crate::panel::widgets::bars::Bars;
use crate::panel::widgets::labels::Labels;
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme, words};
use crate::settings::Edit;
use crate::snapshot::{Activity, Snapshot};

/// Height of the large line and the status above it.
pub(crate) const HERO: f32 = 66.0;
/// A roll is not worth showing below this height.
const MIN_ROLL_HEIGHT: f32 = 130.0;

/// The animated lists of the page.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// The first model's.
    pub(crate) own: Bars,
    /// The second model's.
    pub(crate) compared: Bars,
}

/// Shows the page, `dt` seconds after the last frame.
pub(crate) fn show(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    labels: &Labels<'_>,
    (lists, roll): (&mut Lists, &mut Roll),
    dt: f32,
    actions: &mut Vec<Action>,
) -> Redraw {
    let (tags, roll_area) = split(area);
    let (hero, list) = tags.split_top_bottom_at_y(tags.top() + HERO);
    let message = words::instead_of_tags(view.snapshot, view.values.bypassed);
    let signal = message.is_none();
    let message = message.or_else(|| words::unclear(view.snapshot));
    show_groups(ui, hero, view, actions);
    paint_status(ui, hero.left_top() + vec2(0.0, 7.0), view);
    let (own, other) = compare::split(list, view);
    let bars = &mut lists.own;
    let redraw = label_list::show(ui, own, view, labels, bars, dt, actions);
    let line = pos2(hero.left(), hero.top() + 36.0);
    match (&message, bars.leader()) {
        (Some((title, detail)), _) => paint_message(ui, hero, line, title, detail),
        (None, Some(leader)) => {
            let root = labels.root_above(leader, &view.snapshot.smoothed);
            let root = root.map(|label| labels.name(label));
            let name = labels.name(leader);
            paint_leader(ui, hero, line, bars.value(leader), name, root);
        }
        (None, None) => {}
    }
    if let Some(other) = other {
        let bars = &mut lists.compared;
        compare::show(ui, other, view, signal, bars, dt, actions);
    }
    match roll_area {
        Some(area) => redraw.min(roll.show(ui, area, view, labels, dt, actions)),
        None => redraw,
    }
}

/// The areas of the tags and, where there is space for both, of the roll.
fn split(area: Rect) -> (Rect, Option<Rect>) {
    let roll_height = (area.height() * 0.46).min(340.0);
    if roll_height < MIN_ROLL_HEIGHT {
        return (area, None);
    }
    let (tags, roll) = area.split_top_bottom_at_y(area.bottom() - roll_height);
    (tags, Some(roll))
}

/// Chips for the groups of labels, where the model has them.
fn show_groups(ui: &mut Ui, hero: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    if !has_groups(view.snapshot) {
        return;
    }
    let hidden = &view.settings.groups_hidden;
    let names = LABEL_GROUPS.map(|group| (group.name, !hidden.iter().any(|id| id == group.id)));
    let width = controls::chips_width(ui, names.map(|(name, _)| name));
    let area = Rect::from_min_size(
        pos2(hero.right() - width, hero.top() - 5.0),
        vec2(width, 22.0),
    );
    if let Some(index) = controls::chips(ui, area, &names) {
        actions.push(Action::Edit(Edit::ShowGroup {
            group: LABEL_GROUPS[index].id.to_owned(),
            shown: !names[index].1,
        }));
    }
}

fn has_groups(snapshot: &Snapshot) -> bool {
    let model = snapshot.model.as_ref();
    model.is_some_and(|model| !model.groups.is_empty())
}

/// A message in place of the leading label.
fn paint_message(ui: &Ui, hero: Rect, line: Pos2, title: &str, detail: &str) {
    let large = Line::new(theme::hero(), theme::TEXT_SECOND);
    let title = large.at(ui.painter(), line, Align2::LEFT_CENTER, title);
    let beside = pos2(title.right() + 14.0, line.y + 5.0);
    let small = Line::new(theme::small(), theme::TEXT_FAINT);
    small.hinted(ui, beside, detail, hero.right() - beside.x);
}

/// The leading label with its probability, after the fainter root of the hierarchy above it.
fn paint_leader(ui: &Ui, hero: Rect, line: Pos2, value: f32, label: &str, root: Option<&str>) {
    let bright = theme::blend(theme::TEXT_FAINT, theme::ACCENT, value.sqrt());
    let right = pos2(hero.right(), line.y);
    let percent = words::percent(value);
    let large = Line::new(theme::hero(), bright);
    let share = large.at(ui.painter(), right, Align2::RIGHT_CENTER, &percent);
    // Uncertain results are less prominent.
    let colour = theme::blend(theme::TEXT_FAINT, theme::TEXT, (value - 0.15) * 2.5);
    let end = share.left() - 20.0;
    let mut at = line;
    if let Some(root) = root {
        let root = format!("{} › ", words::label_for_people(root));
        let faint = Line::new(theme::hero(), theme::TEXT_FAINT);
        let painted = faint.hinted(ui, at, &root, 0.5 * (end - at.x));
        at.x = painted.right();
    }
    let name = words::label_for_people(label);
    Line::new(theme::hero(), colour).hinted(ui, at, &name, end - at.x);
}

/// The status of the analysis: a shape, a word, and details where there are any.
fn paint_status(ui: &Ui, at: Pos2, view: View<'_>) {
    let snapshot = view.snapshot;
    let centre = at + vec2(4.0, 0.0);
    let (word, shape) = if view.values.bypassed {
        ("Bypassed", dash(centre))
    } else if snapshot.loading.is_some() {
        ("Loading", ring(centre, theme::ACCENT))
    } else {
        match snapshot.activity {
            Activity::Listening => (
                "Listening",
                Shape::circle_filled(centre, 4.0, theme::ACCENT),
            ),
            Activity::NoSignal => ("Silence", ring(centre, theme::TEXT_FAINT)),
            Activity::Bypassed => ("Bypassed", dash(centre)),
            Activity::Refused => ("Not analysing", dash(centre)),
            Activity::Waiting => ("Idle", ring(centre, theme::TEXT_FAINT)),
        }
    };
    ui.painter().add(shape);
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    let left = at + vec2(15.0, 0.0);
    let end = line.at(ui.painter(), left, Align2::LEFT_CENTER, word);
    if let Some(details) = details(snapshot, view.values.capture, &view.settings.among) {
        let beside = pos2(end.right() + 8.0, at.y);
        let taken = if has_groups(snapshot) { 260.0 } else { 0.0 };
        let width = ui.max_rect().right() - theme::MARGIN - beside.x - taken;
        line.hinted(ui, beside, &format!("·   {details}"), width);
    }
}

/// What happens beside the tagging.
fn details(snapshot: &Snapshot, armed: bool, among: &[String]) -> Option<String> {
    let bounce = &snapshot.bounce;
    match (bounce.capturing_s, bounce.rendering) {
        (Some(seconds), true) => Some(format!("Rendering, {} captured", words::clock(seconds))),
        (Some(seconds), false) => Some(format!("Capturing, {}", words::clock(seconds))),
        (None, _) if armed => Some("Capture armed, starts with playback".to_owned()),
        (None, _) if !snapshot.among.is_empty() => Some(match &snapshot.worth {
            Some(worth) => format!("Choosing among {worth}"),
            None => format!("Choosing among {}", words::among(among).to_lowercase()),
        }),
        (None, _) => {
            let folder = snapshot.report_folder.as_ref()?;
            Some(format!("Writing a report to {}", folder.display()))
        }
    }
}

fn ring(centre: Pos2, colour: Color32) -> Shape {
    Shape::circle_stroke(centre, 3.5, Stroke::new(1.5, colour))
}

fn dash(centre: Pos2) -> Shape {
    Shape::rect_filled(
        Rect::from_center_size(centre, vec2(9.0, 3.0)),
        1.0,
        theme::WARNING,
    )
}
