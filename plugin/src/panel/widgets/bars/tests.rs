use super::*;
use crate::settings::Settings;
use crate::snapshot::ModelFacts;

fn model(hash: &str, labels: usize) -> ModelFacts {
    ModelFacts {
        name: hash.to_owned(),
        hash: hash.to_owned(),
        labels: (0..labels).map(|i| format!("label {i}")).collect(),
        one_of: true,
        groups: Vec::new(),
        parents: Vec::new(),
        likely: Vec::new(),
        label_sets: Vec::new(),
        parameters: 1,
        multiply_adds_per_second: 1,
        size_bytes: 1,
    }
}

fn levels<'a>(hash: &'a str, probabilities: &'a [f32]) -> Levels<'a> {
    Levels {
        model: hash,
        probabilities,
        on: &[],
        signal: true,
        hold_s: 1.0,
        on_levels: OnLevels::COMMON,
        can_set: true,
        threshold: 0.5,
    }
}

fn advance(bars: &mut Bars, levels: Levels<'_>, count: usize, dt: f32) {
    let model = model(levels.model, levels.probabilities.len());
    let settings = Settings::default();
    bars.advance(levels, &Labels::of(Some(&model), &settings, &[]), count, dt);
}

fn settled(bars: &mut Bars, hash: &str, probabilities: &[f32], count: usize) {
    for _ in 0..200 {
        advance(bars, levels(hash, probabilities), count, 0.05);
    }
}

fn order(bars: &Bars) -> Vec<usize> {
    let mut rows = bars.rows().to_vec();
    rows.sort_by(|a, b| a.offset.total_cmp(&b.offset));
    rows.iter().map(|row| row.label).collect()
}

#[test]
fn bars_settle_on_the_probabilities_in_their_order() {
    let mut bars = Bars::default();
    let probabilities = [0.1, 0.6, 0.0, 0.3];
    settled(&mut bars, "a", &probabilities, 3);
    assert_eq!(order(&bars), [1, 3, 0]);
    assert_eq!(bars.leader(), Some(1));
    assert!((bars.value(1) - 0.6).abs() < 1e-3);
    assert!(!bars.is_moving(levels("a", &probabilities)));
}

#[test]
fn rows_slide_when_the_order_changes() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.8, 0.2], 2);
    let other = [0.1, 0.9];
    let between = (0..100).any(|_| {
        advance(&mut bars, levels("a", &other), 2, 0.01);
        let half_way = |row: &Row| row.offset > 0.4 && row.offset < 0.6;
        bars.rows().iter().any(half_way) && bars.is_moving(levels("a", &other))
    });
    assert!(between, "{:?}", bars.rows());
    settled(&mut bars, "a", &other, 2);
    assert_eq!(order(&bars), [1, 0]);
}

#[test]
fn speed_does_not_depend_on_the_frame_rate() {
    let (mut slow, mut fast) = (Bars::default(), Bars::default());
    advance(&mut slow, levels("a", &[1.0]), 1, 0.2);
    (0..20).for_each(|_| advance(&mut fast, levels("a", &[1.0]), 1, 0.01));
    assert!((slow.value(0) - fast.value(0)).abs() < 1e-3);
}

#[test]
fn silence_lets_the_bars_fall() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.9, 0.1], 2);
    let silent = Levels {
        signal: false,
        ..levels("a", &[0.9, 0.1])
    };
    (0..100).for_each(|_| advance(&mut bars, silent, 2, 0.05));
    assert!(bars.value(0) < 1e-3);
}

#[test]
fn a_peak_is_held_and_then_falls() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.9], 1);
    for _ in 0..18 {
        advance(&mut bars, levels("a", &[0.1]), 1, 0.05);
    }
    assert!(
        bars.peaks[0].0 > 0.89,
        "held for a second: {:?}",
        bars.peaks
    );
    for _ in 0..60 {
        advance(&mut bars, levels("a", &[0.1]), 1, 0.05);
    }
    assert!((bars.peaks[0].0 - 0.1).abs() < 0.04, "{:?}", bars.peaks);
}

#[test]
fn pinned_labels_come_first_and_hidden_ones_never() {
    let model = model("a", 4);
    let settings = Settings {
        pinned: vec!["label 3".to_owned()],
        hidden: vec!["label 0".to_owned()],
        ..Settings::default()
    };
    let labels = Labels::of(Some(&model), &settings, &[]);
    let mut bars = Bars::default();
    for _ in 0..200 {
        bars.advance(levels("a", &[0.9, 0.2, 0.4, 0.0]), &labels, 4, 0.05);
    }
    assert_eq!(order(&bars), [3, 2, 1]);
    assert_eq!(
        bars.leader(),
        Some(2),
        "the most probable of those that show"
    );
}

#[test]
fn the_most_specific_label_that_is_on_leads_and_stands_first() {
    // Music, guitar (a kind of music), speech, noise.
    let model = ModelFacts {
        parents: vec![vec![], vec![0], vec![], vec![]],
        ..model("a", 4)
    };
    let settings = Settings::default();
    let labels = Labels::of(Some(&model), &settings, &[]);
    let values = [0.9, 0.5, 0.6, 0.3];
    let mut bars = Bars::default();
    let mut show = |on: &[bool], labels: &Labels<'_>| {
        for _ in 0..200 {
            let levels = Levels {
                on,
                ..levels("a", &values)
            };
            bars.advance(levels, labels, 4, 0.05);
        }
        (bars.leader(), order(&bars))
    };
    let all_on = [true, true, true, false];
    assert_eq!(show(&all_on, &labels), (Some(1), vec![1, 2, 0, 3]));
    assert_eq!(labels.root_above(1, &values), Some(0));
    assert_eq!(labels.root_above(2, &values), None);
    let no_guitar = [true, false, true, false];
    assert_eq!(show(&no_guitar, &labels), (Some(0), vec![0, 2, 1, 3]));
    assert_eq!(show(&[false; 4], &labels), (Some(0), vec![0, 2, 1, 3]));
    // Hidden labels neither lead nor appear as a root.
    let settings = Settings {
        hidden: vec!["label 1".to_owned()],
        ..Settings::default()
    };
    let hidden = Labels::of(Some(&model), &settings, &[]);
    assert_eq!(show(&all_on, &hidden).0, Some(0));
    let settings = Settings {
        hidden: vec!["label 0".to_owned()],
        ..Settings::default()
    };
    let hidden = Labels::of(Some(&model), &settings, &[]);
    assert_eq!(show(&all_on, &hidden).0, Some(1));
    assert_eq!(hidden.root_above(1, &values), None);
}

#[test]
fn another_model_starts_anew_even_with_fewer_labels() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.1, 0.2, 0.3, 0.4], 4);
    advance(&mut bars, levels("b", &[0.5, 0.5]), 4, 0.01);
    assert!(bars.rows().iter().all(|row| row.label < 2));
    advance(&mut bars, levels("", &[]), 4, 0.01);
    assert!(bars.rows().is_empty() && bars.leader().is_none());
}

#[test]
fn a_label_that_leaves_the_top_fades_out() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.7, 0.3, 0.0], 2);
    settled(&mut bars, "a", &[0.7, 0.0, 0.3], 2);
    assert_eq!(order(&bars), [0, 2]);
}

#[test]
fn what_jitters_does_not_dance() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.30, 0.305, 0.1], 3);
    let before = order(&bars);
    for _ in 0..20 {
        settled(&mut bars, "a", &[0.31, 0.30, 0.11], 3);
        settled(&mut bars, "a", &[0.30, 0.31, 0.11], 3);
        assert_eq!(order(&bars), before);
    }
}

#[test]
fn two_percent_rise_above_less_than_one() {
    let mut bars = Bars::default();
    settled(&mut bars, "a", &[0.9, 0.009, 0.0], 3);
    settled(&mut bars, "a", &[0.9, 0.009, 0.02], 3);
    assert_eq!(order(&bars), [0, 2, 1]);
}

#[test]
fn rows_fit_any_height() {
    assert_eq!(rows_in(-5.0), 1);
    assert_eq!(rows_in(ROW * 4.5), 4);
    assert_eq!(rows_in(1e9), MOST_ROWS);
    assert_eq!(row_height(10.0 * TALLEST_ROW, 10), TALLEST_ROW);
    assert_eq!(row_height(0.0, 0), ROW);
}
