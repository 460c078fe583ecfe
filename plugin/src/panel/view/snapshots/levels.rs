use super::*;

/// The x position of the threshold line on each bar, from top to bottom.
fn levels_of(snapshot: &Snapshot, values: Values) -> Vec<f32> {
    let (size, settings) = (PanelSize::DEFAULT, Settings::default());
    let shapes = shapes_with(None, size, snapshot, &settings, values, Page::default());
    let line = |clipped: &ClippedShape| match clipped.shape {
        Shape::LineSegment { points: [a, b], .. }
            if a.x == b.x && (8.0..20.0).contains(&(b.y - a.y).abs()) =>
        {
            Some((a.y, a.x))
        }
        _ => None,
    };
    let mut lines: Vec<(f32, f32)> = shapes.iter().filter_map(line).collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    lines.into_iter().map(|(_, x)| x).collect()
}

#[test]
fn the_line_on_a_bar_is_at_the_labels_own_threshold() {
    let at = |threshold: f32, on_levels: &[f32]| {
        let snapshot = Snapshot {
            on_levels: on_levels.to_vec(),
            ..listening()
        };
        let values = Values {
            threshold,
            ..values()
        };
        levels_of(&snapshot, values)
    };
    let common = at(0.3, &[]);
    assert!(common.len() >= 4, "{common:?}");
    assert!(common.iter().all(|x| *x == common[0]), "{common:?}");
    let own = at(0.3, &[0.9, 0.1, 0.3, 0.3, 0.3]);
    assert!(own[0] > common[0] && own[1] < common[1], "{own:?}");
    assert!((own[2] - common[2]).abs() < 0.01, "{own:?}");
    let moved = at(0.6, &[0.9, 0.1, 0.3, 0.3, 0.3]);
    let right = |(moved, own): (&f32, &f32)| moved > own;
    assert!(moved.iter().zip(&own).all(right), "{moved:?} {own:?}");
}

#[test]
fn the_live_bars_are_in_view_while_the_response_is_set() {
    for size in [PanelSize::MIN, PanelSize::DEFAULT] {
        let settings = Settings::default();
        let words = words_at(size, &listening(), &settings, values(), Page::Response);
        assert!(words.contains("Threshold") && words.contains("30 %"));
        assert!(words.contains("Music") && words.contains("82 %"), "{words}");
    }
}
