//! Names for screen readers, the keyboard, and tooltips of texts that are cut.

use super::*;
use crate::settings::Kept;
use crate::snapshot::Compared;

const PAGES: [&str; 5] = ["Tags", "Roll", "Labels", "Response", "Outputs"];

/// A model with names that fit nowhere.
fn long_names() -> Snapshot {
    let mut snapshot = snapshot();
    let mut model = (*snapshot.model.unwrap()).clone();
    model.name = "a_model_with_a_name_that_is_longer_than_the_menu_and_its_line".to_owned();
    model.labels[0] = "Domestic animals, pets and many other creatures of the house".to_owned();
    snapshot.model = Some(Arc::new(model));
    snapshot.report_folder = Some("/music/a/folder/with/a/long/path".repeat(4).into());
    snapshot
}

#[test]
fn every_control_of_every_page_has_a_name() {
    for page in PAGES {
        let bench = Bench::new(page, PanelSize::DEFAULT, snapshot());
        let nodes = bench.nodes();
        let controls = nodes.iter().filter(|(_, _, acts, _)| *acts);
        let mut count = 0;
        for (name, role, _, bounds) in controls {
            assert!(!name.trim().is_empty(), "{page}: {role:?} at {bounds:?}");
            count += 1;
        }
        assert!(count > 8, "{page}: {count}");
    }
}

/// A second model beside the first.
fn comparing() -> Bench {
    let first = snapshot();
    let model = ModelFacts {
        name: "second".to_owned(),
        hash: "bb".to_owned(),
        ..(**first.model.as_ref().unwrap()).clone()
    };
    let snapshot = Snapshot {
        compared: Some(Compared {
            on_levels: Vec::new(),
            among: Vec::new(),
            model: Arc::new(model),
            smoothed: vec![0.4, 0.3, 0.1],
            load: 0.01,
            refresh_s: 0.16,
        }),
        ..first
    };
    let settings = Settings {
        compare: Some(Kept::default()),
        ..Settings::default()
    };
    let mut bench = Bench::with("Tags", PanelSize::DEFAULT, snapshot, settings);
    bench.pictures(30); // the bars reach their values
    bench
}

#[test]
fn labels_of_the_second_model_have_names_and_menus() {
    let mut bench = comparing();
    assert!(bench.tab_to("Dog 40 %, second model"));
    let row = bench.middle_of("Dog 40 %, second model");
    assert!(bench.has_ring_around(row));
    bench.click(row);
    bench.pictures(2);
    let hide = bench.area_of("Hide").center();
    bench.click(hide);
    assert_eq!(bench.wanted, [Action::Edit(Edit::Hide("dog".to_owned()))]);
}

#[test]
fn every_control_that_is_shown_now_and_then_has_a_name() {
    let mut stopped = snapshot();
    stopped.stopped = true;
    let mut unread = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    unread.machine.introduced = false;
    unread.pictures(2);
    let mut benches = vec![
        comparing(),
        Bench::new("Tags", PanelSize::DEFAULT, stopped),
        unread,
    ];
    for menu in ["Model", "Preset"] {
        let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
        let at = bench.middle_of(menu);
        bench.click(at);
        bench.pictures(2);
        benches.push(bench);
    }
    for (index, bench) in benches.iter().enumerate() {
        for (name, role, acts, bounds) in bench.nodes() {
            assert!(
                !acts || !name.trim().is_empty(),
                "{index}: {role:?} at {bounds:?}"
            );
        }
    }
}

#[test]
fn the_keyboard_reaches_and_works_every_kind_of_control() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..60 {
        bench.press_key(egui::Key::Tab);
        let update = bench
            .output
            .platform_output
            .accesskit_update
            .as_ref()
            .unwrap();
        let focus = update.nodes.iter().find(|(id, _)| *id == update.focus);
        let name = focus.and_then(|(_, node)| node.label()).map(str::to_owned);
        reached.extend(name.clone());
        match name.as_deref() {
            Some("Window") => bench.press_key(egui::Key::ArrowRight),
            Some("Bypass") => bench.press_key(egui::Key::Space),
            Some("Threshold of Dog") => bench.press_key(egui::Key::ArrowRight),
            _ => continue,
        }
    }
    for name in [
        "Model",
        "Preset",
        "Window",
        "Bypass",
        "Outputs",
        "Threshold of Dog",
        "Dog 80 %",
    ] {
        assert!(reached.contains(name), "{name} not in {reached:?}");
    }
    let has = |wanted: &Action| bench.wanted.contains(wanted);
    assert!(
        has(&Action::Switch(Switch::Bypass, true)),
        "{:?}",
        bench.wanted
    );
    assert!(
        bench
            .wanted
            .iter()
            .any(|action| matches!(action, Action::Set(Continuous::Window, _)))
    );
    let dog = Edit::LabelThreshold {
        label: "dog".to_owned(),
        threshold: Some(0.31),
    };
    assert!(has(&Action::Edit(dog)), "{:?}", bench.wanted);
}

#[test]
fn no_text_is_cut_without_a_tooltip_that_has_all_of_it() {
    for size in [PanelSize::MIN, PanelSize::DEFAULT] {
        for page in PAGES {
            let mut settings = Settings::default();
            settings.pinned.push("rain".to_owned());
            let mut bench = Bench::with(page, size, long_names(), settings);
            bench.pictures(20);
            let cut: Vec<_> = bench.texts().into_iter().filter(|(.., cut)| *cut).collect();
            assert!(page == "Outputs" || !cut.is_empty(), "{page}");
            for (text, area, _) in cut {
                bench.picture(&[egui::Event::PointerMoved(area.center())]);
                bench.pictures(30);
                let whole =
                    |(shown, _, cut): &(String, Rect, bool)| !cut && shown.contains(text.trim());
                let texts = bench.texts();
                assert!(
                    texts.iter().any(whole),
                    "{page} at {size:?}: {text:?} in {texts:?}"
                );
                bench.picture(&[egui::Event::PointerMoved(Pos2::ZERO)]);
                bench.pictures(3);
            }
        }
    }
}

#[test]
fn the_introduction_is_gone_after_a_click() {
    let mut bench = Bench::new("Tags", PanelSize::MIN, snapshot());
    assert!(!bench.shows("but no words"));
    bench.machine.introduced = false;
    bench.pictures(2);
    assert!(bench.shows("but no words"));
    let close = bench.middle_of("Got it");
    bench.click(close);
    assert_eq!(bench.wanted, [Action::CloseIntroduction]);
}

#[test]
fn a_preset_is_one_click_in_its_menu() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    let menu = bench.middle_of("Preset");
    bench.click(menu);
    assert_eq!(bench.wanted, [Action::ListModels]);
    bench.pictures(2);
    let entry = bench.area_of("Instruments").center();
    bench.click(entry);
    let [Action::ListModels, Action::Preset(preset, None)] = bench.wanted[..] else {
        panic!("{:?}", bench.wanted);
    };
    assert_eq!(
        (preset.name, preset.among),
        ("Instruments", &["instruments"][..])
    );
}

#[test]
fn the_preset_for_genres_uses_a_genre_model_where_one_is_installed() {
    let mut snapshot = snapshot();
    let installed = MenuEntry {
        name: "gtzan-transfer".to_owned(),
        choice: ModelChoice {
            name: Some("gtzan-transfer".to_owned()),
            ..ModelChoice::default()
        },
        ..snapshot.menu[0].clone()
    };
    let expected = installed.choice.clone();
    let mut menu = snapshot.menu.to_vec();
    menu.push(installed);
    for (menu, special) in [(snapshot.menu.clone(), None), (menu.into(), Some(expected))] {
        snapshot.menu = menu;
        let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot.clone());
        let menu = bench.middle_of("Preset");
        bench.click(menu);
        bench.pictures(2);
        assert_eq!(bench.shows("Model: gtzan-transfer"), special.is_some());
        assert_eq!(bench.shows("the built-in one"), special.is_none());
        let entry = bench.area_of("Live genres").center();
        bench.click(entry);
        let [Action::ListModels, Action::Preset(_, choice)] = &bench.wanted[..] else {
            panic!("{:?}", bench.wanted);
        };
        assert_eq!(*choice, special);
    }
}

#[test]
fn the_models_that_were_used_last_are_on_top_of_the_menu() {
    let mut snapshot = snapshot();
    let entry = |name: &str| MenuEntry {
        name: name.to_owned(),
        hash: name.to_owned(),
        choice: ModelChoice {
            name: Some(name.to_owned()),
            ..ModelChoice::default()
        },
        ..snapshot.menu[0].clone()
    };
    let mut menu = snapshot.menu.to_vec();
    menu.extend(["birds", "genres"].map(entry));
    snapshot.menu = menu.into();
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot);
    let genres = bench.snapshot.menu[2].choice.clone();
    bench.machine.use_model(&genres);
    let menu = bench.middle_of("Model");
    bench.click(menu);
    bench.pictures(3);
    let built_in = bench.area_of("Built in");
    assert!(bench.area_of("Last used").top() < bench.area_of("genres").top());
    assert!(bench.area_of("genres").bottom() < built_in.top());
}
