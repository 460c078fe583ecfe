//! The page *Roll*: the tags of the last seconds above the spectrogram, the newest at the right.

mod axis;
mod image;
mod moment;
mod picture;

pub(crate) use picture::timeline;

use egui::{
    Align2, CursorIcon, Painter, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::history::History;
use crate::panel::contract::{Action, Redraw, View};
use crate::panel::widgets::labels::{Labels, Visibility};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme, words, written};
use crate::snapshot::Activity;

/// The time spans to choose from, in seconds.
const SPANS: [(f64, &str); 3] = [(10.0, "10 s"), (30.0, "30 s"), (60.0, "60 s")];
/// Height of a row of the roll, in points.
const ROW: f32 = 17.0;
/// Width of the label names, as a share of the page.
const NAME_SHARE: f32 = 0.175;
/// Its least and its greatest value, in points.
const NAME_WIDTHS: (f32, f32) = (128.0, 220.0);
/// A click this near to the line of a moment, in points, hides it.
const NEAR: f32 = 6.0;
/// Seconds between two updates of the rows.
const CHOOSE_EVERY_S: f32 = 0.5;

/// The state of the roll between frames.
pub(crate) struct Roll {
    span_s: f64,
    /// A copy of the history while the roll is paused.
    frozen: Option<History>,
    /// The stream time that was clicked, in seconds.
    moment: Option<f64>,
    rows: Vec<usize>,
    chosen_s_ago: f32,
    drawn: Option<Drawn>,
    tags: Option<TextureHandle>,
    spectrum: Option<TextureHandle>,
}

/// What the textures were drawn from.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    version: u64,
    rows: Vec<usize>,
    span_s: f64,
    width: usize,
}

impl Default for Roll {
    fn default() -> Self {
        Self {
            span_s: 30.0,
            frozen: None,
            moment: None,
            rows: Vec::new(),
            chosen_s_ago: f32::MAX,
            drawn: None,
            tags: None,
            spectrum: None,
        }
    }
}

impl std::fmt::Debug for Roll {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Roll")
    }
}

impl Roll {
    /// Shows the roll, `dt` seconds after the last frame. Returns when to draw it again.
    pub(crate) fn show(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        view: View<'_>,
        labels: &Labels<'_>,
        dt: f32,
        actions: &mut Vec<Action>,
    ) -> Redraw {
        let (title, rest) = area.split_top_bottom_at_y(area.top() + 26.0);
        self.show_title(ui, title, view, actions);
        let frozen = self.frozen.take();
        let history = frozen.as_ref().unwrap_or(view.history);
        let (body, axis) = rest.split_top_bottom_at_y(rest.bottom() - 18.0);
        let spectrum_height = (body.height() * 0.36).clamp(40.0, 130.0);
        let (rows, spectrum) = body.split_top_bottom_at_y(body.bottom() - spectrum_height - 4.0);
        let spectrum = Rect::from_min_max(spectrum.min + vec2(0.0, 4.0), spectrum.max);
        let count = ((rows.height() / ROW) as usize).max(1);
        self.choose_rows(history, labels, count, dt);
        let (least, most) = NAME_WIDTHS;
        let names = (area.width() * NAME_SHARE).clamp(least, most);
        let picture =
            |rect: Rect| Rect::from_min_max(pos2(rect.left() + names, rect.top()), rect.max);
        self.draw_textures(ui, history, picture(rows).width());
        self.paint_rows(ui, rows, picture(rows), labels);
        paint_texture(ui.painter(), picture(spectrum), self.spectrum.as_ref());
        let caption = Line::new(theme::caption(), theme::TEXT_FAINT);
        let beside = pos2(spectrum.left(), spectrum.center().y);
        caption.at(ui.painter(), beside, Align2::LEFT_CENTER, "Spectrogram");
        let (axis, body) = (picture(axis), picture(body));
        axis::paint(ui.painter(), axis, body, history, self.span_s);
        self.show_moment(ui, body, history, labels);
        self.frozen = frozen;
        let arrives = matches!(
            view.snapshot.activity,
            Activity::Listening | Activity::NoSignal
        );
        match arrives && !view.values.bypassed && self.frozen.is_none() {
            true => Redraw::Spectrum,
            false => Redraw::Idle,
        }
    }

    /// A click on the picture shows the labels of that moment, another one near it hides them.
    fn show_moment(&mut self, ui: &mut Ui, body: Rect, history: &History, labels: &Labels<'_>) {
        let response = ui.interact(body, ui.scope_id().with("moment"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Labels of a moment"));
        let Some(newest_s) = history.newest_s() else {
            return;
        };
        let from_s = newest_s - self.span_s;
        let x_of =
            |time_s: f64| body.left() + body.width() * ((time_s - from_s) / self.span_s) as f32;
        if response.clicked() {
            // By the keyboard: the newest.
            let x = response
                .interact_pointer_pos()
                .map_or(body.right(), |at| at.x);
            let near = |time_s: &f64| (x_of(*time_s) - x).abs() < NEAR;
            let share = f64::from((x - body.left()) / body.width());
            self.moment = match self.moment.filter(near) {
                Some(_) => None,
                None => Some(from_s + share * self.span_s),
            };
        }
        self.moment = self.moment.filter(|time_s| *time_s >= from_s);
        if let Some(time_s) = self.moment
            && labels.belong_to(history.model())
            && let Some(column) = moment::column_at(history, time_s)
        {
            moment::paint(ui, body, x_of(time_s), column, labels);
        }
        response.on_hover_cursor(CursorIcon::Crosshair);
    }

    /// The title, the time spans, the pause button and the button for a picture.
    fn show_title(&mut self, ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
        let live = view.history;
        let line = Line::new(theme::caption(), theme::TEXT_FAINT);
        let title = match (&self.frozen, view.done) {
            (_, Some(done)) => format!("Tag roll  ·  {}", done.text),
            (Some(_), None) => "Tag roll  ·  paused".to_owned(),
            (None, None) => "Tag roll".to_owned(),
        };
        let pause = if self.frozen.is_some() {
            "Resume"
        } else {
            "Pause"
        };
        let names: Vec<&str> = SPANS
            .iter()
            .map(|(_, name)| *name)
            .chain([pause, "Save"])
            .collect();
        let width = controls::chips_width(ui, names.iter().copied());
        let chips = Rect::from_min_max(
            pos2(area.right() - width, area.top() + 1.0),
            pos2(area.right(), area.bottom() - 3.0),
        );
        let chosen: Vec<(&str, bool)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| match SPANS.get(index) {
                Some((span_s, _)) => (*name, *span_s == self.span_s),
                None => (*name, self.frozen.is_some() && *name == pause),
            })
            .collect();
        let mut words = area.with_max_x(chips.left() - 10.0);
        if let Some(done) = view.done.filter(|done| !done.written.is_empty()) {
            written::at_end(ui, words, &done.written, actions);
            words.max.x -= written::WIDTH + 10.0;
        }
        line.hinted(ui, words.left_center(), &title, words.width());
        match controls::chips(ui, chips, &chosen) {
            Some(index) if index < SPANS.len() => self.span_s = SPANS[index].0,
            Some(index) if index > SPANS.len() => {
                let shown = self.frozen.as_ref().unwrap_or(live);
                let model = view.snapshot.model.as_ref();
                let model = model.filter(|model| model.hash == shown.model());
                let timeline = model.and_then(|m| timeline(shown, m, self.span_s));
                actions.extend(timeline.map(|t| Action::SavePicture(Box::new(t))));
            }
            Some(_) => {
                self.frozen = match self.frozen.take() {
                    Some(_) => None,
                    None => Some(live.clone()),
                };
            }
            None => {}
        }
    }

    /// Chooses the labels with the most energy in the span, pinned ones first. Labels that stay keep their row.
    fn choose_rows(&mut self, history: &History, labels: &Labels<'_>, count: usize, dt: f32) {
        self.chosen_s_ago += dt;
        if !labels.belong_to(history.model()) {
            self.rows.clear(); // another model's columns: their labels are not these
            return;
        }
        let known = |row: &usize| *row < labels.len();
        if self.chosen_s_ago < CHOOSE_EVERY_S
            && self.rows.len() == count
            && self.rows.iter().all(known)
        {
            return;
        }
        self.chosen_s_ago = 0.0;
        let from_s = history.newest_s().unwrap_or(0.0) - self.span_s;
        let mut weights = vec![0u32; labels.len()];
        for column in history
            .tags()
            .iter()
            .filter(|column| column.time_s >= from_s)
        {
            for (weight, &value) in weights.iter_mut().zip(&column.probabilities) {
                *weight += u32::from(value).pow(2);
            }
        }
        let mut order: Vec<usize> = (0..weights.len())
            .filter(|&label| match labels.visibility(label) {
                Visibility::Pinned => true,
                Visibility::Normal => weights[label] > 0,
                Visibility::Hidden => false,
            })
            .collect();
        order.sort_by_key(|&label| {
            (
                labels.visibility(label) != Visibility::Pinned,
                std::cmp::Reverse(weights[label]),
            )
        });
        order.truncate(count);
        self.replace_rows(&order);
    }

    /// Puts new labels into the rows of those that left, so that rows do not jump.
    fn replace_rows(&mut self, wanted: &[usize]) {
        let mut new = wanted.iter().filter(|label| !self.rows.contains(label));
        let mut rows: Vec<usize> = Vec::with_capacity(wanted.len());
        for row in &self.rows {
            if rows.len() == wanted.len() {
                break;
            }
            let stays = wanted.contains(row) && !rows.contains(row);
            let label = if stays { Some(row) } else { new.next() };
            rows.extend(label);
        }
        rows.extend(new);
        // The loop may have dropped a row that should stay.
        rows.extend(
            wanted
                .iter()
                .filter(|label| !rows.contains(label))
                .collect::<Vec<_>>(),
        );
        rows.truncate(wanted.len());
        self.rows = rows;
    }

    fn draw_textures(&mut self, ui: &Ui, history: &History, width: f32) {
        let drawn = Drawn {
            version: history.version(),
            rows: self.rows.clone(),
            span_s: self.span_s,
            width: (width as usize).clamp(64, 1200),
        };
        if self.drawn.as_ref() == Some(&drawn) {
            return;
        }
        let tags = image::tags(history, &drawn.rows, drawn.span_s, drawn.width);
        let spectrum = image::spectrum(history, drawn.span_s, drawn.width);
        for (texture, name, picture, options) in [
            (&mut self.tags, "roll", tags, TextureOptions::NEAREST),
            (
                &mut self.spectrum,
                "spectrum",
                spectrum,
                TextureOptions::LINEAR,
            ),
        ] {
            match texture {
                Some(texture) => texture.set(picture, options),
                None => *texture = Some(ui.ctx().load_texture(name, picture, options)),
            }
        }
        self.drawn = Some(drawn);
    }

    fn paint_rows(&self, ui: &Ui, rows: Rect, picture: Rect, labels: &Labels<'_>) {
        let painter = ui.painter();
        painter.rect_filled(picture, 3.0, theme::SURFACE);
        if self.rows.is_empty() {
            return;
        }
        let height = (picture.height() / self.rows.len() as f32).min(ROW * 1.6);
        let used = Rect::from_min_size(
            picture.min,
            vec2(picture.width(), height * self.rows.len() as f32),
        );
        paint_texture(painter, used, self.tags.as_ref());
        for (index, &label) in self.rows.iter().enumerate() {
            let y = rows.top() + height * (index as f32 + 0.5);
            let name = words::label_for_people(labels.name(label));
            let pinned = labels.visibility(label) == Visibility::Pinned;
            let colour = if pinned {
                theme::TEXT
            } else {
                theme::TEXT_SECOND
            };
            let line = Line::new(theme::small(), colour);
            let width = picture.left() - rows.left() - 10.0;
            line.hinted(ui, pos2(rows.left(), y), &name, width);
            let below = y + height / 2.0;
            painter.hline(used.x_range(), below, (1.0, theme::BACKGROUND));
        }
    }
}

fn paint_texture(painter: &Painter, area: Rect, texture: Option<&TextureHandle>) {
    if let Some(texture) = texture {
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), area, whole, egui::Color32::WHITE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stay_do_not_move() {
        let mut roll = Roll {
            rows: vec![4, 7, 1],
            ..Roll::default()
        };
        roll.replace_rows(&[9, 1, 4]);
        assert_eq!(roll.rows, [4, 9, 1]);
        roll.replace_rows(&[1, 2, 3, 4]);
        assert_eq!(roll.rows, [4, 2, 1, 3]);
        roll.replace_rows(&[5, 3]);
        let mut rows = roll.rows.clone();
        rows.sort_unstable();
        assert_eq!(rows, [3, 5]);
    }
}
