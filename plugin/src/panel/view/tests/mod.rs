//! The panel as people use it: pages drawn without a window, with mouse and keyboard events.

mod access;
mod contrast;
mod label_table;
mod layout;
mod mouse;
mod repaint;
mod requests;
mod roll;
mod rows;
mod scripts;
mod thresholds;
mod typing;
mod written;

use std::sync::Arc;
use std::time::Duration;

use egui::Pos2;
use hamiltone_engine::model::ModelChoice;

use super::*;
use crate::history::History;
use crate::machine::Machine;
use crate::panel::contract::Done;
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
        likely: Vec::new(),
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
        history.push_tags("aa", time_s, Some(time_s + 60.0), None, &[0.8, 0.15, 0.05]);
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
        machine: machine(),
        done: None,
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
    let mut bench = Bench::new(page, size, snapshot.clone());
    events.iter().for_each(|events| bench.picture(events));
    bench.wanted
}

/// A panel, picture by picture. Edits change its settings, as in a window.
struct Bench {
    context: egui::Context,
    motion: Motion,
    size: PanelSize,
    snapshot: Snapshot,
    history: History,
    settings: Settings,
    machine: Machine,
    done: Option<Done>,
    /// Time until the next picture, as the last one said.
    next: Duration,
    /// What was wanted so far.
    wanted: Vec<Action>,
    /// What was copied so far.
    copied: Vec<String>,
    /// Of the last picture.
    output: egui::FullOutput,
    pictures: u32,
}

impl Bench {
    fn new(page: &str, size: PanelSize, snapshot: Snapshot) -> Self {
        Self::with(page, size, snapshot, Settings::default())
    }

    fn with(page: &str, size: PanelSize, snapshot: Snapshot, settings: Settings) -> Self {
        let context = egui::Context::default();
        context.enable_accesskit();
        prepare(&context);
        let mut motion = Motion::default();
        motion.show_page(page);
        let mut bench = Self {
            context,
            motion,
            size,
            snapshot,
            history: history(),
            settings,
            machine: machine().clone(),
            done: None,
            next: Duration::ZERO,
            wanted: Vec::new(),
            copied: Vec::new(),
            output: egui::FullOutput::default(),
            pictures: 0,
        };
        bench.picture(&[]);
        bench.picture(&[]);
        bench
    }

    /// Draws a picture with these events before it.
    fn picture(&mut self, events: &[egui::Event]) {
        let size = vec2(self.size.width as f32, self.size.height as f32);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(f64::from(self.pictures) * 0.07),
            events: events.to_vec(),
            ..Default::default()
        };
        self.pictures += 1;
        let mut actions = Vec::new();
        self.output = self.context.clone().run_ui(input, |ui| {
            let view = View {
                machine: &self.machine,
                done: self.done.as_ref(),
                ..view(&self.snapshot, &self.history, &self.settings)
            };
            let (wanted, next) = draw(ui, view, &mut self.motion);
            actions.extend(wanted);
            self.next = next;
        });
        self.output.textures_delta.clear(); // egui wants to know that nobody paints
        for command in &self.output.platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                self.copied.push(text.clone());
            }
        }
        for action in &actions {
            if let Action::Edit(edit) = action {
                self.settings.apply(edit.clone());
            }
        }
        self.wanted.extend(actions);
    }

    fn pictures(&mut self, count: usize) {
        (0..count).for_each(|_| self.picture(&[]));
    }

    fn click(&mut self, at: Pos2) {
        click(at).iter().for_each(|events| self.picture(events));
    }

    fn press_key(&mut self, key: egui::Key) {
        for pressed in [true, false] {
            self.picture(&[egui::Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: egui::Modifiers::NONE,
            }]);
        }
        self.pictures(1);
    }

    /// Presses Tab until the control with this name has the keyboard. Returns whether it was reached.
    fn tab_to(&mut self, name: &str) -> bool {
        for _ in 0..60 {
            self.press_key(egui::Key::Tab);
            let update = self.output.platform_output.accesskit_update.as_ref();
            let update = update.unwrap();
            let focus = update.nodes.iter().find(|(id, _)| *id == update.focus);
            if focus.and_then(|(_, node)| node.label()) == Some(name) {
                return true;
            }
        }
        false
    }

    /// Whether the ring of the control that has the keyboard is painted around this point.
    fn has_ring_around(&self, point: Pos2) -> bool {
        let is_ring = |shape: &egui::Shape| match shape {
            egui::Shape::Rect(rect) => {
                rect.stroke.color == theme::ACCENT && rect.rect.contains(point)
            }
            _ => false,
        };
        self.output
            .shapes
            .iter()
            .any(|clipped| is_ring(&clipped.shape))
    }

    /// All painted texts with their areas, and whether they are cut.
    fn texts(&self) -> Vec<(String, Rect, bool)> {
        let mut texts = Vec::new();
        for clipped in &self.output.shapes {
            collect_texts(&clipped.shape, &mut texts);
        }
        texts
    }

    /// Whether this text is painted, as a whole or as a part of another.
    fn shows(&self, text: &str) -> bool {
        self.texts().iter().any(|(shown, ..)| shown.contains(text))
    }

    /// The area of the first text that is exactly this.
    fn area_of(&self, text: &str) -> Rect {
        let texts = self.texts();
        let found = texts.iter().find(|(shown, ..)| shown == text);
        found
            .unwrap_or_else(|| panic!("{text:?} is not in {texts:?}"))
            .1
    }

    /// Name, role and area of each node that a screen reader finds.
    fn nodes(&self) -> Vec<(String, egui::Role, bool, egui::accesskit::Rect)> {
        let update = self
            .output
            .platform_output
            .accesskit_update
            .as_ref()
            .unwrap();
        let node = |(_, node): &(egui::accesskit::NodeId, egui::accesskit::Node)| {
            let name = node.label().or(node.value()).unwrap_or("").to_owned();
            let acts = node.supports_action(egui::accesskit::Action::Focus);
            (name, node.role(), acts, node.bounds().unwrap_or_default())
        };
        update.nodes.iter().map(node).collect()
    }

    /// The middle of the control with this name.
    fn middle_of(&self, name: &str) -> Pos2 {
        let nodes = self.nodes();
        let found = nodes.iter().find(|(known, ..)| known == name);
        let bounds = found
            .unwrap_or_else(|| panic!("{name:?} is not in {nodes:?}"))
            .3;
        pos2(
            (bounds.x0 + bounds.x1) as f32 / 2.0,
            (bounds.y0 + bounds.y1) as f32 / 2.0,
        )
    }
}

fn collect_texts(shape: &egui::Shape, texts: &mut Vec<(String, Rect, bool)>) {
    match shape {
        egui::Shape::Text(text) => {
            let whole = text.galley.job.text.clone();
            texts.push((whole, text.visual_bounding_rect(), text.galley.elided));
        }
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|s| collect_texts(s, texts)),
        _ => {}
    }
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

/// A machine on which the introduction was read.
fn machine() -> &'static Machine {
    static MACHINE: std::sync::LazyLock<Machine> = std::sync::LazyLock::new(|| {
        let mut machine = Machine::default();
        machine.introduced = true;
        machine
    });
    &MACHINE
}
