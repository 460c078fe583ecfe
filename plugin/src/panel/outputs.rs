//! The page of where tags go: notes, OSC, captures.

use egui::{Align2, Rect, RichText, Ui, pos2, vec2};
use hamiltone_exports::Format;

use super::dialogs::Question;
use super::response::{field, row};
use super::stage::change;
use super::text::Line;
use super::view::Switch;
use super::{Action, View, controls, paths, theme, words};
use crate::snapshot::Bounce;

const ROW: f32 = 30.0;
/// Room for an address and a port.
const DESTINATION: f32 = 150.0;

/// Shows the page.
pub(super) fn show(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    show_notes(ui, row(area, 0, ROW), view, actions);
    show_osc(ui, row(area, 1, ROW), view, actions);
    let line = row(area, 2, ROW);
    ui.painter()
        .hline(line.x_range(), line.top(), (1.0, theme::LINE));
    show_capture(ui, row(area, 2, ROW), view, actions);
    show_folder(ui, row(area, 3, ROW), view, actions);
    show_formats(ui, row(area, 4, ROW), view, actions);
    show_result(ui, row(area, 5, ROW), view, actions);
}

/// A switch at the left of a line; the rest of the line is returned.
fn switched(
    ui: &mut Ui,
    area: Rect,
    (name, on, switch): (&'static str, bool, Switch),
    hint: &str,
    actions: &mut Vec<Action>,
) -> Rect {
    let place = Rect::from_min_size(area.min, vec2(96.0, area.height()));
    if controls::switch(ui, place, name, on, hint) {
        actions.push(Action::Switch(switch, !on));
    }
    Rect::from_min_max(pos2(place.right() + 16.0, area.top()), area.max)
}

fn show_notes(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "A note for each label that comes on, 120 ms after its sound; velocity is the \
                probability. The note of a label stands in its menu.";
    let rest = switched(
        ui,
        area,
        ("Notes", view.values.notes, Switch::Notes),
        hint,
        actions,
    );
    let notes = view.settings.notes;
    let first = words::note((0, notes.first_note.min(127)));
    let mut right = steppers(
        ui,
        rest,
        "first note",
        &first,
        |ui_actions, step| {
            change(view.settings, ui_actions, |settings| {
                let note = i32::from(settings.notes.first_note) + step;
                settings.notes.first_note = note.clamp(0, 127) as u8;
            });
        },
        actions,
    );
    right.min.x += 14.0;
    let channel = format!("{}", notes.channel.clamp(1, 16));
    let mut right = steppers(
        ui,
        right,
        "channel",
        &channel,
        |ui_actions, step| {
            change(view.settings, ui_actions, |settings| {
                let channel = i32::from(settings.notes.channel) + step;
                settings.notes.channel = channel.clamp(1, 16) as u8;
            });
        },
        actions,
    );
    right.min.x += 14.0;
    let model = view.snapshot.model.as_ref();
    let labels = model.map_or(&[][..], |model| &model.labels);
    let map = labels
        .iter()
        .enumerate()
        .take(3)
        .filter_map(|(index, label)| {
            let note = words::note(notes.note_of(index)?);
            Some(format!("{note} {}", words::label_for_people(label)))
        });
    let map: Vec<String> = map.collect();
    let more = if labels.len() > 3 { ", …" } else { "" };
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    line.elided(
        ui.painter(),
        right.left_center(),
        &(map.join(", ") + more),
        right.width(),
    );
}

fn show_osc(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "Probabilities to other programs over UDP: /hamiltone/label/NAME and /hamiltone/top";
    let rest = switched(
        ui,
        area,
        ("OSC", view.values.osc, Switch::Osc),
        hint,
        actions,
    );
    let osc = &view.settings.osc;
    let mut right = show_destination(ui, rest, view, actions);
    right.min.x += 14.0;
    let rate = format!("{} a second", osc.updates_per_second);
    steppers(
        ui,
        right,
        "at most",
        &rate,
        |ui_actions, step| {
            change(view.settings, ui_actions, |settings| {
                let rate = i32::from(settings.osc.updates_per_second) + step;
                settings.osc.updates_per_second = rate.clamp(1, 100) as u16;
            });
        },
        actions,
    );
}

/// A field that takes the keyboard once it is clicked.
pub(super) fn destination_id() -> egui::Id {
    egui::Id::unique("osc destination")
}

/// Where OSC messages go, to be written over. Returns what is left of the line.
fn show_destination(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) -> Rect {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    let caption = faint.at(ui.painter(), area.left_center(), Align2::LEFT_CENTER, "to");
    let osc = &view.settings.osc;
    let id = destination_id();
    let written: Option<String> = ui.data(|data| data.get_temp(id));
    let mut text = written.clone().unwrap_or_else(|| osc.destination());
    let changed = osc.with_destination(&text);
    let colour = if changed.is_some() {
        theme::TEXT
    } else {
        theme::WARNING
    };
    let corner = pos2(caption.right() + 8.0, area.center().y - 11.0);
    let place = Rect::from_min_size(corner, vec2(DESTINATION, 22.0));
    let field = controls::text_field(ui, place, id, &mut text, colour, "").on_hover_text(
        "A numeric address and a port: 192.168.1.20:57120. A port alone keeps the address.",
    );
    if field.changed() {
        ui.data_mut(|data| data.insert_temp(id, text));
    } else if field.lost_focus() && written.is_some() {
        // What is no destination is dropped, and the one that holds is shown again.
        ui.data_mut(|data| data.remove_temp::<String>(id));
        if let Some(osc) = changed {
            change(view.settings, actions, |settings| settings.osc = osc);
        }
    }
    Rect::from_min_max(pos2(place.right(), area.top()), area.max)
}

/// A caption, a value, and "−" and "+" for it. Returns what is left of the line.
fn steppers(
    ui: &mut Ui,
    area: Rect,
    caption: &str,
    value: &str,
    mut step: impl FnMut(&mut Vec<Action>, i32),
    actions: &mut Vec<Action>,
) -> Rect {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    let end = faint.at(
        ui.painter(),
        area.left_center(),
        Align2::LEFT_CENTER,
        caption,
    );
    let at = pos2(end.right() + 7.0, area.center().y);
    let text = Line::new(theme::small(), theme::TEXT);
    let end = text.at(ui.painter(), at, Align2::LEFT_CENTER, value);
    let mut left = end.right() + 5.0;
    for (sign, by) in [("−", -1), ("+", 1)] {
        let place = Rect::from_center_size(pos2(left + 9.0, area.center().y), vec2(18.0, 18.0));
        let id = ui.scope_id().with((caption, sign));
        let button = ui.interact(place, id, egui::Sense::click());
        let name = format!("{caption} {sign}");
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let fill = if button.hovered() {
            theme::HOVERED
        } else {
            theme::RAISED
        };
        ui.painter().rect_filled(place, 5.0, fill);
        let line = Line::new(theme::small(), theme::TEXT);
        line.at(ui.painter(), place.center(), Align2::CENTER_CENTER, sign);
        if button.clicked() {
            step(actions, by);
        }
        left += 21.0;
    }
    Rect::from_min_max(pos2(left, area.top()), area.max)
}

fn show_capture(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "Analyses every frame of what plays and writes a timeline when the host stops. A \
                render of the host is always captured.";
    let on = view.values.capture;
    let rest = switched(ui, area, ("Capture", on, Switch::Capture), hint, actions);
    let bounce = &view.snapshot.bounce;
    let (words, lit) = match (bounce.capturing_s, bounce.rendering) {
        (Some(seconds), true) => (
            format!("Rendering: {} captured", words::clock(seconds)),
            true,
        ),
        (Some(seconds), false) => (format!("Recording: {}", words::clock(seconds)), true),
        (None, _) if on => ("Armed: begins when the host plays".to_owned(), false),
        (None, _) => (
            "Renders are captured; arm it for what plays live".to_owned(),
            false,
        ),
    };
    let mut at = rest.left_center();
    if lit {
        let centre = at + vec2(5.0, 0.0);
        ui.painter().circle_filled(centre, 5.0, theme::WARNING);
        at.x += 17.0;
    }
    let colour = if lit { theme::TEXT } else { theme::TEXT_FAINT };
    Line::new(theme::small(), colour).elided(ui.painter(), at, &words, rest.right() - at.x);
}

fn show_folder(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let mut ui = field(ui, area, "Folder");
    let choose = ui.button(RichText::new("Choose …").font(theme::small()));
    if choose.clicked() {
        actions.push(Action::Ask(Question::BounceFolder));
    }
    let place = ui.available_rect_before_wrap();
    let place = Rect::from_center_size(place.center(), vec2(place.width(), 22.0));
    let folder = view.settings.bounce_folder.as_deref();
    let hint = "None: timelines wait in memory until there is one";
    paths::show(
        &mut ui,
        place,
        Question::BounceFolder,
        folder,
        hint,
        actions,
    );
}

fn show_formats(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let chosen = view.settings.bounce_formats();
    let names = Format::ALL.map(|format| (format.name(), chosen.contains(&format)));
    let rest = field(ui, area, "Formats").max_rect();
    let chips = Rect::from_center_size(rest.center(), vec2(rest.width(), 24.0));
    if let Some(index) = controls::chips(ui, chips, &names) {
        change(view.settings, actions, |settings| {
            let turned = Format::ALL[index];
            let keep = |format: &Format| chosen.contains(format) != (*format == turned);
            let formats = Format::ALL.into_iter().filter(keep);
            settings.bounce_formats = formats.map(|format| format.name().to_owned()).collect();
        });
    }
}

fn show_result(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let Bounce {
        written,
        waiting,
        problem,
        ..
    } = &view.snapshot.bounce;
    let mut ui = field(ui, area, "Last");
    if *waiting > 0 && view.settings.bounce_folder.is_some() {
        let again = ui.button(RichText::new("Save again").font(theme::small()));
        if again.clicked() {
            actions.push(Action::SaveAgain);
        }
    }
    let (text, colour) = match (problem, waiting, written.first()) {
        (Some(problem), _, _) => (problem.clone(), theme::WARNING),
        (None, 1.., _) => {
            let s = if *waiting == 1 {
                "timeline waits"
            } else {
                "timelines wait"
            };
            (format!("{waiting} {s} for a folder"), theme::WARNING)
        }
        (None, 0, Some(path)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let more = written.len() - 1;
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            (format!("{name}{more}"), theme::TEXT_SECOND)
        }
        (None, 0, None) => ("Nothing yet".to_owned(), theme::TEXT_FAINT),
    };
    let hover = text.clone();
    ui.add(egui::Label::new(RichText::new(text).color(colour)).truncate())
        .on_hover_text(hover);
}
