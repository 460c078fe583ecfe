//! Plays the demo audio through the built plugin and prints the tags.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use hamiltone_tests::demo::{self, Stretch, winner};
use hamiltone_tests::host::Plugin;
use hamiltone_tests::report::{Leading, Tags};

use crate::bundles::{self, COMMAND, Profile, target_folder};

const BLOCK: usize = 512;
/// Longer labels are cut.
const LABEL_WIDTH: usize = 28;
/// A line is drawn this often even if nothing changes.
const LONGEST_PAUSE_S: f64 = 1.0;
/// The end of a stretch in which the window of 2 s holds nothing else.
const SETTLED_S: f64 = 1.0;

pub(crate) fn run() -> Result<()> {
    let bundles = bundles::build(Profile::Release)?;
    let folder = target_folder()?.join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)?; // the plugin never overwrites a report
    }
    let audio = demo::audio()?;
    println!(
        "\nA host plays {:.0} s of sounds, music and a voice through the plugin.\n\
         Each line describes the 2 s of audio before it, so changes appear with a delay.\n",
        audio.seconds()
    );
    let mut printer = Printer::new(demo::stretches()?);
    printer.head();
    let mut plugin = Plugin::open(&bundles.clap)?;
    let start = Instant::now();
    demo::render(&mut plugin, &audio, BLOCK, &folder, |tags| {
        printer.print(tags)
    })?;
    let speed = audio.seconds() / start.elapsed().as_secs_f64();
    printer.foot();
    println!("The output is the input to the bit. Rendered at {speed:.0} times real time.");
    println!("\nResults (audio credits: assets/CREDITS.md)");
    for file in ["timeline.csv", "timeline.json", "tags.jsonl"] {
        println!("  {}", folder.join(file).display());
    }
    println!("The plugin: `cargo xtask install` copies it to where hosts look for plugins");
    bundles.print();
    println!("The command line: `hamiltone --help`");
    println!("  {}", target_folder()?.join(COMMAND).display());
    Ok(())
}

/// Prints tags when the first one changes, and after a pause.
struct Printer {
    stretches: Vec<Stretch>,
    /// Of the column of labels.
    width: usize,
    tags: Vec<Tags>,
    last: Option<(String, f64)>,
}

impl Printer {
    fn new(stretches: Vec<Stretch>) -> Self {
        let width = stretches.iter().map(|s| s.label.chars().count()).max();
        Self {
            stretches,
            width: width.unwrap_or(0).max("playing".len()),
            tags: Vec::new(),
            last: None,
        }
    }

    fn head(&self) {
        let width = self.width;
        println!(
            "    time  {:width$}    {:LABEL_WIDTH$}  probability",
            "playing", "first tag"
        );
    }

    fn print(&mut self, tags: &Tags) {
        self.tags.push(tags.clone());
        let Some(leading) = &tags.leading else {
            return;
        };
        let news = self.last.as_ref().is_none_or(|(label, time_s)| {
            *label != leading.label || tags.time_s - time_s >= LONGEST_PAUSE_S
        });
        if news {
            let playing = self.playing(tags.time_s);
            let is_right = playing.is_some_and(|stretch| stretch.accepts(&leading.label));
            let right = if is_right { '✓' } else { ' ' };
            let playing = playing.map_or("silence", |stretch| &stretch.label);
            println!(
                "{:>6.2} s  {playing:width$}  {right} {:LABEL_WIDTH$.LABEL_WIDTH$}  {} {:>3.0} %",
                tags.time_s,
                in_short(leading),
                bar(leading.probability),
                leading.probability * 100.0,
                width = self.width,
            );
            self.last = Some((leading.label.clone(), tags.time_s));
        }
    }

    fn playing(&self, time_s: f64) -> Option<&Stretch> {
        let mut stretches = self.stretches.iter();
        stretches.find(|s| (s.start_s..s.end_s).contains(&time_s))
    }

    /// Prints how many stretches have an acceptable first tag once they fill the window.
    fn foot(&self) {
        let right = |stretch: &&Stretch| {
            let first = winner(&self.tags, stretch.end_s - SETTLED_S, stretch.end_s);
            first.is_some_and(|(label, _)| stretch.accepts(&label))
        };
        println!(
            "\n{} of {} stretches have an acceptable first tag in their last second.",
            self.stretches.iter().filter(right).count(),
            self.stretches.len()
        );
    }
}

/// The root of the hierarchy and the label: `Music › Guitar`.
fn in_short(leading: &Leading) -> String {
    match leading.path.first().filter(|root| **root != leading.label) {
        Some(root) => format!("{root} › {}", leading.label),
        None => leading.label.clone(),
    }
}

/// A bar of 24 characters.
fn bar(probability: f64) -> String {
    const WIDTH: usize = 24;
    let full = (probability.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full))
}
