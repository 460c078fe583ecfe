//! What drawing the panel costs the processor, without a window: frames, and processor time of this thread, for each
//! page in one second of playing.
//!
//! `cargo run --release -p hamiltone-plugin --example panel_cost [SECONDS]`
//!
//! Time is simulated: a frame is drawn and turned into triangles whenever the panel asks for one (at most 60 a second),
//! and tags change as often as those of the built-in model do. What the graphics driver does with the triangles is not
//! counted. To compare two versions, run the program of each in turns on a quiet machine and compare their ratio.

use std::sync::Arc;
use std::time::Duration;

use hamiltone_plugin::history::{BANDS, History};
use hamiltone_plugin::machine::Machine;
use hamiltone_plugin::panel::{Motion, View, draw, prepare};
use hamiltone_plugin::params::{HamiltoneParams, Values};
use hamiltone_plugin::settings::{PanelSize, Settings};
use hamiltone_plugin::snapshot::{Activity, ModelFacts, Snapshot};

const PAGES: [&str; 5] = ["Tags", "Roll", "Labels", "Response", "Outputs"];
const LABELS: usize = 527;
/// Time between two tags, in seconds.
const REFRESH_S: f64 = 0.16;
/// Time between two columns of the spectrogram, in seconds.
const SPECTRUM_S: f64 = 0.04;
/// The shortest time between two frames of a screen, in seconds.
const FRAME_S: f64 = 1.0 / 60.0;

/// Sound that changes all the time, and what the panel shows of it.
struct Playing {
    snapshot: Snapshot,
    history: History,
    tags_until_s: f64,
    spectrum_until_s: f64,
}

impl Playing {
    fn new() -> Self {
        let labels = (0..LABELS).map(|index| format!("label {index}")).collect();
        let model = ModelFacts {
            name: "general-half".to_owned(),
            hash: "general-half".to_owned(),
            labels,
            one_of: false,
            groups: Vec::new(),
            parents: Vec::new(),
            likely: Vec::new(),
            label_sets: Vec::new(),
            parameters: 640_000,
            multiply_adds_per_second: 110_000_000,
            size_bytes: 2_600_000,
        };
        let snapshot = Snapshot {
            model: Some(Arc::new(model)),
            activity: Activity::Listening,
            refresh_s: REFRESH_S,
            stream: Some((48_000.0, 2)),
            ..Snapshot::default()
        };
        Self {
            snapshot,
            history: History::default(),
            tags_until_s: 0.0,
            spectrum_until_s: 0.0,
        }
    }

    fn advance(&mut self, to_s: f64) {
        while self.tags_until_s <= to_s {
            let time_s = self.tags_until_s;
            let probability = |label: usize| {
                let period_s = 3.0 + label as f64 * 0.01;
                let phase = (time_s / period_s).fract();
                if label.is_multiple_of(40) {
                    phase as f32
                } else {
                    0.002
                }
            };
            let tags: Vec<f32> = (0..LABELS).map(probability).collect();
            self.history
                .push_tags("general-half", time_s, Some(time_s), None, &tags);
            self.snapshot.probabilities.clone_from(&tags);
            self.snapshot.smoothed = tags;
            self.tags_until_s += REFRESH_S;
        }
        while self.spectrum_until_s <= to_s {
            let time_s = self.spectrum_until_s as f32;
            let level = |band: usize| -40.0 + 20.0 * (band as f32 * 0.3 + time_s * 5.0).sin();
            let levels: Vec<f32> = (0..BANDS).map(level).collect();
            self.history.push_spectrum(self.spectrum_until_s, &levels);
            self.spectrum_until_s += SPECTRUM_S;
        }
    }
}

/// Draws the page for so many seconds of playing. Returns the frames and the processor time.
fn play(page: &str, seconds: f64) -> std::io::Result<(u32, Duration)> {
    let context = egui::Context::default();
    prepare(&context);
    let mut motion = Motion::default();
    motion.show_page(page);
    let mut machine = Machine::default();
    machine.introduced = true;
    let settings = Settings::default();
    let values = Values::of(&HamiltoneParams::default());
    let PanelSize { width, height } = PanelSize::DEFAULT;
    let size = egui::vec2(width as f32, height as f32);
    let mut playing = Playing::new();
    let mut now_s = 0.0;
    let mut counted = (0, Duration::ZERO);
    // The first half minute fills the roll and is not counted.
    const FILLING_S: f64 = 30.0;
    while now_s < FILLING_S + seconds {
        playing.advance(now_s);
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(now_s),
            ..Default::default()
        };
        let start = processor_time()?;
        let mut next = Duration::ZERO;
        let output = context.run_ui(input, |ui| {
            let view = View {
                snapshot: &playing.snapshot,
                history: &playing.history,
                settings: &settings,
                values,
                problem: None,
                machine: &machine,
                done: None,
            };
            next = draw(ui, view, &mut motion).1;
        });
        let mut textures = output.textures_delta;
        let triangles = context.tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(triangles);
        textures.clear(); // egui wants to know that nobody paints
        if now_s >= FILLING_S {
            counted.0 += 1;
            counted.1 += processor_time()? - start;
        }
        now_s += next.as_secs_f64().clamp(FRAME_S, 1.0);
    }
    Ok(counted)
}

/// The time for which this thread ran, as Linux counts it.
fn processor_time() -> std::io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds
        .map(Duration::from_nanos)
        .ok_or_else(|| std::io::Error::other("this kernel does not count the time of threads"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 30.0,
    };
    println!("page      frames/s  ms/s");
    for page in PAGES {
        let (frames, time) = play(page, seconds)?;
        let frames = f64::from(frames) / seconds;
        let cost = 1000.0 * time.as_secs_f64() / seconds;
        println!("{page:<10}{frames:>8.1}{cost:>6.1}");
    }
    Ok(())
}
