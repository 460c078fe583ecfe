//! The sliders: what each sets, between what, and how it feels.

use egui::{Align2, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};

use super::text::Line;
use super::{Action, theme};
use crate::params::{DEFAULT_THRESHOLD, DEFAULT_WINDOW_S, MAX_HOLD_S, MAX_SMOOTHING_S};

/// A parameter that a slider sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Knob {
    /// Seconds of the past that a tag speaks about.
    Window,
    /// Seconds to follow what rises.
    Attack,
    /// Seconds to follow what falls.
    Release,
    /// Probability from which a label is on, or how far labels' own levels are moved.
    Threshold,
    /// Seconds for which a peak is marked.
    Hold,
}

/// Everything about a slider but its value.
struct Slider {
    name: &'static str,
    hint: &'static str,
    min: f32,
    max: f32,
    /// The value in the middle of the track: sliders are fine where it matters.
    middle: f32,
    step: f32,
    default: f32,
}

impl Knob {
    fn slider(self) -> Slider {
        let (name, hint, (min, max), middle, step, default) = match self {
            Self::Window => (
                "Window",
                "How much of the past each tag speaks about. Short follows fast, long is sure.",
                (MIN_WINDOW_S, MAX_WINDOW_S),
                2.25,
                0.1,
                DEFAULT_WINDOW_S,
            ),
            Self::Attack => (
                "Attack",
                "How slowly bars, notes and OSC follow what rises.",
                (0.0, MAX_SMOOTHING_S),
                0.6,
                0.01,
                0.0,
            ),
            Self::Release => (
                "Release",
                "How slowly bars, notes and OSC follow what falls.",
                (0.0, MAX_SMOOTHING_S),
                0.6,
                0.01,
                0.2,
            ),
            Self::Threshold => (
                "Threshold",
                "From here a label is on: lit in the list, and a note. It goes off at seven \
                 tenths of it. A calibrated model has a level for each label, the line on its bar: \
                 30 % leaves them, less turns more labels on.",
                (0.01, 1.0),
                0.5,
                0.01,
                DEFAULT_THRESHOLD,
            ),
            Self::Hold => (
                "Hold",
                "How long the mark of the highest value stays.",
                (0.0, MAX_HOLD_S),
                2.0,
                0.1,
                1.5,
            ),
        };
        Slider {
            name,
            hint,
            min,
            max,
            middle,
            step,
            default,
        }
    }

    fn words(self, value: f32) -> String {
        match self {
            Self::Threshold => format!("{:.0} %", 100.0 * value),
            Self::Window | Self::Hold => format!("{value:.1} s"),
            Self::Attack | Self::Release => format!("{value:.2} s"),
        }
    }
}

impl Slider {
    /// Where on the track (0 to 1) a value is.
    fn position_of(&self, value: f32) -> f32 {
        let linear = (value - self.min) / (self.max - self.min);
        linear.clamp(0.0, 1.0).powf(self.curve().recip())
    }

    /// The value at a place of the track, in whole steps.
    fn value_at(&self, position: f32) -> f32 {
        let linear = position.clamp(0.0, 1.0).powf(self.curve());
        self.stepped(self.min + linear * (self.max - self.min))
    }

    fn stepped(&self, value: f32) -> f32 {
        let steps = (value / self.step).round();
        (steps * self.step).clamp(self.min, self.max)
    }

    /// The exponent that puts `middle` in the middle.
    fn curve(&self) -> f32 {
        ((self.middle - self.min) / (self.max - self.min)).ln() / 0.5f32.ln()
    }
}

/// Shows name, slider and value over `area`; the name takes `name_width` points. Drags are bracketed
/// as one gesture for the host.
pub(super) fn show(
    ui: &mut Ui,
    area: Rect,
    name_width: f32,
    knob: Knob,
    value: f32,
    actions: &mut Vec<Action>,
) {
    let slider = knob.slider();
    let painter = ui.painter().clone();
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    faint.at(
        &painter,
        area.left_center(),
        Align2::LEFT_CENTER,
        slider.name,
    );
    let track = Rect::from_min_max(
        pos2(area.left() + name_width, area.center().y - 11.0),
        pos2(area.right() - 56.0, area.center().y + 11.0),
    );
    let response = ui.interact(track, Id::unique(knob), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(value), slider.name));
    follow(ui, &response, track, knob, value, actions);
    let lively = response.hovered() || response.dragged();
    paint_track(ui, track, slider.position_of(value), lively);
    let line = Line::new(theme::body(), theme::TEXT);
    let right = area.right_center();
    line.at(&painter, right, Align2::RIGHT_CENTER, &knob.words(value));
    let default = knob.words(slider.default);
    response.on_hover_text(format!(
        "{} Double-click for {default}; the wheel moves it a step.",
        slider.hint
    ));
}

fn follow(
    ui: &Ui,
    response: &egui::Response,
    track: Rect,
    knob: Knob,
    value: f32,
    actions: &mut Vec<Action>,
) {
    let slider = knob.slider();
    let mut at_once = |value| {
        actions.extend([
            Action::Begin(knob),
            Action::Set(knob, value),
            Action::End(knob),
        ]);
    };
    if response.double_clicked() {
        return at_once(slider.default);
    }
    let wheel = ui.input(|input| input.smooth_scroll_delta().y);
    if response.hovered() && wheel.abs() > 2.0 {
        return at_once(slider.stepped(value + slider.step * wheel.signum()));
    }
    if response.drag_started() {
        actions.push(Action::Begin(knob));
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let position = (pointer.x - track.left()) / track.width().max(1.0);
        actions.push(Action::Set(knob, slider.value_at(position)));
    }
    if response.drag_stopped() {
        actions.push(Action::End(knob));
    }
}

fn paint_track(ui: &Ui, track: Rect, position: f32, lively: bool) {
    let painter = ui.painter();
    let line = Rect::from_center_size(track.center(), vec2(track.width(), 4.0));
    let knob = pos2(track.left() + track.width() * position, track.center().y);
    painter.rect_filled(line, 2.0, theme::RAISED);
    let done = Rect::from_min_max(line.min, pos2(knob.x, line.bottom()));
    painter.rect_filled(done, 2.0, theme::ACCENT_DIM);
    let radius = if lively { 8.0 } else { 7.0 };
    let ring = Stroke::new(3.0, theme::BACKGROUND);
    painter.circle(knob, radius, theme::TEXT, ring);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Knob; 5] = [
        Knob::Window,
        Knob::Attack,
        Knob::Release,
        Knob::Threshold,
        Knob::Hold,
    ];

    #[test]
    fn a_slider_covers_its_range_and_no_more() {
        for slider in ALL.map(Knob::slider) {
            assert_eq!(slider.value_at(0.0), slider.min, "{}", slider.name);
            assert_eq!(slider.value_at(f32::INFINITY), slider.max);
            assert_eq!(slider.position_of(1e9), 1.0);
            assert_eq!(slider.position_of(-1e9), 0.0);
            assert!((slider.position_of(slider.middle) - 0.5).abs() < 1e-5);
            assert!((slider.stepped(slider.default) - slider.default).abs() < 1e-5);
        }
    }

    #[test]
    fn places_and_values_are_inverse() {
        for slider in ALL.map(Knob::slider) {
            for place in 0..=100 {
                let value = slider.value_at(place as f32 / 100.0);
                let again = slider.value_at(slider.position_of(value));
                assert!(
                    (again - value).abs() <= 1.01 * slider.step,
                    "{}",
                    slider.name
                );
            }
        }
    }

    #[test]
    fn defaults_are_those_of_the_parameters() {
        let params = crate::params::HamiltoneParams::default();
        let values = [
            params.window.value(),
            params.attack.value(),
            params.release.value(),
            params.threshold.value(),
            params.hold.value(),
        ];
        for (slider, value) in ALL.map(Knob::slider).iter().zip(values) {
            assert!((slider.default - value).abs() < 1e-6, "{}", slider.name);
        }
    }
}
