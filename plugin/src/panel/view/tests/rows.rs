//! Rows that swap.

use egui::Shape;

use super::*;

/// Texts of the list that are painted over each other, with nothing opaque between them.
fn overlaps(bench: &Bench) -> Vec<(String, String)> {
    let mut seen: Vec<(String, Rect)> = Vec::new();
    let mut found = Vec::new();
    for clipped in &bench.output.shapes {
        match &clipped.shape {
            Shape::Rect(rect) if rect.fill.a() == 255 => {
                // Covered texts are not seen; half of the height is enough to be hidden behind the row.
                let covers = |text: &Rect| rect.rect.contains(text.center());
                seen.retain(|(_, text)| !covers(text));
            }
            Shape::Text(text) => {
                let area = text.visual_bounding_rect().shrink(2.0);
                let words = text.galley.job.text.clone();
                let over = seen.iter().filter(|(_, known)| known.intersects(area));
                found.extend(over.map(|(known, _)| (known.clone(), words.clone())));
                seen.push((words, area));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn rows_that_swap_do_not_write_over_each_other() {
    for page in ["Tags", "Response"] {
        let mut bench = Bench::new(page, PanelSize::DEFAULT, snapshot());
        bench.pictures(20);
        for values in [[0.1, 0.2, 0.9], [0.9, 0.1, 0.5], [0.0, 0.9, 0.4]] {
            bench.snapshot.smoothed = values.to_vec();
            bench.snapshot.on = values.map(|value| value > 0.3).to_vec();
            for picture in 0..25 {
                bench.pictures(1);
                assert_eq!(overlaps(&bench), [], "{page} {values:?} {picture}");
            }
        }
    }
}
