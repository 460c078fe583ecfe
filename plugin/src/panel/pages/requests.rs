//! What the session asks for and this machine has not agreed to: a line and two buttons each, above the page. After an
//! error of ours, a button that starts the analysis again.

use egui::{Align2, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use hamiltone_engine::text::printable;

use crate::agreements::Item;
use crate::panel::contract::Action;
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme};
use crate::settings::{Edit, Purpose};
use crate::snapshot::{Request, Snapshot};

/// Height of a line, with the space below it.
pub(crate) const ROW: f32 = 34.0;
/// The maximum number of lines. The others show when these are answered.
const MOST: usize = 2;
/// Width of a button.
const BUTTON: f32 = 70.0;

/// Shows the requests at the top of `area`. Returns the rest.
pub(crate) fn show(
    ui: &mut Ui,
    area: Rect,
    snapshot: &Snapshot,
    actions: &mut Vec<Action>,
) -> Rect {
    let mut top = area.top();
    let mut next = || {
        let row = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), ROW - 6.0));
        top += ROW;
        row
    };
    if snapshot.stopped {
        let hint = "Loads the model and analyses what follows";
        if button(
            ui,
            buttons(next())[1],
            "Restart",
            "Restart the analysis",
            hint,
        ) {
            actions.push(Action::Restart);
        }
    }
    for request in snapshot.requests.iter().take(MOST) {
        show_request(ui, next(), request, actions);
    }
    Rect::from_min_max(pos2(area.left(), top), area.max)
}

fn show_request(ui: &mut Ui, row: Rect, request: &Request, actions: &mut Vec<Action>) {
    ui.painter().rect_filled(row, 7.0, theme::SURFACE);
    controls::paint_warning(ui, row.left_center() + vec2(18.0, 0.0));
    let text = in_words(request);
    let [remove, allow] = buttons(row);
    let left = row.left() + 34.0;
    let words = Rect::from_min_max(
        pos2(left, row.top()),
        pos2(remove.left() - 8.0, row.bottom()),
    );
    let line = Line::new(theme::small(), theme::TEXT);
    line.elided(ui.painter(), words.left_center(), &text, words.width());
    ui.interact(words, Id::unique(("request", &text)), Sense::hover())
        .on_hover_text(format!(
            "{text}\nThis is not done until you allow it: the session may come from somebody else. Allowed once, it is \
             allowed for all sessions on this machine."
        ));
    let hint = "Take this out of the session";
    if button(ui, remove, "Remove", &format!("Remove: {text}"), hint) {
        actions.push(Action::Edit(Edit::Withdraw(request.purpose)));
    }
    let hint = "Allow this in all sessions on this machine";
    if button(ui, allow, "Allow", &format!("Allow: {text}"), hint) {
        actions.push(Action::Allow(request.item.clone()));
    }
}

/// The areas of two buttons at the right of a row.
pub(crate) fn buttons(row: Rect) -> [Rect; 2] {
    [2.0, 1.0].map(|from_right| {
        let centre = pos2(
            row.right() - 6.0 - (from_right - 0.5) * (BUTTON + 6.0),
            row.center().y,
        );
        Rect::from_center_size(centre, vec2(BUTTON, 22.0))
    })
}

/// A button; `name` is for screen readers. Returns whether it was pressed.
fn button(ui: &Ui, area: Rect, text: &str, name: &str, hint: &str) -> bool {
    let response = ui.interact(area, Id::unique(("request button", name)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let fill = if response.hovered() {
        theme::HOVERED
    } else {
        theme::RAISED
    };
    ui.painter().rect_filled(area, 5.0, fill);
    let line = Line::new(theme::small(), theme::TEXT);
    line.at(ui.painter(), area.center(), Align2::CENTER_CENTER, text);
    controls::focus_ring(ui, &response, area);
    let pressed = response.clicked();
    response.on_hover_text(hint);
    pressed
}

/// What is asked, in one line.
fn in_words(request: &Request) -> String {
    let what = match request.purpose {
        Purpose::Reports => "The session writes reports into",
        Purpose::Timelines => "The session writes timelines into",
        Purpose::Model => "The session reads the model",
        Purpose::ComparedModel => "The session compares with the model",
        Purpose::Osc => "The session sends OSC to",
    };
    let target = match &request.item {
        Item::Folder(path) | Item::Model(path) => path.to_string_lossy().into_owned(),
        Item::Osc(address) => address.to_string(),
    };
    format!("{what} {}", printable(&target))
}
