//! Pictures of a run, as SVG.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use crate::run::EpochRecord;

const INK: RGBColor = RGBColor(40, 44, 52);
/// Okabe and Ito's blue and vermilion: apart for every kind of colour vision.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);

/// Which value of an epoch a line shows.
type ValueOf = fn(&EpochRecord) -> f64;

/// Training and validation loss by epoch (left), validation accuracy (right).
///
/// # Errors
/// If the picture cannot be written.
pub fn curves(path: &Path, title: &str, epochs: &[EpochRecord]) -> anyhow::Result<()> {
    draw_curves(path, title, epochs).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw_curves(
    path: &Path,
    title: &str,
    epochs: &[EpochRecord],
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, (960, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled(title, ("sans-serif", 22).into_font().color(&INK))?;
    let (left, right) = root.split_horizontally(480);
    let last = epochs.len().max(2);
    let highest = epochs
        .iter()
        .flat_map(|epoch| [epoch.training_loss, epoch.validation_loss])
        .fold(0.1, f64::max);
    let mut chart = ChartBuilder::on(&left)
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(1..last, 0.0..highest * 1.05)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc("cross-entropy")
        .light_line_style(WHITE)
        .draw()?;
    let lines: [(&str, RGBColor, ValueOf); 2] = [
        ("training (mixed clips)", VERMILION, |epoch| {
            epoch.training_loss
        }),
        ("validation", BLUE, |epoch| epoch.validation_loss),
    ];
    for (name, colour, value) in lines {
        let points = epochs.iter().map(|epoch| (epoch.epoch, value(epoch)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(INK)
        .draw()?;
    let mut chart = ChartBuilder::on(&right)
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(1..last, 0.0..100.0)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc("validation accuracy, %")
        .light_line_style(WHITE)
        .draw()?;
    let points = epochs
        .iter()
        .map(|epoch| (epoch.epoch, 100.0 * epoch.validation_accuracy));
    chart.draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?;
    root.present()?;
    Ok(())
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

fn draw_confusion(
    path: &Path,
    title: &str,
    labels: &[String],
    counts: &[Vec<usize>],
) -> Result<(), Box<dyn std::error::Error>> {
    let size = labels.len() as i32;
    let cell = if size <= 16 { 44 } else { 18 };
    let (left, top, below) = (170, 60, 150);
    let extent = (
        (left + size * cell + 30) as u32,
        (top + size * cell + below) as u32,
    );
    let root = SVGBackend::new(path, extent).into_drawing_area();
    root.fill(&WHITE)?;
    let heading = ("sans-serif", 20).into_font().color(&INK);
    root.draw(&Text::new(title.to_owned(), (16, 18), heading))?;
    for (row, counts) in counts.iter().enumerate() {
        let total = counts.iter().sum::<usize>().max(1);
        for (column, &count) in counts.iter().enumerate() {
            let (x, y) = (left + column as i32 * cell, top + row as i32 * cell);
            let share = count as f64 / total as f64;
            let colour = BLUE.mix(share.powf(0.7));
            root.draw(&Rectangle::new(
                [(x, y), (x + cell - 2, y + cell - 2)],
                colour.filled(),
            ))?;
            if count > 0 && cell > 20 {
                let ink = if share > 0.5 { &WHITE } else { &INK };
                let style = centred(15, ink);
                root.draw(&Text::new(
                    count.to_string(),
                    (x + cell / 2, y + cell / 2),
                    style,
                ))?;
            }
        }
    }
    for (index, label) in labels.iter().enumerate() {
        let middle = index as i32 * cell + cell / 2;
        let position = plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Right,
            plotters::style::text_anchor::VPos::Center,
        );
        let style = ("sans-serif", 14).into_font().color(&INK).pos(position);
        root.draw(&Text::new(
            label.replace('_', " "),
            (left - 8, top + middle),
            style.clone(),
        ))?;
        let turned = ("sans-serif", 14)
            .into_font()
            .transform(FontTransform::Rotate270);
        let below = (left + middle, top + size * cell + 8);
        let style = turned.color(&INK).pos(position);
        root.draw(&Text::new(label.replace('_', " "), below, style))?;
    }
    root.present()?;
    Ok(())
}

fn centred(size: i32, colour: &RGBColor) -> TextStyle<'static> {
    let position = plotters::style::text_anchor::Pos::new(
        plotters::style::text_anchor::HPos::Center,
        plotters::style::text_anchor::VPos::Center,
    );
    ("sans-serif", size).into_font().color(colour).pos(position)
}
