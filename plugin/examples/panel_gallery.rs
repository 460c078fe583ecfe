//! Shows the panel without a host, in each of its states, for work on its appearance.
//!
//! `cargo run -p hamiltone-plugin --example panel_gallery [STATE [WIDTH HEIGHT [PAGE]]]`, with STATE a
//! number from 0 and PAGE what a tab says; without any, a click on the background shows the next.

use std::sync::Arc;

use hamiltone_engine::model::ModelChoice;
use hamiltone_exports::Thresholds;
use hamiltone_plugin::history::{BANDS, History};
use hamiltone_plugin::machine::Machine;
use hamiltone_plugin::panel::{Motion, View, draw, prepare};
use hamiltone_plugin::params::{HamiltoneParams, Values};
use hamiltone_plugin::settings::{Kept, PanelSize, Settings};
use hamiltone_plugin::snapshot::{
    Activity, Bounce, Compared, MenuEntry, ModelFacts, Sent, SentNote, Snapshot, Trouble,
};
use nice_plug_egui::baseview::dpi::LogicalSize;
use nice_plug_egui::{App, EguiWindow, EguiWindowSettings, Frame};

struct Gallery {
    states: Vec<Snapshot>,
    current: usize,
    motion: Motion,
    history: History,
    machine: Machine,
}

impl App for Gallery {
    fn build(
        &mut self,
        context: egui::Context,
        _frame: &mut Frame,
    ) -> Result<(), nice_plug_egui::baseview::HandlerError> {
        prepare(&context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        let snapshot = &self.states[self.current];
        let mut values = Values::of(&HamiltoneParams::default());
        values.bypassed = snapshot.activity == Activity::Bypassed;
        values.capture = snapshot.bounce.capturing_s.is_some();
        let compared = snapshot.compared.as_ref();
        let mut thresholds = Thresholds::default();
        thresholds.set("dog", Some(0.35));
        let settings = Settings {
            thresholds,
            compare: compared.map(|_| Kept::default()),
            pinned: vec!["rain".to_owned()],
            ..Settings::default()
        };
        let view = View {
            snapshot,
            history: &self.history,
            settings: &settings,
            values,
            problem: None,
            machine: &self.machine,
            done: None,
        };
        let (actions, next) = draw(ui, view, &mut self.motion);
        for action in actions {
            println!("{action:?}");
        }
        let background =
            ui.input(|input| input.pointer.any_click()) && !ui.ctx().egui_is_using_pointer();
        if background && std::env::args().len() < 2 {
            self.current = (self.current + 1) % self.states.len();
        }
        ui.ctx().request_repaint_after(next);
    }
}

fn facts(name: &str, labels: &[&str]) -> Arc<ModelFacts> {
    Arc::new(ModelFacts {
        name: name.to_owned(),
        hash: name.to_owned(),
        labels: labels.iter().map(|label| label.to_string()).collect(),
        one_of: true,
        groups: Vec::new(),
        parents: Vec::new(),
        likely: Vec::new(),
        label_sets: Vec::new(),
        parameters: 1_280_000,
        multiply_adds_per_second: 110_000_000,
        size_bytes: 5_130_000,
    })
}

fn entry(name: &str, built_in: bool, card: Result<&str, &str>) -> MenuEntry {
    MenuEntry {
        name: name.to_owned(),
        built_in,
        hash: name.to_owned(),
        choice: ModelChoice {
            name: Some(name.to_owned()),
            ..ModelChoice::default()
        },
        task: card
            .map_or("", |card| card.lines().next().unwrap_or(""))
            .to_owned(),
        summary: "92 % accuracy, low CPU load, attribution licence".to_owned(),
        card: card.map(str::to_owned).map_err(str::to_owned),
    }
}

/// A minute with one sound after another.
fn history(labels: usize) -> History {
    let mut history = History::default();
    for step in 0..370 {
        let time_s = f64::from(step) * 0.16;
        let probabilities: Vec<f32> = (0..labels)
            .map(|label| {
                let centre = 6.0 + label as f64 * 6.5;
                (0.95 * (-((time_s - centre) / 3.5).powi(2)).exp()) as f32
            })
            .collect();
        history.push_tags(
            "esc10",
            time_s,
            Some(time_s + 75.0),
            Some((time_s + 75.0) / 2.0),
            &probabilities,
        );
    }
    for step in 0..1500 {
        let time_s = f64::from(step) * 0.04;
        let level = |band: usize| {
            let beat = (time_s * 4.0).fract() as f32;
            let tone = (band as f32 * 0.35 + time_s as f32 * 0.7).sin();
            -25.0 - band as f32 * 0.6 - 22.0 * beat + 12.0 * tone
        };
        let levels: Vec<f32> = (0..BANDS).map(level).collect();
        history.push_spectrum(time_s, &levels);
    }
    history
}

/// Labels in several scripts.
const SCRIPTS: [&str; 10] = [
    "犬",
    "狗叫",
    "犬の鳴き声",
    "개",
    "собака",
    "كلب",
    "כלב נובח",
    "कुत्ता",
    "สุนัข",
    "perro · 犬 · chien",
];

fn states() -> Vec<Snapshot> {
    let labels = [
        "rooster",
        "dog",
        "rain",
        "crying_baby",
        "sneezing",
        "clock_tick",
        "helicopter",
        "chainsaw",
        "Domestic animals, pets and other creatures",
        "crackling_fire",
    ];
    let card = "Ten sounds of ESC-10.\n10 labels\naccuracy 86.5 ± 2.1 %: five official folds";
    let listening = Snapshot {
        model: Some(facts("esc10", &labels)),
        menu: Arc::from(vec![
            entry("esc10", true, Ok(card)),
            entry("genres", true, Ok("Music genres.")),
            entry("my-birds", false, Ok("Birds of the garden.")),
            entry(
                "broken",
                false,
                Err("Not a whole .safetensors file: fetch it again"),
            ),
        ]),
        activity: Activity::Listening,
        probabilities: vec![
            0.87, 0.06, 0.03, 0.02, 0.008, 0.004, 0.003, 0.002, 0.002, 0.001,
        ],
        smoothed: vec![
            0.87, 0.06, 0.03, 0.02, 0.008, 0.004, 0.003, 0.002, 0.002, 0.001,
        ],
        on: vec![true],
        refresh_s: 0.16,
        latency_s: 0.246,
        load: 0.034,
        stream: Some((44_100.0, 2)),
        sent: Sent {
            note: Some(SentNote {
                label: 0,
                note: (0, 36),
                s_ago: 0.1,
            }),
            osc_s_ago: Some(0.1),
            messages: 1204,
        },
        ..Snapshot::default()
    };
    let missing = Trouble {
        title: "Model missing: my-birds".to_owned(),
        advice: "Copy its file to /home/ada/.local/share/hamiltone/models, or choose another \
                 model. Until then, esc10 is used."
            .to_owned(),
    };
    let report = Trouble {
        title: "Report not written".to_owned(),
        advice: "/mnt/full: No space left on device. Free some disk space, or choose another \
                 folder."
            .to_owned(),
    };
    vec![
        listening.clone(),
        Snapshot {
            activity: Activity::NoSignal,
            ..listening.clone()
        },
        Snapshot {
            activity: Activity::Bypassed,
            ..listening.clone()
        },
        Snapshot {
            activity: Activity::Waiting,
            stream: None,
            ..listening.clone()
        },
        Snapshot {
            troubles: vec![missing.clone()],
            ..listening.clone()
        },
        Snapshot {
            troubles: vec![missing, report],
            load: 0.93,
            dropped_frames: 51_200,
            report_folder: Some("/mnt/full".into()),
            ..listening.clone()
        },
        Snapshot {
            loading: Some("genres".to_owned()),
            ..listening.clone()
        },
        Snapshot::default(),
        Snapshot {
            compared: Some(Compared {
                on_levels: Vec::new(),
                among: Vec::new(),
                model: facts("esc10 pruned to half", &labels),
                smoothed: vec![0.71, 0.12, 0.04, 0.03, 0.02, 0.01, 0.01, 0.0, 0.0, 0.0],
                load: 0.016,
                refresh_s: 0.16,
            }),
            ..listening.clone()
        },
        Snapshot {
            bounce: Bounce {
                capturing_s: Some(83.0),
                rendering: false,
                written: vec!["hamiltone_2026-11-24_15-04-05_at_00-01-30.500.json".into(); 8],
                ..Bounce::default()
            },
            ..with_groups(&listening)
        },
        general(
            &[0.95, 0.62, 0.55, 0.45, 0.12, 0.08],
            &[true, true, true, true],
        ),
        Snapshot {
            among: vec![6, 7, 8],
            on_levels: vec![0.5; 9],
            unclear: Some("no clear genre".to_owned()),
            worth: Some("genres: 36 % right of 399 clips, 45 labels".to_owned()),
            ..general(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.38, 0.34, 0.28], &[])
        },
        Snapshot {
            model: Some(facts("esc10", &SCRIPTS)),
            ..listening
        },
    ]
}

/// A general tagger with a hierarchy of labels.
fn general(probabilities: &[f32], on: &[bool]) -> Snapshot {
    let labels = [
        "Music",
        "Musical instrument",
        "Guitar",
        "Acoustic guitar",
        "Speech",
        "Singing",
        "Jazz",
        "Blues",
        "Folk music",
    ];
    let mut model = (*facts("general", &labels)).clone();
    let parents: [&[usize]; 9] = [&[], &[0], &[1], &[2], &[], &[], &[0], &[0], &[0]];
    model.parents = parents.map(<[usize]>::to_vec).into();
    let mut smoothed = probabilities.to_vec();
    smoothed.resize(labels.len(), 0.004);
    Snapshot {
        model: Some(Arc::new(model)),
        activity: Activity::Listening,
        probabilities: smoothed.clone(),
        smoothed,
        on: on.to_vec(),
        refresh_s: 0.16,
        latency_s: 0.246,
        load: 0.008,
        stream: Some((48_000.0, 2)),
        ..Snapshot::default()
    }
}

/// The same with a model that has groups.
fn with_groups(snapshot: &Snapshot) -> Snapshot {
    let mut model = snapshot.model.as_deref().cloned().unwrap_or_else(|| {
        let empty = facts("none", &[]);
        (*empty).clone()
    });
    let groups = ["nature", "nature", "nature", "voice", "voice"];
    let group = |index: usize| groups.get(index).unwrap_or(&"things").to_string();
    model.groups = (0..model.labels.len()).map(group).collect();
    Snapshot {
        model: Some(Arc::new(model)),
        ..snapshot.clone()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .take(3)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    let PanelSize { width, height } = PanelSize::DEFAULT;
    let (width, height) = match numbers.as_slice() {
        [_, width, height, ..] => (*width as f32, *height as f32),
        _ => (width as f32, height as f32),
    };
    let states = states();
    let current = numbers.first().copied().unwrap_or(0).min(states.len() - 1);
    let settings = EguiWindowSettings::new()
        .with_title("Hamiltone: panel gallery")
        .with_size(LogicalSize::new(width, height));
    let mut machine = Machine::default();
    machine.introduced = current != 0;
    let mut motion = Motion::default();
    if let Some(page) = std::env::args().nth(4) {
        motion.show_page(&page);
    }
    let gallery = Gallery {
        states,
        current,
        motion,
        history: history(10),
        machine,
    };
    EguiWindow::create(settings, gallery)?.run_until_closed()?;
    Ok(())
}
