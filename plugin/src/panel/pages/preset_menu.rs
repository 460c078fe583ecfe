//! The menu of presets.

use egui::{Align, ComboBox, Layout, RichText, Role, TextWrapMode, Ui, WidgetInfo};

use crate::panel::contract::{Action, View};
use crate::panel::widgets::theme;
use crate::settings::presets::{PRESETS, Preset};
use crate::snapshot::MenuEntry;

/// Width of the open menu: its lines wrap, so that it fits into the smallest panel.
const WIDTH: f32 = 330.0;

/// Shows the menu, `width` points wide. It names the preset whose values are all set now.
pub(crate) fn show(ui: &mut Ui, view: View<'_>, width: f32, actions: &mut Vec<Action>) {
    let current = PRESETS.iter().find(|preset| is_set(preset, view));
    let text = current.map_or("Presets", |preset| preset.name);
    let menu = ComboBox::from_id_salt("presets")
        .selected_text(RichText::new(text).font(theme::small()))
        .width(width)
        .truncate()
        .show_ui(ui, |ui| {
            ui.set_width(WIDTH);
            ui.style_mut().wrap_mode = Some(TextWrapMode::Wrap); // menus extend their lines
            for preset in &PRESETS {
                let chosen = current == Some(preset);
                let name = RichText::new(preset.name).font(theme::body());
                let special = installed(preset, &view.snapshot.menu);
                if ui.selectable_label(chosen, name).clicked() {
                    let choice = special.map(|entry| entry.choice.clone());
                    actions.push(Action::Preset(preset, choice));
                    ui.close();
                }
                let about = about(preset, special);
                let about = RichText::new(about).font(theme::caption());
                ui.indent(preset.name, |ui| {
                    lines(ui, about.color(theme::TEXT_SECOND));
                });
            }
            ui.separator();
            let about = "A preset replaces model, choice, groups, window and thresholds. To keep \
                         settings of your own, save a preset in the host.";
            lines(ui, RichText::new(about).color(theme::TEXT_FAINT));
        });
    if menu.response.clicked() {
        actions.push(Action::ListModels);
    }
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Preset"));
    menu.response
        .on_hover_text("Model, choice of labels, window and thresholds for a task");
}

/// The best installed model that was made for the task of a preset.
fn installed<'a>(preset: &Preset, menu: &'a [MenuEntry]) -> Option<&'a MenuEntry> {
    let usable = |entry: &&MenuEntry| entry.card.is_ok();
    let named = |name: &&str| menu.iter().filter(usable).find(|entry| entry.name == *name);
    preset.models.iter().find_map(named)
}

/// What a preset is for, and the model that it uses.
fn about(preset: &Preset, special: Option<&MenuEntry>) -> String {
    let model = match (special, preset.models) {
        (Some(entry), _) => format!(" Model: {} ({}).", entry.name, entry.summary),
        (None, [best, ..]) => {
            format!(" Model: the built-in one; if {best} is installed, it is used instead.")
        }
        (None, []) => String::new(),
    };
    preset.about.to_owned() + &model
}

/// A text of several lines, which menus would stretch to their width.
fn lines(ui: &mut Ui, text: RichText) {
    ui.with_layout(Layout::top_down(Align::Min), |ui| ui.label(text));
}

/// Whether everything that the preset sets is as it says.
fn is_set(preset: &Preset, view: View<'_>) -> bool {
    let values = view.values;
    (values.window_s - preset.window_s).abs() < 1e-3
        && (values.threshold - preset.threshold).abs() < 1e-3
        && preset.holds(view.settings)
}
