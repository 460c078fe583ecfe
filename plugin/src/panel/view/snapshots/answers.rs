use super::*;

#[test]
fn only_the_labels_that_compete_stand_in_the_list() {
    let snapshot = Snapshot {
        smoothed: vec![0.0, 0.0, 0.7, 0.0, 0.3],
        on: vec![false, false, true],
        among: vec![2, 4],
        ..listening()
    };
    let settings = Settings {
        among: vec!["nature".to_owned()],
        ..Settings::default()
    };
    for (page, name) in [(Page::Tags, "among"), (Page::Response, "among-response")] {
        let words = words_of(&snapshot, &settings, values(), page);
        compare_with_golden(name, &words);
        assert!(!words.contains("Vacuum"), "{words}");
    }
}

/// A guitar: the most probable label is what the guitar is a kind of.
#[test]
fn the_large_line_has_the_most_specific_label_after_what_it_is_a_kind_of() {
    let mut guitar = (*model("general")).clone();
    guitar.labels[1] = "Guitar".to_owned();
    guitar.parents = vec![vec![], vec![0], vec![], vec![], vec![]];
    let snapshot = Snapshot {
        model: Some(Arc::new(guitar)),
        on: vec![true, true],
        ..listening()
    };
    let words = words_of(&snapshot, &Settings::default(), values(), Page::Tags);
    compare_with_golden("path", &words);
    assert!(
        words.contains("Music ›") && words.contains("Guitar"),
        "{words}"
    );
}

#[test]
fn a_choice_in_which_no_label_is_ahead_has_no_clear_answer() {
    let snapshot = Snapshot {
        smoothed: vec![0.0, 0.0, 0.41, 0.0, 0.38],
        on: vec![false; 5],
        on_levels: vec![0.5; 5],
        among: vec![2, 4],
        unclear: Some("no clear genre".to_owned()),
        worth: Some("genres: 36 % right of 399 clips, 45 labels".to_owned()),
        ..listening()
    };
    let settings = Settings {
        among: vec!["genres".to_owned()],
        ..Settings::default()
    };
    let words = words_of(&snapshot, &settings, values(), Page::Tags);
    compare_with_golden("unclear", &words);
    assert!(
        words.contains("No clear genre") && words.contains("genres: 36 %"),
        "{words}"
    );
    let clear = Snapshot {
        on: vec![false, false, true],
        ..snapshot
    };
    let words = words_of(&clear, &settings, values(), Page::Tags);
    assert!(!words.contains("No clear genre"), "{words}");
}

#[test]
fn the_roll_names_no_columns_of_another_model() {
    let another = Snapshot {
        model: Some(model("birds")),
        ..listening()
    };
    for (snapshot, named) in [(listening(), true), (another, false)] {
        let words = words_of(&snapshot, &Settings::default(), values(), Page::Roll);
        assert_eq!(words.contains("Male speech"), named, "{words}");
    }
}
