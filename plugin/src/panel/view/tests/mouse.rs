use super::*;

#[test]
fn looking_wants_nothing() {
    assert_eq!(run(PanelSize::DEFAULT, &snapshot(), &[]), []);
    assert_eq!(run(PanelSize::MIN, &Snapshot::default(), &[]), []);
}

#[test]
fn the_bypass_switch_switches() {
    let at = areas(PanelSize::DEFAULT, 0).controls.right_center() - vec2(18.0, 0.0);
    let events = [
        vec![egui::Event::PointerMoved(at)],
        vec![press(at, true)],
        vec![press(at, false)],
        vec![],
    ];
    assert_eq!(
        run(PanelSize::DEFAULT, &snapshot(), &events),
        [Action::Switch(Switch::Bypass, true)]
    );
}

#[test]
fn a_drag_of_the_window_is_one_gesture() {
    let from = areas(PanelSize::DEFAULT, 0).controls.left_center() + vec2(90.0, 0.0);
    let to = from + vec2(80.0, 0.0);
    let events = [
        vec![egui::Event::PointerMoved(from)],
        vec![press(from, true)],
        vec![egui::Event::PointerMoved(from + vec2(40.0, 0.0))],
        vec![egui::Event::PointerMoved(to)],
        vec![press(to, false)],
        vec![],
    ];
    let wanted = run(PanelSize::DEFAULT, &snapshot(), &events);
    assert_eq!(wanted.first(), Some(&Action::Begin(Continuous::Window)));
    assert_eq!(wanted.last(), Some(&Action::End(Continuous::Window)));
    let set: Vec<f32> = wanted
        .iter()
        .filter_map(|action| {
            if let Action::Set(Continuous::Window, s) = action {
                Some(*s)
            } else {
                None
            }
        })
        .collect();
    assert!(set.len() >= 2 && set.is_sorted(), "{wanted:?}");
    assert_eq!(
        wanted
            .iter()
            .filter(|a| **a == Action::Begin(Continuous::Window))
            .count(),
        1
    );
}

#[test]
fn opening_the_menu_looks_for_models_and_works_without_any() {
    let header = areas(PanelSize::DEFAULT, 0).header; // the menu is at its right
    let at = header.right_top() + vec2(-40.0, 15.0);
    let click = [
        vec![egui::Event::PointerMoved(at)],
        vec![press(at, true)],
        vec![press(at, false)],
        vec![],
        vec![],
    ];
    for snapshot in [snapshot(), Snapshot::default()] {
        assert_eq!(
            run(PanelSize::DEFAULT, &snapshot, &click),
            [Action::ListModels]
        );
    }
}

#[test]
fn the_corner_resizes() {
    let from = pos2(
        PanelSize::DEFAULT.width as f32 - 5.0,
        PanelSize::DEFAULT.height as f32 - 5.0,
    );
    let to = from + vec2(-30.0, -20.0);
    let events = [
        vec![egui::Event::PointerMoved(from)],
        vec![press(from, true)],
        vec![egui::Event::PointerMoved(to)],
        vec![press(to, false)],
    ];
    let wanted = run(PanelSize::DEFAULT, &snapshot(), &events);
    assert!(
        wanted.contains(&Action::Resize(vec2(730.0, 540.0))),
        "{wanted:?}"
    );
}

#[test]
fn a_group_is_filtered_by_its_chip() {
    let mut model = (*snapshot().model.unwrap()).clone();
    model.groups = ["nature", "voice", "nature"].map(str::to_owned).to_vec();
    let snapshot = Snapshot {
        model: Some(Arc::new(model)),
        ..snapshot()
    };
    let page = areas(PanelSize::DEFAULT, 0).page;
    // "Things" is the last of the chips.
    let at = page.right_top() + vec2(-20.0, 5.0);
    let wanted = run(PanelSize::DEFAULT, &snapshot, &click(at));
    let hide = Edit::ShowGroup {
        group: "things".to_owned(),
        shown: false,
    };
    assert_eq!(wanted, [Action::Edit(hide)]);
}

#[test]
fn the_wheel_moves_a_slider_by_steps() {
    let at = areas(PanelSize::DEFAULT, 0).controls.left_center() + vec2(90.0, 0.0);
    let wheel = egui::Event::MouseWheel {
        source: egui::MouseWheelSource::Wheel,
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, 40.0),
        phase: egui::TouchPhase::Move,
        modifiers: egui::Modifiers::NONE,
    };
    let events = [
        vec![egui::Event::PointerMoved(at)],
        vec![],
        vec![wheel],
        vec![],
        vec![],
    ];
    let wanted = run(PanelSize::DEFAULT, &snapshot(), &events);
    let sets: Vec<&Action> = wanted
        .iter()
        .filter(|action| matches!(action, Action::Set(..)))
        .collect();
    assert!(!sets.is_empty(), "{wanted:?}");
    let by_a_step = |set: &&&Action| matches!(set, Action::Set(Continuous::Window, value) if (value - 2.1).abs() < 1e-4);
    assert!(
        sets.iter().filter(by_a_step).count() == sets.len(),
        "{sets:?}"
    );
}
