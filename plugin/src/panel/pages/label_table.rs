//! The page *Labels*: the note, threshold and OSC address of every label.

mod columns;
mod menus;
mod row;

use egui::{Align2, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

use super::label_list;
use crate::osc_addresses::osc_addresses;
use crate::panel::contract::{Action, View};
use crate::panel::widgets::labels::{Labels, Visibility};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme, words, written};
use crate::settings::{NoteMap, NoteSettings};
use columns::Columns;

/// Height of a row.
const ROW: f32 = 26.0;
/// Height of the line above the table.
const BAR: f32 = 30.0;
/// Height of the names of the columns.
const HEAD: f32 = 20.0;
/// Width of the field for a search.
const SEARCH_WIDTH: f32 = 170.0;

/// The state of the page between frames.
#[derive(Debug, Default)]
pub(crate) struct LabelTable {
    search: String,
    known: Option<Known>,
}

/// What is derived from a model and the settings, until one of them changes.
#[derive(Debug)]
struct Known {
    model: String,
    notes: NoteSettings,
    map: NoteMap,
    addresses: Vec<String>,
}

impl LabelTable {
    /// Shows the page.
    pub(crate) fn show(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        view: View<'_>,
        labels: &Labels<'_>,
        actions: &mut Vec<Action>,
    ) {
        let (bar, rest) = area.split_top_bottom_at_y(area.top() + BAR);
        let (head, list) = rest.split_top_bottom_at_y(rest.top() + HEAD);
        self.learn(view);
        self.show_bar(ui, bar, view, actions);
        let columns = Columns::of(head.width());
        paint_head(ui, head, &columns);
        let rows = self.rows(labels);
        let thresholds = label_list::thresholds(view);
        if rows.is_empty() {
            let line = Line::new(theme::small(), theme::TEXT_FAINT);
            let text = match labels.len() {
                0 => "The labels show here when a model is loaded",
                _ => "No label has these letters",
            };
            let at = list.left_top() + vec2(0.0, 16.0);
            line.at(ui.painter(), at, Align2::LEFT_CENTER, text);
        }
        let Some(known) = &self.known else { return };
        let mut list_ui = ui.new_child(UiBuilder::new().id_salt("labels").max_rect(list));
        list_ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().auto_shrink(false).show_rows(
            &mut list_ui,
            ROW,
            rows.len(),
            |ui, range| {
                for &label in &rows[range] {
                    let size = vec2(head.width(), ROW);
                    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                    let cells = row::Cells {
                        label,
                        name: labels.name(label),
                        pinned: labels.visibility(label) == Visibility::Pinned,
                        note: known.map.get(label),
                        address: known.addresses.get(label).map_or("", String::as_str),
                        thresholds: &thresholds,
                    };
                    let builder = UiBuilder::new().id_salt(label).max_rect(rect);
                    row::show(
                        &mut ui.new_child(builder),
                        rect,
                        &columns,
                        &cells,
                        view,
                        actions,
                    );
                }
            },
        );
    }

    /// Derives notes and addresses anew if the model or the settings changed.
    fn learn(&mut self, view: View<'_>) {
        let Some(model) = &view.snapshot.model else {
            self.known = None;
            return;
        };
        let notes = &*view.settings.notes;
        let is_new = |known: &Known| known.model != model.hash || known.notes != *notes;
        if self.known.as_ref().is_none_or(is_new) {
            self.known = Some(Known {
                model: model.hash.clone(),
                notes: notes.clone(),
                map: NoteMap::new(notes, &model.labels, &model.likely),
                addresses: osc_addresses(&model.labels),
            });
        }
    }

    /// A field for a search, and the menus of sets.
    fn show_bar(&mut self, ui: &mut Ui, bar: Rect, view: View<'_>, actions: &mut Vec<Action>) {
        let field = Rect::from_min_size(bar.min, vec2(SEARCH_WIDTH, 22.0));
        let hint = "Search labels";
        let id = Id::unique("search labels");
        controls::text_field(ui, field, (id, hint), &mut self.search, theme::TEXT, hint);
        let buttons = Rect::from_min_max(pos2(field.right() + 10.0, bar.top() - 3.0), bar.max);
        let mut menus_ui = ui.new_child(
            UiBuilder::new()
                .id_salt("sets")
                .max_rect(buttons)
                .layout(egui::Layout::left_to_right(egui::Align::Min)),
        );
        menus::show(&mut menus_ui, view, actions);
        let left = menus_ui.min_rect().right() + 12.0;
        let line = Line::new(theme::caption(), theme::TEXT_FAINT);
        let mut right = bar.right();
        if let Some(done) = view.done.filter(|done| !done.written.is_empty()) {
            written::at_end(ui, field.with_max_x(right), &done.written, actions);
            right -= written::WIDTH + 10.0;
        }
        let text = view.done.map(|done| done.text.as_str());
        let text = text.unwrap_or("Click an address to copy it");
        line.hinted(ui, pos2(left, field.center().y), text, right - left);
    }

    /// The labels that the search finds, pinned ones first, in the order of the model.
    fn rows(&self, labels: &Labels<'_>) -> Vec<usize> {
        let search = self.search.trim().to_lowercase();
        let found = |label: &usize| {
            search.is_empty()
                || words::label_for_people(labels.name(*label))
                    .to_lowercase()
                    .contains(&search)
        };
        let mut rows: Vec<usize> = (0..labels.len()).filter(found).collect();
        rows.sort_by_key(|&label| labels.visibility(label) != Visibility::Pinned);
        rows
    }
}

fn paint_head(ui: &Ui, head: Rect, columns: &Columns) {
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    for (index, name) in [
        "Label",
        "Send",
        "Note",
        "Channel",
        "Velocity",
        "Turns on at",
        "OSC address",
    ]
    .into_iter()
    .enumerate()
    {
        let cell = columns.cell(head, index);
        line.hinted(ui, cell.left_center(), name, cell.width());
    }
    ui.painter()
        .hline(head.x_range(), head.bottom() - 1.0, (1.0, theme::LINE));
}
