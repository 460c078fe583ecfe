//! The contrast of texts on what is painted behind them.

use egui::{Color32, Shape};

use super::*;

/// Small texts need this much (WCAG 2.2, success criterion 1.4.3), large ones (24 px and more) 3.
const LEAST: f64 = 4.5;
const LEAST_FOR_LARGE: f64 = 3.0;

fn luminance(colour: Color32) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        match value <= 0.04045 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        }
    };
    let [r, g, b, _] = colour.to_array();
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(text: Color32, behind: Color32) -> f64 {
    let (a, b) = (luminance(text), luminance(behind));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Texts with too little contrast: text, contrast.
fn too_faint(bench: &Bench) -> Vec<(String, f64)> {
    let mut fills: Vec<(Rect, Color32)> = Vec::new();
    let mut faint = Vec::new();
    for clipped in &bench.output.shapes {
        judge(&clipped.shape, &mut fills, &mut faint);
    }
    faint
}

fn judge(shape: &Shape, fills: &mut Vec<(Rect, Color32)>, faint: &mut Vec<(String, f64)>) {
    match shape {
        Shape::Rect(rect) if rect.fill.a() == 255 => fills.push((rect.rect, rect.fill)),
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| judge(shape, fills, faint)),
        Shape::Text(text) => {
            let words = text.galley.job.text.trim().to_owned();
            let at = text.visual_bounding_rect().center();
            let behind = fills.iter().rev().find(|(rect, _)| rect.contains(at));
            let behind = behind.map_or(Color32::BLACK, |(_, fill)| *fill);
            for section in &text.galley.job.sections {
                let colour = match (text.override_text_color, section.format.color) {
                    (Some(colour), _) => colour,
                    (None, Color32::PLACEHOLDER) => text.fallback_color,
                    (None, colour) => colour,
                };
                let seen = behind.blend(colour.gamma_multiply(text.opacity_factor));
                let large = section.format.font_id.size >= 24.0;
                let least = if large { LEAST_FOR_LARGE } else { LEAST };
                let contrast = contrast(seen, behind);
                if contrast < least && !words.is_empty() {
                    faint.push((words.clone(), contrast));
                }
            }
        }
        _ => {}
    }
}

#[test]
fn small_texts_have_a_contrast_of_4_5_to_1() {
    assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 1e-9);
    for page in ["Tags", "Roll", "Labels", "Response", "Outputs"] {
        for activity in [Activity::Listening, Activity::NoSignal, Activity::Waiting] {
            let snapshot = Snapshot {
                activity,
                ..snapshot()
            };
            let mut settings = Settings::default();
            settings.pinned.push("rain".to_owned());
            settings.thresholds.set("dog", Some(0.4));
            let mut bench = Bench::with(page, PanelSize::DEFAULT, snapshot, settings);
            bench.pictures(30);
            assert_eq!(too_faint(&bench), [], "{page} {activity:?}");
        }
    }
    let trouble = Trouble {
        title: "Report not written".to_owned(),
        advice: "The disk is full".to_owned(),
    };
    let snapshot = Snapshot {
        troubles: vec![trouble],
        load: 0.9,
        ..snapshot()
    };
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot);
    for menu in ["Model", "Preset"] {
        let at = bench.middle_of(menu);
        bench.click(at);
        bench.pictures(12);
        assert_eq!(too_faint(&bench), [], "{menu}");
        bench.click(at);
    }
}
