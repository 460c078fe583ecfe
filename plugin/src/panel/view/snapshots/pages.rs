use super::*;

#[test]
fn every_state_looks_as_it_did() {
    let listening = listening();
    let missing = Trouble {
        title: "Model missing: my-birds, 0123456789ab".to_owned(),
        advice: "Copy its file to the models folder, or choose another model.".to_owned(),
    };
    let refused = Trouble {
        title: "Not analysing".to_owned(),
        advice: "The sample rate is too high. The audio passes unchanged.".to_owned(),
    };
    let activity = |activity| Snapshot {
        activity,
        ..listening.clone()
    };
    let states = [
        ("listening", listening.clone()),
        ("no-signal", activity(Activity::NoSignal)),
        ("waiting", activity(Activity::Waiting)),
        ("bypassed", activity(Activity::Bypassed)),
        (
            "loading",
            Snapshot {
                loading: Some("birds".to_owned()),
                ..listening.clone()
            },
        ),
        (
            "model-missing",
            Snapshot {
                troubles: vec![missing],
                ..listening.clone()
            },
        ),
        (
            "refused",
            Snapshot {
                activity: Activity::Refused,
                probabilities: Vec::new(),
                troubles: vec![refused],
                ..listening.clone()
            },
        ),
        ("no-model", Snapshot::default()),
        (
            "rendering",
            Snapshot {
                bounce: Bounce {
                    capturing_s: Some(83.0),
                    rendering: true,
                    ..Bounce::default()
                },
                ..listening.clone()
            },
        ),
    ];
    for (name, snapshot) in states {
        let words = words_of(&snapshot, &Settings::default(), values(), Page::Tags);
        compare_with_golden(name, &words);
    }
}

#[test]
fn every_page_looks_as_it_did() {
    let settings = Settings {
        hidden: vec!["Dog".to_owned()],
        bounce_folder: Some("/music/timelines".into()),
        ..Settings::default()
    };
    let snapshot = Snapshot {
        bounce: Bounce {
            waiting: 2,
            problem: Some("/music/timelines cannot be written: no space".to_owned()),
            ..Bounce::default()
        },
        ..listening()
    };
    for (page, name) in PAGES {
        let words = words_of(&snapshot, &settings, values(), page);
        compare_with_golden(&format!("page-{}", name.to_lowercase()), &words);
    }
}

#[test]
fn a_desktop_without_dialogs_is_told_on_every_page() {
    let problem = Trouble {
        title: "This desktop has no file dialog".to_owned(),
        advice: "Write or paste the path.".to_owned(),
    };
    for size in [PanelSize::MIN, PanelSize::DEFAULT] {
        for (page, name) in PAGES {
            let settings = Settings::default();
            let words = words_with(
                Some(&problem),
                size,
                &listening(),
                &settings,
                values(),
                page,
            );
            assert!(words.contains(&problem.title), "{name}");
            assert!(words.contains(&problem.advice), "{name}");
        }
    }
}

#[test]
fn notices_do_not_tell_the_numbers_of_errors() {
    let problem = Trouble {
        title: "Cannot save the thresholds".to_owned(),
        advice: "a.csv: Permission denied (os error 13).".to_owned(),
    };
    let words = words_with(
        Some(&problem),
        PanelSize::DEFAULT,
        &listening(),
        &Settings::default(),
        values(),
        PAGES[0].0,
    );
    assert!(words.contains("a.csv: Permission denied."), "{words}");
}

#[test]
fn two_models_stand_side_by_side() {
    let snapshot = Snapshot {
        compared: Some(Compared {
            on_levels: Vec::new(),
            among: Vec::new(),
            model: model("general-half"),
            smoothed: vec![0.7, 0.3, 0.0, 0.0, 0.0],
            load: 0.004,
            refresh_s: 0.16,
        }),
        ..listening()
    };
    let settings = Settings {
        compare: Some(Kept::default()),
        ..Settings::default()
    };
    let words = words_of(&snapshot, &settings, values(), Page::Tags);
    compare_with_golden("compare", &words);
}

#[test]
fn no_words_leave_the_panel_at_any_size() {
    let sizes = [
        PanelSize::MIN,
        PanelSize::DEFAULT,
        PanelSize {
            width: 1400,
            height: 900,
        },
    ];
    for size in sizes {
        for (page, name) in PAGES {
            let words = words_at(size, &listening(), &Settings::default(), values(), page);
            assert!(words.lines().count() > 12, "{name} at {size:?}:\n{words}");
            for line in words.lines() {
                let mut numbers = line.split_whitespace().map(|word| word.parse::<f32>());
                let (x, y) = (
                    numbers.next().unwrap().unwrap(),
                    numbers.next().unwrap().unwrap(),
                );
                let inside = (0.0..size.width as f32 - 8.0).contains(&x)
                    && (0.0..size.height as f32 - 8.0).contains(&y);
                assert!(inside, "{name} at {size:?}: {line}");
            }
        }
    }
}
