//! What stands where in every state of the panel, against golden files. `UPDATE_SNAPSHOTS=1 cargo test`
//! writes them anew; look at the difference before it is committed.
//!
//! The golden files hold the words and their places, not pixels: those differ between graphics
//! drivers, and a machine without one can run these.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use egui::epaint::Shape;
use egui_kittest::Harness;

use super::*;
use crate::history::BANDS;
use crate::settings::PanelSize;
use crate::snapshot::{Activity, Bounce, Compared, MenuEntry, ModelFacts, Trouble};

fn model(name: &str) -> Arc<ModelFacts> {
    Arc::new(ModelFacts {
        name: name.to_owned(),
        hash: name.to_owned(),
        labels: [
            "Music",
            "Male speech, man speaking",
            "Dog",
            "Vacuum cleaner",
            "rain",
        ]
        .map(str::to_owned)
        .to_vec(),
        one_of: false,
        groups: ["music", "voice", "nature", "things", "nature"]
            .map(str::to_owned)
            .to_vec(),
        parents: Vec::new(),
        label_sets: ["music", "voice", "nature", "things"]
            .map(str::to_owned)
            .to_vec(),
        parameters: 1_280_000,
        multiply_adds_per_second: 331_000_000,
        size_bytes: 5_130_000,
    })
}

fn listening() -> Snapshot {
    let probabilities = vec![0.82, 0.34, 0.02, 0.004, 0.0];
    Snapshot {
        model: Some(model("general")),
        menu: Arc::from(vec![MenuEntry {
            name: "general".to_owned(),
            built_in: true,
            hash: "general".to_owned(),
            choice: ModelChoice::default(),
            card: Ok("527 labels".to_owned()),
        }]),
        activity: Activity::Listening,
        smoothed: probabilities.clone(),
        probabilities,
        on: vec![true],
        time_s: 10.0,
        host_s: Some(70.0),
        playing: true,
        refresh_s: 0.16,
        latency_s: 0.246,
        load: 0.008,
        stream: Some((48_000.0, 2)),
        ..Snapshot::default()
    }
}

fn history() -> History {
    let mut history = History::default();
    for step in 1..=60 {
        let time_s = f64::from(step) * 0.16;
        history.push_tags("general", time_s, Some(time_s + 60.0), &[0.82, 0.34, 0.02]);
        history.push_spectrum(time_s, &[-30.0; BANDS]);
    }
    history
}

/// Words and places of a settled panel.
fn words_of(snapshot: &Snapshot, settings: &Settings, values: Values, page: Page) -> String {
    words_at(PanelSize::DEFAULT, snapshot, settings, values, page)
}

/// As [`words_at`], with what a dialog could not do.
fn shapes_with(
    problem: Option<&Trouble>,
    size: PanelSize,
    snapshot: &Snapshot,
    settings: &Settings,
    values: Values,
    page: Page,
) -> Vec<egui::epaint::ClippedShape> {
    let history = history();
    let mut motion = Motion {
        page,
        ..Motion::default()
    };
    let mut harness = Harness::builder()
        .with_size(vec2(size.width as f32, size.height as f32))
        .with_step_dt(0.1)
        .with_theme(egui::Theme::Dark)
        .build_ui(|ui| {
            super::super::prepare(ui.ctx());
            let view = View {
                snapshot,
                history: &history,
                settings,
                values,
                problem,
            };
            draw(ui, view, &mut motion);
        });
    harness.run_steps(30);
    harness.output().shapes.clone()
}

fn words_with(
    problem: Option<&Trouble>,
    size: PanelSize,
    snapshot: &Snapshot,
    settings: &Settings,
    values: Values,
    page: Page,
) -> String {
    let mut lines = String::new();
    for clipped in &shapes_with(problem, size, snapshot, settings, values, page) {
        collect(&clipped.shape, &mut lines);
    }
    lines
}

fn words_at(
    size: PanelSize,
    snapshot: &Snapshot,
    settings: &Settings,
    values: Values,
    page: Page,
) -> String {
    words_with(None, size, snapshot, settings, values, page)
}

/// Where the level stands on each bar, from the top row down: x of the short upright lines.
fn levels_of(snapshot: &Snapshot, values: Values) -> Vec<f32> {
    let (size, settings) = (PanelSize::DEFAULT, Settings::default());
    let shapes = shapes_with(None, size, snapshot, &settings, values, Page::default());
    let line = |clipped: &egui::epaint::ClippedShape| match clipped.shape {
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
fn the_line_on_a_bar_stands_at_the_label_s_own_level() {
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

fn collect(shape: &Shape, lines: &mut String) {
    match shape {
        Shape::Text(text) => {
            let place = text.pos;
            let words: String = text
                .galley
                .rows
                .iter()
                .map(|row| row.text() + " ")
                .collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                lines,
                "{:4.0} {:4.0}  {}",
                place.x,
                place.y,
                words.trim_end()
            );
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, lines)),
        _ => {}
    }
}

fn compare_with_golden(name: &str, words: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/panel/view/golden");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, words).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        words, golden,
        "{name}: UPDATE_SNAPSHOTS=1 takes it over if it is meant"
    );
}

fn values() -> Values {
    Values::of(&HamiltoneParams::default())
}

#[test]
fn every_state_looks_as_it_did() {
    let listening = listening();
    let missing = Trouble {
        title: "Model missing: my-birds, 0123456789ab".to_owned(),
        advice: "Put its file into a folder of models, or choose another model.".to_owned(),
    };
    let refused = Trouble {
        title: "Not analysing".to_owned(),
        advice: "The rate is too high. The sound passes untouched.".to_owned(),
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
        compare: Some(ModelChoice::default()),
        ..Settings::default()
    };
    let words = words_of(&snapshot, &settings, values(), Page::Tags);
    compare_with_golden("compare", &words);
}

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
