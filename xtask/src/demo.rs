//! Plays the demo audio through the built plugin and prints what it hears.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use hamiltone_tests::demo::{self, Stretch};
use hamiltone_tests::host::Plugin;
use hamiltone_tests::report::Tags;

use crate::bundles::{self, Profile, target_folder};

const BLOCK: usize = 512;
/// A line is drawn this often even if nothing changes.
const LONGEST_PAUSE_S: f64 = 1.0;

pub(crate) fn run() -> Result<()> {
    let bundles = bundles::build(Profile::Release)?;
    let folder = target_folder()?.join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)?; // the plugin never overwrites a report
    }
    let audio = demo::audio()?;
    println!(
        "\nThe plugin hears {:.0} seconds of unseen clips (credits: assets/CREDITS.md).",
        audio.seconds()
    );
    println!("{:>8}  {:<32}  heard  (sounding)", "time", "how sure");
    let mut printer = Printer::new(demo::stretches()?);
    let mut plugin = Plugin::open(&bundles.clap)?;
    let start = Instant::now();
    demo::render(&mut plugin, &audio, BLOCK, &folder, |tags| {
        printer.hear(tags)
    })?;
    let speed = audio.seconds() / start.elapsed().as_secs_f64();
    println!(
        "\nIn blocks of {BLOCK} frames, unchanged in every bit, {speed:.0} times as fast as it sounds."
    );
    println!("The timeline:");
    for file in ["timeline.csv", "timeline.json", "tags.jsonl"] {
        println!("      {}", folder.join(file).display());
    }
    println!("The plugin:");
    bundles.print();
    println!("`cargo xtask install` copies both to where hosts look for plugins.");
    Ok(())
}

/// Prints tags when the first one changes, and now and then.
struct Printer {
    stretches: Vec<Stretch>,
    last: Option<(String, f64)>,
}

impl Printer {
    fn new(stretches: Vec<Stretch>) -> Self {
        Self {
            stretches,
            last: None,
        }
    }

    fn hear(&mut self, tags: &Tags) {
        let Some(first) = tags.top.first() else {
            return;
        };
        let news = self.last.as_ref().is_none_or(|(label, time_s)| {
            *label != first.label || tags.time_s - time_s >= LONGEST_PAUSE_S
        });
        if news {
            let sounding = self.sounding(tags.time_s).unwrap_or("silence");
            let bar = bar(first.probability);
            let percent = first.probability * 100.0;
            println!(
                "{:>6.2} s  {bar} {percent:>3.0} %  {}  ({sounding})",
                tags.time_s, first.label
            );
            self.last = Some((first.label.clone(), tags.time_s));
        }
    }

    fn sounding(&self, time_s: f64) -> Option<&str> {
        let stretch = self
            .stretches
            .iter()
            .find(|s| (s.start_s..s.end_s).contains(&time_s))?;
        Some(&stretch.label)
    }
}

/// A bar of 24 characters.
fn bar(probability: f64) -> String {
    const WIDTH: usize = 24;
    let full = (probability.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full))
}
