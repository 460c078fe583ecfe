//! The demo audio and its way through a plugin.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::host::{Layout, Plugin};
use crate::report::{Tags, TagsReader, wait_for};
use crate::state::State;
use crate::{permission, places, report};

/// Audio of one channel.
pub struct Audio {
    /// Hertz.
    pub sample_rate: u32,
    /// -1 to 1.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }
}

/// A stretch of the demo in which one thing sounds.
#[derive(Clone, Debug, Deserialize)]
pub struct Stretch {
    /// Seconds from the beginning.
    pub start_s: f64,
    /// Seconds from the beginning.
    pub end_s: f64,
    /// What sounds, for people.
    pub label: String,
    /// The built-in model's labels that are right for it, with semicolons between them.
    accepts: String,
}

impl Stretch {
    /// Whether a label of the built-in model is right for it.
    pub fn accepts(&self, label: &str) -> bool {
        self.accepts.split(';').any(|right| right == label)
    }
}

/// Decodes the demo audio.
///
/// # Errors
/// The file is missing or damaged.
pub fn audio() -> Result<Audio> {
    let (path, _) = places::demo_files();
    let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
    let mut reader = lewton::inside_ogg::OggStreamReader::new(file)?;
    ensure!(
        reader.ident_hdr.audio_channels == 1,
        "{} is not mono",
        path.display()
    );
    let sample_rate = reader.ident_hdr.audio_sample_rate;
    let mut samples = Vec::new();
    while let Some(channels) = reader.read_dec_packet_generic::<Vec<Vec<f32>>>()? {
        samples.extend_from_slice(&channels[0]);
    }
    Ok(Audio {
        sample_rate,
        samples,
    })
}

/// What sounds when in the demo.
///
/// # Errors
/// The table is missing or damaged.
pub fn stretches() -> Result<Vec<Stretch>> {
    let (_, path) = places::demo_files();
    let mut table = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    Ok(table.deserialize().collect::<Result<_, _>>()?)
}

/// Plays `audio` through both channels of a plugin as an offline render does, in blocks of `block`
/// frames, with the plugin's report going to `folder`. `on_tags` is called with each line as it is written.
///
/// # Errors
/// The plugin refuses something, changes the sound, or its report does not come.
pub fn render(
    plugin: &mut Plugin,
    audio: &Audio,
    block: usize,
    folder: &Path,
    mut on_tags: impl FnMut(&Tags),
) -> Result<()> {
    fs::create_dir_all(folder)?;
    permission::allow(folder)?;
    let mut state = State::parse(&plugin.save()?)?;
    state.set_setting(
        "report_folder",
        folder.to_str().context("the folder is not UTF-8")?,
    )?;
    plugin.load(&state.to_bytes())?;
    plugin.set_offline(true)?;
    let mut stream = plugin.start(Layout::Stereo, audio.sample_rate, block)?;
    let mut tags = TagsReader::new(folder);
    for samples in audio.samples.chunks(block) {
        stream
            .input_mut()
            .iter_mut()
            .for_each(|c| c[..samples.len()].copy_from_slice(samples));
        stream.process(samples.len())?;
        for channel in stream.output() {
            let same = channel
                .iter()
                .zip(samples)
                .all(|(out, sample)| out.to_bits() == sample.to_bits());
            ensure!(same, "the plugin changed the sound");
        }
        tags.read_new()?.iter().for_each(&mut on_tags);
        plugin.pump();
    }
    plugin.stop(stream);
    wait_for(&folder.join("timeline.json"), Duration::from_secs(10))?;
    wait_for(&folder.join("timeline.csv"), Duration::from_secs(10))?;
    tags.read_new()?.iter().for_each(&mut on_tags);
    Ok(())
}

/// The label that leads in most columns between two times, and its share of them.
pub fn winner(tags: &[report::Tags], from_s: f64, to_s: f64) -> Option<(String, f64)> {
    let labels: Vec<&str> = tags
        .iter()
        .filter(|tags| (from_s..to_s).contains(&tags.time_s))
        .filter_map(|tags| tags.leading.as_ref())
        .map(|leading| leading.label.as_str())
        .collect();
    let count = |label: &str| labels.iter().filter(|other| **other == label).count();
    let winner = labels.iter().max_by_key(|label| count(label))?;
    Some((
        (*winner).to_owned(),
        count(winner) as f64 / labels.len() as f64,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_covers_the_audio() {
        let (audio, stretches) = (audio().unwrap(), stretches().unwrap());
        assert_eq!(stretches.len(), 14);
        assert!(stretches[0].accepts("Bark") && !stretches[0].accepts("Music"));
        assert!(audio.samples.iter().all(|sample| sample.abs() < 1.0));
        let mut end_s = 0.0;
        for stretch in &stretches {
            assert_eq!(stretch.start_s, end_s);
            end_s = stretch.end_s;
        }
        assert!(
            (audio.seconds() - end_s).abs() < 0.01,
            "{} s",
            audio.seconds()
        );
    }

    #[test]
    fn the_winner_is_the_label_that_leads_most_often() {
        let tags = |time_s: f64, label: &str| report::Tags {
            time_s,
            top: Vec::new(),
            leading: Some(report::Leading {
                label: label.to_owned(),
                path: vec![label.to_owned()],
                probability: 0.5,
                on: true,
            }),
        };
        let tags = [
            tags(0.5, "dog"),
            tags(1.0, "rain"),
            tags(1.5, "dog"),
            tags(2.0, "rain"),
        ];
        let (label, share) = winner(&tags, 0.0, 2.0).unwrap();
        assert_eq!(label, "dog");
        assert!((share - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(winner(&tags, 3.0, 4.0), None);
    }
}
