//! A layer for Sonic Visualiser: a region per event, at the height of its label. Positions are those in the audio file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::fields::one_line;

/// The rate of a timeline without one.
const DEFAULT_RATE: u32 = 44_100;

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    // Sonic Visualiser 4.5 takes frames as those of its audio file, whatever the rate of the layer.
    let rate = match timeline.sample_rate {
        0 => DEFAULT_RATE,
        rate => rate,
    };
    let frame = |seconds: f64| (seconds.max(0.0) * f64::from(rate)).round() as u64;
    // Labels with events, from the bottom.
    let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &timeline.events {
        let next = heights.len() + 1;
        heights.entry(&event.label).or_insert(next);
    }
    let end = frame(timeline.duration_s);
    writeln!(target, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(target, "<!DOCTYPE sonic-visualiser>\n<sv>\n<data>")?;
    writeln!(
        target,
        r#"<model id="1" name="Hamiltone" sampleRate="{rate}" start="0" end="{end}" type="sparse" dimensions="3" resolution="1" notifyOnAdd="true" dataset="2" subtype="region" valueQuantization="0" minimum="0" maximum="{}" units=""/>"#,
        heights.len() + 1
    )?;
    writeln!(target, r#"<dataset id="2" dimensions="3">"#)?;
    for event in &timeline.events {
        let start = frame(event.start_s);
        let duration = frame(event.end_s).saturating_sub(start);
        let height = heights.get(event.label.as_str()).copied().unwrap_or(0);
        let percent = (100.0 * event.mean_probability).round();
        let label = escape(&format!("{} {percent} %", one_line(&event.label)));
        writeln!(
            target,
            r#"<point frame="{start}" value="{height}" duration="{duration}" label="{label}"/>"#
        )?;
    }
    writeln!(target, "</dataset>\n</data>\n<display>")?;
    // Plot style 0 draws a line per region at its height, so that overlapping regions stay visible.
    writeln!(
        target,
        r#"<layer id="3" type="regions" name="Hamiltone" model="1" verticalScale="1" plotStyle="0"/>"#
    )?;
    writeln!(target, "</display>\n</sv>")
}

/// Text for an XML attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
