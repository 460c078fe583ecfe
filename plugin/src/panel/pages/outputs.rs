//! The page *Outputs*: MIDI notes, OSC messages, and timelines of renders and captures.

use std::path::PathBuf;

use egui::{Align2, Id, Label, Rect, RichText, Ui, pos2, vec2};
use hamiltone_engine::text::without_error_numbers;
use hamiltone_exports::Format;

use crate::panel::contract::{Action, Question, View};
use crate::panel::widgets::layout::{field, row};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, glyphs, path_field, theme, words, written};
use crate::params::table::Switch;
use crate::settings::Edit;
use crate::snapshot::Bounce;

/// Height of a row.
const ROW: f32 = 30.0;
/// Height of a chip.
const CHIP: f32 = 24.0;
/// Width of the field for an address and a port.
const DESTINATION_WIDTH: f32 = 150.0;
/// Seconds for which the light beside what was sent is lit.
const LIT_S: f64 = 0.25;
/// Space between the parts of a row.
const GAP: f32 = 14.0;

/// Shows the page. Returns its height.
pub(crate) fn show(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) -> f32 {
    show_notes(ui, row(area, 0, ROW), view, actions);
    show_osc(ui, row(area, 1, ROW), view, actions);
    let line = row(area, 2, ROW);
    ui.painter()
        .hline(line.x_range(), line.top(), (1.0, theme::LINE));
    show_capture(ui, row(area, 2, ROW), view, actions);
    show_folder(ui, row(area, 3, ROW), view, actions);
    let rows = show_formats(ui, row(area, 4, ROW), view, actions);
    let below = vec2(0.0, (rows - 1) as f32 * CHIP);
    let last = row(area, 5, ROW).translate(below);
    show_result(ui, last, view, actions);
    let Some(folder) = &view.snapshot.report_folder else {
        return last.bottom() - area.top();
    };
    let report = row(area, 6, ROW).translate(below);
    show_report(ui, report, folder, actions);
    report.bottom() - area.top()
}

/// A switch at the left of `area`. Returns the rest of it.
fn switch(
    ui: &mut Ui,
    area: Rect,
    name: &'static str,
    (switch, on): (Switch, bool),
    hint: &str,
    actions: &mut Vec<Action>,
) -> Rect {
    let left = Rect::from_min_size(area.min, vec2(96.0, area.height()));
    if controls::switch(ui, left, name, on, hint) {
        actions.push(Action::Switch(switch, !on));
    }
    Rect::from_min_max(pos2(left.right() + 16.0, area.top()), area.max)
}

fn show_notes(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "Sends a MIDI note while a label is on, 120 ms after the sound. The page Labels lists and changes \
                the note of each label.";
    let notes = &view.settings.notes;
    let on = (Switch::Notes, view.values.notes);
    let rest = switch(ui, area, "Notes", on, hint, actions);
    let first = notes.first_note.min(127);
    let (step, mut rest) = controls::stepper(ui, rest, "first note", &words::note((0, first)));
    if let Some(step) = step {
        let note = (i32::from(first) + step).clamp(0, 127) as u8;
        actions.push(Action::Edit(Edit::FirstNote(note)));
    }
    rest.min.x += GAP;
    let channel = notes.channel.clamp(1, 16);
    let (step, mut rest) = controls::stepper(ui, rest, "channel", &channel.to_string());
    if let Some(step) = step {
        let channel = (i32::from(channel) + step).clamp(1, 16) as u8;
        actions.push(Action::Edit(Edit::NoteChannel(channel)));
    }
    rest.min.x += GAP;
    let (text, s_ago) = match view.snapshot.sent.note {
        Some(sent) => {
            let label = view.snapshot.label(sent.label).unwrap_or("");
            let (note, label) = (words::note(sent.note), words::label_for_people(label));
            (
                format!("{note} {label}, {}", words::ago(sent.s_ago)),
                Some(sent.s_ago),
            )
        }
        None => ("No note sent yet".to_owned(), None),
    };
    show_sent(ui, rest, &text, s_ago);
}

/// A light that is lit for a moment after something was sent, and what was sent.
fn show_sent(ui: &Ui, area: Rect, text: &str, s_ago: Option<f64>) {
    let centre = area.left_center() + vec2(5.0, 0.0);
    match s_ago {
        Some(s_ago) if s_ago < LIT_S => ui.painter().circle_filled(centre, 4.0, theme::ACCENT),
        _ => ui
            .painter()
            .circle_stroke(centre, 3.5, (1.2, theme::TEXT_FAINT)),
    };
    let colour = match s_ago {
        Some(_) => theme::TEXT_SECOND,
        None => theme::TEXT_FAINT,
    };
    let left = area.left_center() + vec2(15.0, 0.0);
    Line::new(theme::caption(), colour).hinted(ui, left, text, area.right() - left.x);
}

fn show_osc(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "Sends probabilities as OSC messages over UDP: /hamiltone/label/NAME and /hamiltone/top. The page Labels \
         lists the addresses.";
    let on = (Switch::Osc, view.values.osc);
    let rest = switch(ui, area, "OSC", on, hint, actions);
    let mut rest = show_destination(ui, rest, view, actions);
    rest.min.x += GAP;
    let rate = view.settings.osc.updates_per_second;
    let (step, mut rest) = controls::stepper(ui, rest, "max.", &format!("{rate} / s"));
    if let Some(step) = step {
        let rate = (i32::from(rate) + step).clamp(1, 100) as u16;
        actions.push(Action::Edit(Edit::OscRate(rate)));
    }
    rest.min.x += GAP;
    let sent = &view.snapshot.sent;
    let text = match sent.osc_s_ago {
        Some(s_ago) => format!("{} messages, {}", sent.messages, words::ago(s_ago)),
        None => "Nothing sent yet".to_owned(),
    };
    show_sent(ui, rest, &text, sent.osc_s_ago);
}

/// The field for the OSC destination, which takes the keyboard once it is clicked.
pub(crate) fn destination_id() -> Id {
    Id::unique("osc destination")
}

/// An editable destination of OSC messages. Returns the rest of `area`.
fn show_destination(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) -> Rect {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    let caption = faint.at(ui.painter(), area.left_center(), Align2::LEFT_CENTER, "to");
    let osc = &view.settings.osc;
    let id = destination_id();
    let typed: Option<String> = ui.data(|data| data.get_temp(id));
    let mut text = typed.clone().unwrap_or_else(|| osc.destination());
    let parsed = osc.parse_destination(&text);
    let colour = if parsed.is_some() {
        theme::TEXT
    } else {
        theme::WARNING
    };
    let corner = pos2(caption.right() + 8.0, area.center().y - 11.0);
    let rect = Rect::from_min_size(corner, vec2(DESTINATION_WIDTH, 22.0));
    let field = controls::text_field(ui, rect, (id, "OSC destination"), &mut text, colour, "")
        .on_hover_text(
            "IP address and port, such as 192.168.1.20:57120. A port alone keeps the address.",
        );
    if field.changed() {
        ui.data_mut(|data| data.insert_temp(id, text));
    } else if field.lost_focus() && typed.is_some() {
        // Invalid text is dropped, and the valid destination shows again.
        ui.data_mut(|data| data.remove_temp::<String>(id));
        if let Some((host, port)) = parsed {
            actions.push(Action::Edit(Edit::OscDestination { host, port }));
        }
    }
    Rect::from_min_max(pos2(rect.right(), area.top()), area.max)
}

fn show_capture(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let hint = "Analyses every frame during playback and writes a timeline when the host stops. Renders of the \
                host are always captured.";
    let on = (Switch::Capture, view.values.capture);
    let rest = switch(ui, area, "Capture", on, hint, actions);
    let bounce = &view.snapshot.bounce;
    let (words, lit) = match (bounce.capturing_s, bounce.rendering) {
        (Some(seconds), true) => (
            format!("Rendering: {} captured", words::clock(seconds)),
            true,
        ),
        (Some(seconds), false) => (format!("Recording: {}", words::clock(seconds)), true),
        (None, _) if view.values.capture => ("Armed: starts with playback".to_owned(), false),
        (None, _) => (
            "Renders are always captured; turn this on to capture playback".to_owned(),
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
    Line::new(theme::small(), colour).hinted(ui, at, &words, rest.right() - at.x);
}

fn show_folder(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let mut ui = field(ui, area, "Folder");
    let choose = ui.button(RichText::new("Choose …").font(theme::small()));
    if choose.clicked() {
        actions.push(Action::Ask(Question::BounceFolder));
    }
    let rest = ui.available_rect_before_wrap();
    let rect = Rect::from_center_size(rest.center(), vec2(rest.width(), 22.0));
    let folder = view.settings.bounce_folder.as_deref();
    let hint = "No folder: timelines wait in memory";
    let question = Question::BounceFolder;
    path_field::show(&mut ui, rect, question, folder, hint, actions);
}

/// Returns the number of rows that the formats take.
fn show_formats(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) -> usize {
    let written = view.settings.bounce_formats();
    let names = Format::ALL.map(|format| (format.name(), written.contains(&format)));
    let rest = field(ui, area, "Formats").max_rect();
    let chips = Rect::from_center_size(rest.center(), vec2(rest.width(), CHIP));
    if let Some(index) = controls::chips(ui, chips, &names) {
        actions.push(Action::Edit(Edit::BounceFormat {
            format: Format::ALL[index],
            written: !names[index].1,
        }));
    }
    controls::chip_rows(ui, chips.width(), names.map(|(name, _)| name)).max(1)
}

/// What became of the last timeline.
fn show_result(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let bounce = &view.snapshot.bounce;
    let mut ui = field(ui, area, "Last");
    if bounce.waiting > 0 && view.settings.bounce_folder.is_some() {
        let again = ui.button(RichText::new("Save again").font(theme::small()));
        if again.clicked() {
            actions.push(Action::SaveAgain);
        }
    }
    let folder = view.settings.bounce_folder.as_ref();
    let folder = folder.filter(|_| !view.snapshot.asks_for_folder());
    let shown = match &bounce.written[..] {
        [] => folder.map_or(&[][..], std::slice::from_ref),
        files => files,
    };
    written::buttons(&mut ui, shown, actions);
    let (text, colour) = result(bounce);
    let text = glyphs::drawable(ui.ctx(), &text).into_owned();
    let label = Label::new(RichText::new(&text).color(colour)).truncate();
    ui.add(label).on_hover_text(text);
}

/// Where the report of the session is written.
fn show_report(ui: &mut Ui, area: Rect, folder: &PathBuf, actions: &mut Vec<Action>) {
    let mut ui = field(ui, area, "Report");
    written::buttons(&mut ui, std::slice::from_ref(folder), actions);
    let rest = ui.available_rect_before_wrap();
    let line = Line::new(theme::small(), theme::TEXT_SECOND);
    let path = folder.to_string_lossy();
    line.hinted(&ui, rest.left_center(), &path, rest.width());
}

fn result(bounce: &Bounce) -> (String, egui::Color32) {
    match (&bounce.problem, bounce.waiting, bounce.written.first()) {
        (Some(problem), _, _) => (without_error_numbers(problem).into_owned(), theme::WARNING),
        (None, 1, _) => ("1 timeline waits for a folder".to_owned(), theme::WARNING),
        (None, 2.., _) => {
            let text = format!("{} timelines wait for a folder", bounce.waiting);
            (text, theme::WARNING)
        }
        (None, 0, Some(path)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text = match bounce.written.len() - 1 {
                0 => name.into_owned(),
                more => format!("{name} and {more} more"),
            };
            (text, theme::TEXT_SECOND)
        }
        (None, 0, None) => ("Nothing written yet".to_owned(), theme::TEXT_FAINT),
    }
}
