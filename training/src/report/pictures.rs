//! Pictures of a run, as SVG.

use std::path::Path;
use std::sync::Once;

use anyhow::anyhow;
use plotters::coord::types::{RangedCoordf64, RangedCoordusize};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use crate::outcome::EpochRecord;

/// Of lines and texts.
pub const INK: RGBColor = RGBColor(40, 44, 52);
/// Okabe and Ito's blue and vermilion: apart for every kind of colour vision.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// See [`BLUE`].
pub const VERMILION: RGBColor = RGBColor(213, 94, 0);

/// A square without a count.
const EMPTY: RGBColor = RGBColor(244, 245, 247);
/// Of lines behind the data.
pub const GRID: RGBColor = RGBColor(222, 224, 228);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Axes<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordusize, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn std::error::Error>>;
/// Which value of an epoch a line shows.
type ValueOf = fn(&EpochRecord) -> f64;

/// A line of a chart: its name, its colour, its values.
type Line = (&'static str, RGBColor, ValueOf);

/// How a fold's training went.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// The heading.
    pub title: &'a str,
    /// In order.
    pub epochs: &'a [EpochRecord],
    /// The epoch of the weights that were kept.
    pub kept: usize,
    /// The measure on validation clips: accuracy, mAP.
    pub measure: &'a str,
}

/// One chart over the epochs.
struct Chart<'a> {
    /// Of the vertical axis.
    name: &'a str,
    top: f64,
    decimals: usize,
    lines: &'a [Line],
    /// Losses fall, accuracies rise: the corner that neither comes to.
    names: SeriesLabelPosition,
}

/// Training and validation loss by epoch (left), validation accuracy (right); a dashed line stands
/// at the epoch of the weights that were kept. Without validation clips there is the training loss alone.
///
/// # Errors
/// If the picture cannot be written.
pub fn curves(path: &Path, curves: &Curves<'_>) -> anyhow::Result<()> {
    curves
        .draw(path)
        .map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

impl Curves<'_> {
    fn draw(&self, path: &Path) -> Drawn {
        let root = SVGBackend::new(path, (960, 420)).into_drawing_area();
        root.fill(&WHITE)?;
        root.draw(&Text::new(self.title.to_owned(), (16, 14), sans(20)))?;
        let (_, charts) = root.split_vertically(44);
        let highest = self
            .epochs
            .iter()
            .flat_map(|epoch| [epoch.training_loss, epoch.validation_loss])
            .fold(0.1, f64::max);
        let losses: [Line; 2] = [
            ("training (mixed clips)", VERMILION, |epoch| {
                epoch.training_loss
            }),
            ("validation", BLUE, |epoch| epoch.validation_loss),
        ];
        let accuracy: [Line; 1] = [("validation", BLUE, |epoch| {
            100.0 * epoch.validation_accuracy
        })];
        let validated = self.epochs.iter().any(|epoch| epoch.validation_loss > 0.0);
        let loss = Chart {
            name: "cross-entropy",
            top: highest * 1.25, // space above the curves for their names
            decimals: 1,
            lines: if validated { &losses } else { &losses[..1] },
            names: SeriesLabelPosition::UpperRight,
        };
        if validated {
            let (left, right) = charts.split_horizontally(480);
            self.draw_chart(&left, &loss)?;
            let chart = Chart {
                name: &format!("{}, %", self.measure),
                top: 100.0,
                decimals: 0,
                lines: &accuracy,
                names: SeriesLabelPosition::LowerRight,
            };
            self.draw_chart(&right, &chart)?;
        } else {
            self.draw_chart(&charts, &loss)?;
        }
        root.present()?;
        Ok(())
    }

    fn draw_chart(&self, area: &Area<'_>, chart: &Chart<'_>) -> Drawn {
        let last = self.epochs.len().max(2);
        let decimals = chart.decimals;
        let mut axes = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(58)
            .build_cartesian_2d(1..last, 0.0..chart.top)?;
        axes.configure_mesh()
            .x_desc("epoch")
            .y_desc(chart.name)
            .x_labels(last.min(11))
            .y_label_formatter(&|value| format!("{value:.decimals$}"))
            .label_style(sans(15))
            .axis_desc_style(sans(16))
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(WHITE)
            .draw()?;
        self.draw_lines(&mut axes, chart)?;
        axes.configure_series_labels()
            .position(chart.names.clone())
            .label_font(sans(15))
            .background_style(WHITE)
            .border_style(GRID)
            .draw()?;
        Ok(())
    }

    fn draw_lines<'a, 'b: 'a>(&self, axes: &mut Axes<'a, 'b>, chart: &Chart<'_>) -> Drawn {
        let at = [(self.kept, 0.0), (self.kept, chart.top)];
        axes.draw_series(DashedLineSeries::new(at, 4, 4, INK.stroke_width(1)))?
            .label(format!("kept: epoch {}", self.kept))
            .legend(|at| {
                EmptyElement::at(at)
                    + PathElement::new([(0, 0), (5, 0)], INK)
                    + PathElement::new([(10, 0), (15, 0)], INK)
            });
        for &(name, colour, value) in chart.lines {
            let points = self.epochs.iter().map(|epoch| (epoch.epoch, value(epoch)));
            // A dot as well: a single epoch makes no line.
            let dots = if self.epochs.len() > 12 { 0 } else { 3 };
            axes.draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(dots))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        Ok(())
    }
}

/// A confusion matrix: true labels in rows, answers in columns.
///
/// # Errors
/// If the picture cannot be written.
pub fn confusion(
    path: &Path,
    title: &str,
    labels: &[String],
    counts: &[Vec<usize>],
) -> anyhow::Result<()> {
    draw_confusion(path, title, labels, counts)
        .map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw_confusion(path: &Path, title: &str, labels: &[String], counts: &[Vec<usize>]) -> Drawn {
    let size = labels.len() as i32;
    let cell = if size <= 16 { 44 } else { 18 };
    // The backend measures no text without fonts; this is wide enough for any common one.
    let longest = labels.iter().map(|label| label.chars().count()).max();
    let names = 16 + 8 * longest.unwrap_or(0) as i32;
    let (left, top) = (40 + names, 60);
    let extent = (
        (left + size * cell + 30).max(16 + 12 * title.chars().count() as i32) as u32,
        (top + size * cell + names + 32) as u32,
    );
    let root = SVGBackend::new(path, extent).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 18), sans(20)))?;
    draw_cells(&root, (left, top), cell, counts)?;
    for (index, label) in labels.iter().enumerate() {
        let middle = index as i32 * cell + cell / 2;
        let label = label.replace('_', " ");
        let style = anchored(sans(16), HPos::Right);
        root.draw(&Text::new(
            label.clone(),
            (left - 8, top + middle),
            style.clone(),
        ))?;
        let below = (left + middle, top + size * cell + 8);
        root.draw(&Text::new(label, below, turned(style)))?;
    }
    let middle = size * cell / 2;
    let style = anchored(sans(16), HPos::Center);
    let what = "true label";
    root.draw(&Text::new(what, (18, top + middle), turned(style.clone())))?;
    let below = (left + middle, extent.1 as i32 - 18);
    root.draw(&Text::new("answer", below, style))?;
    root.present()?;
    Ok(())
}

/// One square for each pair of labels: its colour is the share of the row, its number the count.
fn draw_cells(root: &Area<'_>, (left, top): (i32, i32), cell: i32, counts: &[Vec<usize>]) -> Drawn {
    for (row, counts) in counts.iter().enumerate() {
        let total = counts.iter().sum::<usize>().max(1);
        for (column, &count) in counts.iter().enumerate() {
            let (x, y) = (left + column as i32 * cell, top + row as i32 * cell);
            let share = count as f64 / total as f64;
            let square = [(x, y), (x + cell - 2, y + cell - 2)];
            let colour = BLUE.mix(share.powf(0.7));
            root.draw(&Rectangle::new(square, EMPTY.filled()))?;
            root.draw(&Rectangle::new(square, colour.filled()))?;
            if count > 0 {
                let ink = if share > 0.4 { WHITE } else { INK };
                let style = anchored(sans(if cell > 20 { 17 } else { 11 }), HPos::Center);
                let middle = (x + cell / 2 - 1, y + cell / 2 - 1);
                root.draw(&Text::new(count.to_string(), middle, style.color(&ink)))?;
            }
        }
    }
    Ok(())
}

/// The font of all pictures, in this size.
pub fn sans(size: i32) -> TextStyle<'static> {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        // Fails only for bytes that are no font, and these are.
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        let _ = register_font("sans-serif", FontStyle::Normal, font);
    });
    ("sans-serif", size).into_font().color(&INK)
}

/// Text that ends or is centred at its point, and stands half above it.
fn anchored(style: TextStyle<'static>, side: HPos) -> TextStyle<'static> {
    style.pos(Pos::new(side, VPos::Center))
}

fn turned(style: TextStyle<'static>) -> TextStyle<'static> {
    style.transform(FontTransform::Rotate270)
}
