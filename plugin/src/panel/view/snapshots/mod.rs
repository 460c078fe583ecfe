//! The texts of every state of the panel and their positions, against golden files. `UPDATE_SNAPSHOTS=1 cargo test`
//! writes them again; read the difference before you commit it.
//!
//! Golden files hold texts, not pixels: those differ between graphics drivers, and a machine without one can run
//! these tests.

mod answers;
mod levels;
mod pages;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use egui::epaint::{ClippedShape, Shape};
use egui_kittest::Harness;
use hamiltone_engine::model::ModelChoice;

use super::*;
use crate::history::{BANDS, History};
use crate::machine::Machine;
use crate::params::{HamiltoneParams, Values};
use crate::settings::{Kept, PanelSize, Settings};
use crate::snapshot::{Activity, Bounce, Compared, MenuEntry, ModelFacts, Snapshot};

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
        likely: Vec::new(),
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
            task: "Everyday sounds".to_owned(),
            summary: "low CPU load, share-alike".to_owned(),
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
        history.push_tags(
            "general",
            time_s,
            Some(time_s + 60.0),
            None,
            &[0.82, 0.34, 0.02],
        );
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
) -> Vec<ClippedShape> {
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
            prepare(ui.ctx());
            let view = View {
                snapshot,
                history: &history,
                settings,
                values,
                problem,
                machine: machine(),
                done: None,
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

/// A machine on which the introduction was read.
fn machine() -> &'static Machine {
    static MACHINE: std::sync::LazyLock<Machine> = std::sync::LazyLock::new(|| {
        let mut machine = Machine::default();
        machine.introduced = true;
        machine
    });
    &MACHINE
}
