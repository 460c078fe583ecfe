//! Lines over a few counts: what a number of sounds is worth.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use hamiltone_training::report::pictures::{BLUE, GRID, INK, VERMILION, sans};

/// A line with error bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// The count, percent, and half the height of the error bar; counts rising.
    pub points: Vec<(usize, f64, f64)>,
}

const SIZE: (u32, u32) = (760, 480);
/// Okabe and Ito's colours, apart for every kind of colour vision.
const COLOURS: [RGBColor; 5] = [
    BLUE,
    VERMILION,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    INK,
];

/// Percent against counts. The counts that occur stand at even distances: they are chosen about a factor apart.
///
/// # Errors
/// If the picture cannot be written.
pub fn lines(path: &Path, title: &str, x_axis: &str, lines: &[Line]) -> anyhow::Result<()> {
    draw(path, title, x_axis, lines).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(
    path: &Path,
    title: &str,
    x_axis: &str,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let counts = lines.iter().flat_map(|line| &line.points);
    let ticks: BTreeSet<usize> = counts.map(|&(count, _, _)| count).collect();
    let ticks: Vec<usize> = ticks.into_iter().collect();
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 14), sans(18)))?;
    let place = |count: usize| ticks.partition_point(|&tick| tick < count) as f64;
    let last = ticks.len().saturating_sub(1) as f64;
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_top(44)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(-0.3..last + 0.3, 0.0..100.0)?;
    let name = |at: &f64| {
        let tick = ticks.iter().enumerate();
        let mut tick = tick.filter(|(index, _)| (at - *index as f64).abs() < 1e-6);
        tick.next()
            .map_or_else(String::new, |(_, tick)| tick.to_string())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(sans(13))
        .x_labels(2 * ticks.len() + 3)
        .x_label_formatter(&name)
        .y_label_formatter(&|percent| format!("{percent:.0}"))
        .x_desc(x_axis)
        .y_desc("accuracy, %")
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        let at = line.points.iter().map(|&(x, y, _)| (place(x), y));
        chart
            .draw_series(LineSeries::new(at, style))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        chart.draw_series(line.points.iter().map(|&(x, y, half)| {
            let ends = ((y - half).max(0.0), (y + half).min(100.0));
            PathElement::new(
                [(place(x), ends.0), (place(x), ends.1)],
                colour.stroke_width(1),
            )
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(GRID)
        .label_font(sans(13))
        .draw()?;
    root.present()?;
    Ok(())
}
