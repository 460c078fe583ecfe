//! The panel as people use it: pages drawn without a window, with mouse and keyboard events.

mod layout;
mod mouse;
mod requests;
mod typing;

use std::sync::Arc;

use egui::Pos2;
use hamiltone_engine::model::ModelChoice;

use super::*;
use crate::history::History;
use crate::params::{HamiltoneParams, Values};
use crate::settings::{Edit, PanelSize, Settings};
use crate::snapshot::{Activity, MenuEntry, ModelFacts, Snapshot};

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
        task: "Ten sounds".to_owned(),
        summary: "92 % accuracy, low CPU load, attribution licence".to_owned(),
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
    prepare(&context);
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

fn click(at: Pos2) -> [Vec<egui::Event>; 4] {
    [
        vec![egui::Event::PointerMoved(at)],
        vec![press(at, true)],
        vec![press(at, false)],
        vec![],
    ]
}

fn areas(size: PanelSize, troubles: usize) -> Areas {
    let size = vec2(size.width as f32, size.height as f32);
    Areas::of(Rect::from_min_size(Pos2::ZERO, size), troubles)
}
