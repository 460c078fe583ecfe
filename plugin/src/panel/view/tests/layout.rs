use super::*;
use crate::panel::widgets::bars;

#[test]
fn nothing_overlaps_at_any_size_with_any_trouble() {
    for size in [
        PanelSize::MIN,
        PanelSize::DEFAULT,
        PanelSize {
            width: 1600,
            height: 1200,
        },
    ] {
        for troubles in 0..4 {
            let areas = areas(size, troubles);
            let mut rects = vec![areas.header];
            rects.extend(&areas.troubles);
            rects.extend([areas.page, areas.controls, areas.footer]);
            for pair in rects.windows(2) {
                assert!(
                    pair[0].bottom() <= pair[1].top() + 1e-3,
                    "{size:?} {troubles} {pair:?}"
                );
            }
            assert!(
                areas.page.height() > tags::HERO + bars::ROW,
                "room for a bar: {:?}",
                areas.page
            );
            assert!(troubles == 0 || !areas.troubles.is_empty());
        }
    }
}

#[test]
fn bars_take_the_time_they_should_at_the_panels_own_pace() {
    let context = egui::Context::default();
    let (snapshot, mut motion) = (snapshot(), Motion::default());
    let (history, settings) = (history(), Settings::default());
    let mut time = Duration::ZERO;
    while time < Duration::from_millis(700) {
        let input = egui::RawInput {
            time: Some(time.as_secs_f64()),
            ..Default::default()
        };
        let mut output = context.run_ui(input, |ui| {
            let view = view(&snapshot, &history, &settings);
            let next = draw(ui, view, &mut motion).1;
            ui.ctx().request_repaint_after(next);
            time += next;
        });
        output.textures_delta.clear();
    }
    assert!(
        (motion.lists.own.value(0) - 0.8).abs() < 0.02,
        "{}",
        motion.lists.own.value(0)
    );
}

#[test]
fn every_state_can_be_drawn_at_every_size() {
    let trouble = |title: &str| Trouble {
        title: title.to_owned(),
        advice: "why ".repeat(90),
    };
    for activity in [
        Activity::Waiting,
        Activity::Listening,
        Activity::NoSignal,
        Activity::Bypassed,
        Activity::Refused,
    ] {
        for size in [PanelSize::MIN, PanelSize::DEFAULT] {
            let snapshot = Snapshot {
                activity,
                troubles: vec![trouble("one"), trouble("two"), trouble("three")],
                loading: Some("a model with a name longer than any menu".repeat(4)),
                report_folder: Some("/a/very/long/folder".repeat(20).into()),
                dropped_frames: u64::MAX,
                ..snapshot()
            };
            run(size, &snapshot, &[]);
        }
    }
}

#[test]
fn open_menus_stay_inside_the_smallest_window() {
    let size = PanelSize::MIN;
    let window = Rect::from_min_size(Pos2::ZERO, vec2(size.width as f32, size.height as f32));
    for (page, menu) in [
        ("Tags", "Preset"),
        ("Tags", "Model"),
        ("Response", "Compare with"),
        ("Response", "Choose among"),
        ("Labels", "Notes"),
        ("Labels", "Thresholds"),
    ] {
        let mut bench = Bench::new(page, size, snapshot());
        let before = bench.texts().len();
        bench.click(bench.middle_of(menu));
        bench.pictures(3);
        let texts = bench.texts();
        assert!(texts.len() > before, "{menu} did not open");
        for (text, area, _) in texts.into_iter().filter(|(text, ..)| !text.is_empty()) {
            assert!(window.contains_rect(area), "{menu}: {text:?} at {area}");
        }
    }
}

#[test]
fn controls_of_two_rows_of_the_table_do_not_touch() {
    let bench = Bench::new("Labels", PanelSize::DEFAULT, snapshot());
    let nodes = bench.nodes();
    for what in ["Note of", "Channel of", "Velocity of", "Threshold of"] {
        let mut areas: Vec<(f64, f64)> = nodes
            .iter()
            .filter(|(name, ..)| name.starts_with(what))
            .map(|(.., bounds)| (bounds.y0, bounds.y1))
            .collect();
        areas.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(areas.len(), 3, "{what}");
        for pair in areas.windows(2) {
            assert!(pair[1].0 - pair[0].1 >= 4.0, "{what}: {areas:?}");
        }
    }
}
