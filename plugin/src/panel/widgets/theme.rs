//! Colours, sizes and fonts.
//!
//! Blue shows probability, amber warns. The two differ in lightness and stay distinguishable with every
//! common kind of colour blindness. Colour is never the only cue: each bar has its number, each state
//! its word and its shape.

use egui::{Color32, CornerRadius, FontId, Margin, Shadow, Stroke, Style, Visuals, vec2};

/// The background.
pub(crate) const BACKGROUND: Color32 = Color32::from_rgb(0x12, 0x15, 0x1B);
/// The footer, menus and notices.
pub(crate) const SURFACE: Color32 = Color32::from_rgb(0x19, 0x1E, 0x27);
/// Buttons, and the empty part of bars.
pub(crate) const RAISED: Color32 = Color32::from_rgb(0x25, 0x2C, 0x38);
/// Buttons under the pointer.
pub(crate) const HOVERED: Color32 = Color32::from_rgb(0x30, 0x39, 0x48);
/// Thin lines between areas.
pub(crate) const LINE: Color32 = Color32::from_rgb(0x2A, 0x31, 0x3E);
/// Primary text.
pub(crate) const TEXT: Color32 = Color32::from_rgb(0xEE, 0xF2, 0xF8);
/// Secondary text.
pub(crate) const TEXT_SECOND: Color32 = Color32::from_rgb(0xAE, 0xB7, 0xC6);
/// Captions and hints: 4.5 : 1 on all backgrounds but that of buttons under the pointer.
pub(crate) const TEXT_FAINT: Color32 = Color32::from_rgb(0x8D, 0x98, 0xA9);
/// High probability.
pub(crate) const ACCENT: Color32 = Color32::from_rgb(0x73, 0xC4, 0xFF);
/// Low probability.
pub(crate) const ACCENT_DIM: Color32 = Color32::from_rgb(0x2F, 0x5D, 0x85);
/// Warnings.
pub(crate) const WARNING: Color32 = Color32::from_rgb(0xFF, 0xB9, 0x5E);

/// Margin at the left and right edge.
pub(crate) const MARGIN: f32 = 22.0;

/// Space inside menus.
pub(crate) const MENU_MARGIN: i8 = 6;

pub(crate) fn hero() -> FontId {
    FontId::proportional(31.0)
}

pub(crate) fn brand() -> FontId {
    FontId::proportional(19.0)
}

pub(crate) fn large() -> FontId {
    FontId::proportional(16.5)
}

pub(crate) fn body() -> FontId {
    FontId::proportional(14.5)
}

pub(crate) fn small() -> FontId {
    FontId::proportional(12.0)
}

pub(crate) fn caption() -> FontId {
    FontId::proportional(11.0)
}

/// The style of egui's own widgets: the model menu and the tooltips.
pub(crate) fn apply(style: &mut Style) {
    style.visuals = visuals();
    style.spacing.item_spacing = vec2(8.0, 4.0);
    style.spacing.button_padding = vec2(11.0, 6.0);
    style.spacing.interact_size.y = 28.0;
    style.spacing.menu_margin = Margin::same(MENU_MARGIN);
    style.spacing.tooltip_width = 300.0;
    style.spacing.combo_height = 320.0;
    style.interaction.selectable_labels = false;
    for (text_style, font) in &mut style.text_styles {
        *font = match text_style {
            egui::TextStyle::Heading => brand(),
            egui::TextStyle::Small => caption(),
            egui::TextStyle::Body => small(),
            _ => body(),
        };
    }
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = BACKGROUND;
    visuals.weak_text_color = Some(TEXT_SECOND); // of hints in text fields, whatever colour these ask for

    visuals.window_fill = SURFACE;
    visuals.window_stroke = Stroke::new(1.0, HOVERED);
    visuals.extreme_bg_color = BACKGROUND;
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.popup_shadow = Shadow {
        offset: [0, 6],
        blur: 18,
        spread: 0,
        color: Color32::from_black_alpha(130),
    };
    visuals.selection.bg_fill = ACCENT_DIM;
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    let widgets = &mut visuals.widgets;
    for (state, fill, text) in [
        (&mut widgets.noninteractive, SURFACE, TEXT_SECOND),
        (&mut widgets.inactive, RAISED, TEXT),
        (&mut widgets.hovered, HOVERED, TEXT),
        (&mut widgets.active, HOVERED, TEXT),
        (&mut widgets.open, HOVERED, TEXT),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::NONE;
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = CornerRadius::same(7);
        state.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    visuals
}

/// The colour map cividis (Nuñez, Anderton, Renslow, PLOS ONE 2018), made for every kind of colour vision, with the
/// panel's own dark end; `level` is 0 to 1.
pub(crate) fn ramp(level: f32) -> Color32 {
    const STOPS: [Color32; 8] = [
        SURFACE,
        Color32::from_rgb(18, 53, 112),
        Color32::from_rgb(59, 73, 108),
        Color32::from_rgb(87, 93, 109),
        Color32::from_rgb(124, 123, 120),
        Color32::from_rgb(165, 156, 116),
        Color32::from_rgb(208, 194, 94),
        Color32::from_rgb(254, 232, 56),
    ];
    let position = level.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let below = (position as usize).min(STOPS.len() - 2);
    blend(STOPS[below], STOPS[below + 1], position - below as f32)
}

/// Mixes two colours; `share` 0 is the first, 1 the second.
pub(crate) fn blend(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share.clamp(0.0, 1.0))
}
