use super::*;
use crate::panel::bars;
use crate::settings::PanelSize;
use crate::snapshot::{Activity, MenuEntry, ModelFacts, Trouble};
use egui::Pos2;
use std::sync::Arc;

fn snapshot() -> Snapshot {
    let model = ModelFacts {
        name: "esc10".to_owned(),
        hash: "aa".to_owned(),
        labels: vec![
            "dog".to_owned(),
            "crying_baby".to_owned(),
            "rain".to_owned(),
        ],
        one_of: true,
        groups: Vec::new(),
        parents: Vec::new(),
        label_sets: Vec::new(),
        parameters: 132_000,
        multiply_adds_per_second: 1_000_000,
        size_bytes: 530_000,
    };
    let entry = MenuEntry {
        name: "esc10".to_owned(),
        built_in: true,
        hash: "aa".to_owned(),
        choice: ModelChoice::default(),
        card: Ok("ten sounds".to_owned()),
    };
    Snapshot {
        model: Some(Arc::new(model)),
        menu: Arc::from(vec![entry]),
        activity: Activity::Listening,
        probabilities: vec![0.8, 0.15, 0.05],
        smoothed: vec![0.8, 0.15, 0.05],
        on: vec![true, false, false],
        stream: Some((48_000.0, 2)),
        ..Snapshot::default()
    }
}

/// Ten seconds of a model with three labels.
fn history() -> History {
    let mut history = History::default();
    for step in 1..=60 {
        let time_s = f64::from(step) * 0.16;
        history.push_tags("aa", time_s, Some(time_s + 60.0), &[0.8, 0.15, 0.05]);
        history.push_spectrum(time_s, &[-30.0; crate::history::BANDS]);
    }
    history
}

fn view<'a>(snapshot: &'a Snapshot, history: &'a History, settings: &'a Settings) -> View<'a> {
    View {
        snapshot,
        history,
        settings,
        values: Values::of(&HamiltoneParams::default()),
        problem: None,
    }
}

/// Runs pictures of `size` with the pointer doing `events`, one list a picture; what was wanted.
fn run(size: PanelSize, snapshot: &Snapshot, events: &[Vec<egui::Event>]) -> Vec<Action> {
    run_on("Tags", size, snapshot, events)
}

/// The same on the page of a tab.
fn run_on(
    page: &str,
    size: PanelSize,
    snapshot: &Snapshot,
    events: &[Vec<egui::Event>],
) -> Vec<Action> {
    let context = egui::Context::default();
    super::super::prepare(&context);
    let mut motion = Motion::default();
    motion.show_page(page);
    let (history, settings) = (history(), Settings::default());
    let mut wanted = Vec::new();
    let rect = Rect::from_min_size(Pos2::ZERO, vec2(size.width as f32, size.height as f32));
    let warm_up = vec![Vec::new(); 2];
    for (index, events) in warm_up.iter().chain(events).enumerate() {
        let input = egui::RawInput {
            screen_rect: Some(rect),
            time: Some(index as f64 * 0.07),
            events: events.clone(),
            ..Default::default()
        };
        let mut output = context.run_ui(input, |ui| {
            let view = view(snapshot, &history, &settings);
            wanted.extend(draw(ui, view, &mut motion).0);
        });
        output.textures_delta.clear(); // egui wants to know that nobody paints
    }
    wanted
}

fn press(at: Pos2, pressed: bool) -> egui::Event {
    let button = egui::PointerButton::Primary;
    egui::Event::PointerButton {
        pos: at,
        button,
        pressed,
        modifiers: egui::Modifiers::NONE,
    }
}

fn areas(size: PanelSize, troubles: usize) -> Areas {
    let size = vec2(size.width as f32, size.height as f32);
    Areas::of(Rect::from_min_size(Pos2::ZERO, size), troubles)
}

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
            rects.extend([areas.stage, areas.controls, areas.footer]);
            for pair in rects.windows(2) {
                assert!(
                    pair[0].bottom() <= pair[1].top() + 1e-3,
                    "{size:?} {troubles} {pair:?}"
                );
            }
            assert!(
                areas.stage.height() > stage::HERO + bars::ROW,
                "room for a bar: {:?}",
                areas.stage
            );
            assert!(troubles == 0 || !areas.troubles.is_empty());
        }
    }
}

#[test]
fn looking_wants_nothing() {
    assert_eq!(run(PanelSize::DEFAULT, &snapshot(), &[]), []);
    assert_eq!(run(PanelSize::MIN, &Snapshot::default(), &[]), []);
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
        (motion.bars.value(0) - 0.8).abs() < 0.02,
        "{}",
        motion.bars.value(0)
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
    assert_eq!(wanted.first(), Some(&Action::Begin(Knob::Window)));
    assert_eq!(wanted.last(), Some(&Action::End(Knob::Window)));
    let set: Vec<f32> = wanted
        .iter()
        .filter_map(|action| {
            if let Action::Set(Knob::Window, s) = action {
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
            .filter(|a| **a == Action::Begin(Knob::Window))
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
fn no_widget_keeps_the_keyboard() {
    let context = egui::Context::default();
    let mut motion = Motion::default();
    let tab = |pressed| egui::Event::Key {
        key: egui::Key::Tab,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    let (snapshot, history, settings) = (snapshot(), history(), Settings::default());
    for events in [vec![], vec![tab(true)], vec![tab(false)], vec![], vec![]] {
        let input = egui::RawInput {
            events,
            ..Default::default()
        };
        let mut output = context.run_ui(input, |ui| {
            draw(ui, view(&snapshot, &history, &settings), &mut motion);
        });
        output.textures_delta.clear();
    }
    assert!(!context.egui_wants_keyboard_input());
}

fn click(at: Pos2) -> [Vec<egui::Event>; 4] {
    [
        vec![egui::Event::PointerMoved(at)],
        vec![press(at, true)],
        vec![press(at, false)],
        vec![],
    ]
}

#[test]
fn a_group_is_filtered_by_its_chip() {
    let mut model = (*snapshot().model.unwrap()).clone();
    model.groups = ["nature", "voice", "nature"].map(str::to_owned).to_vec();
    let snapshot = Snapshot {
        model: Some(Arc::new(model)),
        ..snapshot()
    };
    let stage = areas(PanelSize::DEFAULT, 0).stage;
    // "Things" is the last of the chips.
    let at = stage.right_top() + vec2(-20.0, 5.0);
    let wanted = run(PanelSize::DEFAULT, &snapshot, &click(at));
    let [Action::Settings(settings)] = &wanted[..] else {
        panic!("{wanted:?}");
    };
    assert_eq!(settings.groups_hidden, ["things"]);
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
    let by_a_step = |set: &&&Action| matches!(set, Action::Set(Knob::Window, value) if (value - 2.1).abs() < 1e-4);
    assert!(
        sets.iter().filter(by_a_step).count() == sets.len(),
        "{sets:?}"
    );
}

#[test]
fn a_destination_for_osc_can_be_written() {
    let stage = areas(PanelSize::DEFAULT, 0).stage;
    let field = stage.left_top() + vec2(180.0, 45.0);
    let key = |key, modifiers| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    };
    let mut events = click(field).to_vec();
    events.push(vec![key(egui::Key::A, egui::Modifiers::COMMAND)]);
    events.push(vec![egui::Event::Text("10.0.0.7:57120".to_owned())]);
    events.push(vec![]);
    let written = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    assert_eq!(written, [], "nothing is sent while it is written");
    events.push(vec![key(egui::Key::Enter, egui::Modifiers::NONE)]);
    events.push(vec![]);
    let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    let [Action::Settings(settings)] = &wanted[..] else {
        panic!("{wanted:?}");
    };
    assert_eq!(settings.osc.destination(), "10.0.0.7:57120");
}

/// The middle of the field for the folder of bounces.
fn folder_field() -> Pos2 {
    let stage = areas(PanelSize::DEFAULT, 0).stage;
    stage.left_top() + vec2(400.0, 105.0)
}

#[test]
fn a_folder_can_be_written() {
    let key = |key| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    for (text, last, expected) in [
        ("/music/my songs", egui::Key::Enter, Some("/music/my songs")),
        ("/music", egui::Key::Escape, None),
        ("music", egui::Key::Enter, None),
    ] {
        let mut events = click(folder_field()).to_vec();
        events.push(vec![egui::Event::Text(text.to_owned())]);
        events.push(vec![]);
        let written = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
        assert_eq!(written, [], "nothing changes while it is written");
        events.push(vec![key(last)]);
        events.push(vec![]);
        let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
        let expected = expected.map(|path| Action::Path(Question::BounceFolder, path.into()));
        assert_eq!(wanted, Vec::from_iter(expected), "{text}");
    }
}

#[test]
fn a_folder_that_is_pasted_holds_at_once() {
    let mut events = click(folder_field()).to_vec();
    events.push(vec![egui::Event::Text("/half of a".to_owned())]);
    events.push(vec![egui::Event::Paste(
        "file:///music/my%20songs\n".to_owned(),
    )]);
    events.push(vec![]);
    let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    let path = PathBuf::from("/music/my songs");
    assert_eq!(wanted, [Action::Path(Question::BounceFolder, path)]);
}

#[test]
fn a_model_can_be_pasted_into_the_menu() {
    let header = areas(PanelSize::DEFAULT, 0).header;
    let menu = header.right_top() + vec2(-40.0, 15.0);
    let mut events = click(menu).to_vec();
    events.push(vec![]);
    // The field is the last of the menu: its place is looked for, as the menu's height is its own business.
    let mut found = false;
    for below in (60..400).step_by(8) {
        let field = menu + vec2(0.0, below as f32);
        let mut events = events.clone();
        events.extend(click(field));
        events.push(vec![egui::Event::Paste(
            "/models/birds.safetensors".to_owned(),
        )]);
        events.push(vec![]);
        let wanted = run(PanelSize::DEFAULT, &snapshot(), &events);
        let path = PathBuf::from("/models/birds.safetensors");
        found |= wanted.contains(&Action::Path(Question::Model, path));
    }
    assert!(found);
}
