//! The middle: what is heard, in one large line and in bars.

use std::time::Duration;

use egui::{
    Align2, Color32, Popup, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use hamiltone_engine::model::{LABEL_GROUPS, OnLevels};

use super::bars::{self, Bars, Levels};
use super::shown::{Place, Shown, toggle};
use super::text::Line;
use super::{Action, Motion, View, compare, controls, theme, view, words};
use crate::settings::Settings;
use crate::snapshot::{Activity, Snapshot};

/// Height of the large line and the state above it.
pub(super) const HERO: f32 = 66.0;
/// A roll below this height would say nothing.
const LEAST_ROLL: f32 = 130.0;

/// Shows the middle after `dt` more seconds. Returns when the next picture is due.
pub(super) fn show(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    shown: &Shown<'_>,
    motion: &mut Motion,
    dt: f32,
    actions: &mut Vec<Action>,
) -> Duration {
    let (tags, roll) = split(area);
    let (hero, list) = tags.split_top_bottom_at_y(tags.top() + HERO);
    let instead = words::instead_of_tags(view.snapshot, view.values.bypassed);
    let heard = instead.is_none();
    let instead = instead.or_else(|| words::unclear(view.snapshot));
    show_groups(ui, hero, view, actions);
    paint_state(ui, hero.left_top() + vec2(0.0, 7.0), view);
    let (own, other) = compare::split(list, view);
    let levels = levels(view, heard);
    let bars = &mut motion.bars;
    bars.advance(levels, shown, bars::rows_in(own.height()), dt);
    let line = pos2(hero.left(), hero.top() + 36.0);
    match (&instead, bars.leader()) {
        (Some((title, below)), _) => paint_instead(ui, hero, line, title, below),
        (None, Some(leader)) => {
            let above = shown.root_above(leader, &view.snapshot.smoothed);
            let above = above.map(|label| shown.name(label));
            paint_leader(
                ui,
                hero,
                line,
                bars.value(leader),
                shown.name(leader),
                above,
            );
        }
        (None, None) => {}
    }
    bars.paint(ui.painter(), own, levels, shown, f32::from(!heard));
    row_menus(ui, own, view, shown, bars, actions);
    let moving = bars.is_moving(levels);
    if let Some(other) = other {
        compare::show(ui, other, view, heard, &mut motion.compared, dt, actions);
    }
    if let Some(roll) = roll {
        motion.roll.show(ui, roll, view.history, shown, dt);
    }
    if moving {
        view::MOVING
    } else if heard {
        view::LISTENING
    } else {
        view::AT_REST
    }
}

/// The place of tags, and of the roll where there is room for both.
fn split(area: Rect) -> (Rect, Option<Rect>) {
    let roll_height = (area.height() * 0.46).min(340.0);
    if roll_height < LEAST_ROLL {
        return (area, None);
    }
    let (tags, roll) = area.split_top_bottom_at_y(area.bottom() - roll_height);
    (tags, Some(roll))
}

fn levels(view: View<'_>, heard: bool) -> Levels<'_> {
    Levels {
        model: view.snapshot.model.as_ref().map_or("", |model| &model.hash),
        probabilities: &view.snapshot.smoothed,
        on: &view.snapshot.on,
        heard,
        hold_s: view.values.hold_s,
        on_levels: OnLevels::of(&view.snapshot.on_levels),
        threshold: view.values.threshold,
    }
}

/// Chips for the groups of labels, where the model has them.
fn show_groups(ui: &mut Ui, hero: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let groups = view
        .snapshot
        .model
        .as_ref()
        .map_or(&[][..], |model| &model.groups);
    if groups.is_empty() {
        return;
    }
    let settings = view.settings;
    let names = LABEL_GROUPS.map(|group| {
        let hidden = settings.groups_hidden.iter().any(|id| id == group.id);
        (group.name, !hidden)
    });
    let width = controls::chips_width(ui, names.map(|(name, _)| name));
    let area = Rect::from_min_size(
        pos2(hero.right() - width, hero.top() - 5.0),
        vec2(width, 22.0),
    );
    if let Some(index) = controls::chips(ui, area, &names) {
        change(settings, actions, |settings| {
            toggle(&mut settings.groups_hidden, LABEL_GROUPS[index].id);
        });
    }
}

/// Asks for changed settings.
pub(super) fn change(
    settings: &Settings,
    actions: &mut Vec<Action>,
    change: impl FnOnce(&mut Settings),
) {
    let mut settings = settings.clone();
    change(&mut settings);
    actions.push(Action::Settings(Box::new(settings)));
}

fn paint_instead(ui: &Ui, hero: Rect, line: Pos2, title: &str, below: &str) {
    let large = Line::new(theme::hero(), theme::TEXT_SECOND);
    let title = large.at(ui.painter(), line, Align2::LEFT_CENTER, title);
    let beside = pos2(title.right() + 14.0, line.y + 5.0);
    let small = Line::new(theme::small(), theme::TEXT_FAINT);
    small.elided(ui.painter(), beside, below, hero.right() - beside.x);
}

/// The label with its probability, and before it, fainter, what it is a kind of.
fn paint_leader(ui: &Ui, hero: Rect, line: Pos2, value: f32, label: &str, above: Option<&str>) {
    let bright = theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt());
    let right = pos2(hero.right(), line.y);
    let percent = words::percent(value);
    let large = Line::new(theme::hero(), bright);
    let share = large.at(ui.painter(), right, Align2::RIGHT_CENTER, &percent);
    // What the model is not sure of is not shouted.
    let colour = theme::blend(theme::TEXT_FAINT, theme::TEXT, (value - 0.15) * 2.5);
    let end = share.left() - 20.0;
    let mut at = line;
    if let Some(above) = above {
        let above = format!("{} › ", words::label_for_people(above));
        let faint = Line::new(theme::hero(), theme::TEXT_FAINT);
        let painted = faint.elided(ui.painter(), at, &above, 0.5 * (end - at.x));
        at.x = painted.right();
    }
    let name = words::label_for_people(label);
    Line::new(theme::hero(), colour).elided(ui.painter(), at, &name, end - at.x);
}

/// A word and a shape for what is going on.
fn paint_state(ui: &Ui, at: Pos2, view: View<'_>) {
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
    if let Some(more) = doing(snapshot, view.values.capture, &view.settings.among) {
        let beside = pos2(end.right() + 8.0, at.y);
        let groups = snapshot
            .model
            .as_ref()
            .is_some_and(|model| !model.groups.is_empty());
        let taken = if groups { 260.0 } else { 0.0 };
        let width = ui.max_rect().right() - theme::MARGIN - beside.x - taken;
        line.elided(ui.painter(), beside, &format!("·   {more}"), width);
    }
}

/// What goes on beside tagging.
fn doing(snapshot: &Snapshot, armed: bool, among: &[String]) -> Option<String> {
    let bounce = &snapshot.bounce;
    match (bounce.capturing_s, bounce.rendering) {
        (Some(seconds), true) => Some(format!("Rendering, {} captured", words::clock(seconds))),
        (Some(seconds), false) => Some(format!("Capturing, {}", words::clock(seconds))),
        (None, _) if armed => Some("Capture is armed; it begins when the host plays".to_owned()),
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

/// Tells screen readers and tests what the paint says, and opens a menu for the row that is pressed.
fn row_menus(
    ui: &Ui,
    list: Rect,
    view: View<'_>,
    shown: &Shown<'_>,
    bars: &Bars,
    actions: &mut Vec<Action>,
) {
    for row in bars.rows() {
        let rect = bars.rect_of(row, list, shown);
        let name = words::label_for_people(shown.name(row.label));
        let value = words::percent(bars.value(row.label));
        let id = ui.scope_id().with(("label", row.label));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name} {value}"))
        });
        Popup::menu(&response).show(|ui| row_menu(ui, row.label, view, shown, actions));
    }
}

fn row_menu(
    ui: &mut Ui,
    label: usize,
    view: View<'_>,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
) {
    let name = shown.name(label);
    ui.label(words::label_for_people(name));
    let pinned = shown.place(label) == Place::Pinned;
    let settings = view.settings;
    if ui
        .button(if pinned { "Unpin" } else { "Pin on top" })
        .clicked()
    {
        change(settings, actions, |settings| {
            toggle(&mut settings.pinned, name)
        });
        ui.close();
    }
    if ui.button("Hide").clicked() {
        change(settings, actions, |settings| {
            settings.pinned.retain(|known| known != name);
            toggle(&mut settings.hidden, name);
        });
        ui.close();
    }
    let note = settings.notes.note_of(label);
    let note = note.map_or_else(|| "no note left".to_owned(), words::note);
    ui.label(format!("Note: {note}"));
}
