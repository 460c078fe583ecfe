//! The threshold line on a bar.

use super::*;

fn drag(bench: &mut Bench, from: Pos2, to: Pos2) {
    bench.picture(&[egui::Event::PointerMoved(from)]);
    bench.picture(&[press(from, true)]);
    bench.picture(&[egui::Event::PointerMoved(from.lerp(to, 0.5))]);
    bench.picture(&[egui::Event::PointerMoved(to)]);
    bench.picture(&[press(to, false)]);
    bench.pictures(2);
}

#[test]
fn a_line_that_is_dragged_sets_the_threshold_of_its_label_alone() {
    for page in ["Tags", "Response", "Outputs"] {
        let mut bench = Bench::new(page, PanelSize::DEFAULT, snapshot());
        bench.pictures(10);
        let line = bench.middle_of("Threshold of Dog");
        let other = bench.middle_of("Threshold of Rain");
        assert_eq!(line.x, other.x);
        drag(&mut bench, line, line + vec2(60.0, 3.0));
        let threshold = bench.settings.thresholds.get("dog").unwrap();
        assert!((0.35..0.6).contains(&threshold), "{page}: {threshold}");
        assert_eq!(bench.settings.thresholds.iter().count(), 1);
        let edits = bench.wanted.iter();
        let only_edits = |action: &Action| matches!(action, Action::Edit(Edit::LabelThreshold { label, .. }) if label == "dog");
        assert!(edits.clone().all(only_edits), "{:?}", bench.wanted);
        let moved = bench.middle_of("Threshold of Dog");
        assert!(
            (moved.x - line.x - 60.0).abs() < 4.0,
            "the line follows the pointer"
        );
        assert_eq!(bench.middle_of("Threshold of Rain"), other);
        // A double click removes it.
        bench.click(moved);
        bench.click(moved);
        assert_eq!(
            bench.settings.thresholds.get("dog"),
            None,
            "{:?}",
            bench.wanted
        );
        assert_eq!(bench.middle_of("Threshold of Dog"), line);
    }
}

#[test]
fn rows_keep_their_order_while_a_line_is_dragged() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    bench.pictures(10);
    let line = bench.middle_of("Threshold of Dog");
    bench.picture(&[egui::Event::PointerMoved(line)]);
    bench.picture(&[press(line, true)]);
    bench.picture(&[egui::Event::PointerMoved(line + vec2(9.0, 0.0))]);
    bench.snapshot.smoothed = vec![0.1, 0.9, 0.5];
    bench.snapshot.on = vec![false, true, true];
    bench.pictures(20);
    assert_eq!(bench.middle_of("Threshold of Dog").y, line.y);
    bench.picture(&[press(line, false)]);
    bench.pictures(20);
    assert!(bench.middle_of("Threshold of Dog").y > line.y);
}

#[test]
fn among_chosen_labels_no_line_can_be_dragged() {
    let mut snapshot = snapshot();
    snapshot.choosing = [true, false];
    let bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot);
    let nodes = bench.nodes();
    assert!(
        !nodes
            .iter()
            .any(|(name, ..)| name.starts_with("Threshold of")),
        "{nodes:?}"
    );
}
