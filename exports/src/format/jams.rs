//! JAMS (Humphrey et al., "JAMS: A JSON Annotated Music Specification", ISMIR 2014): the events as tags of the open
//! vocabulary (`tag_open`) with a confidence.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;
use serde_json::{Value, json};

use crate::fields::from_zero;

/// The version of the schema.
const JAMS_VERSION: &str = "0.3.4";

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    // The schema has no negative times.
    let clip =
        |start_s: f64, end_s: f64| from_zero(timeline.start_s + start_s, timeline.start_s + end_s);
    let (start_s, end_s) = clip(0.0, timeline.duration_s).unwrap_or_default();
    let data: Vec<Value> = timeline
        .events
        .iter()
        .filter_map(|event| {
            let (start_s, end_s) = clip(event.start_s, event.end_s)?;
            Some(json!({
                "time": start_s,
                "duration": end_s - start_s,
                "value": event.label,
                "confidence": event.mean_probability,
            }))
        })
        .collect();
    let gaps: Vec<Value> = timeline
        .gaps
        .iter()
        .filter_map(|gap| {
            let (start_s, end_s) = clip(gap.start_s, gap.end_s)?;
            Some(json!({ "start_s": start_s, "end_s": end_s, "reason": gap.reason }))
        })
        .collect();
    let mut sandbox = json!({ "window_s": timeline.window_s, "gaps": gaps });
    if let Some(channel) = timeline.channel {
        sandbox["channel"] = json!(channel);
    }
    if !timeline.warnings.is_empty() {
        sandbox["warnings"] = json!(timeline.warnings);
    }
    let document = json!({
        "annotations": [{
            "annotation_metadata": {
                "curator": { "name": "", "email": "" },
                "annotator": { "model": timeline.model, "sha256": timeline.model_hash },
                "version": "",
                "corpus": "",
                "annotation_tools": concat!("Hamiltone ", env!("CARGO_PKG_VERSION")),
                "annotation_rules": "a tag is on from its level until it falls below seven tenths of that",
                "validation": "",
                "data_source": "program",
            },
            "namespace": "tag_open",
            "data": data,
            "sandbox": sandbox,
            "time": start_s,
            "duration": end_s - start_s,
        }],
        "file_metadata": {
            "title": timeline.source,
            "artist": "",
            "release": "",
            "duration": end_s,
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {},
    });
    serde_json::to_writer_pretty(&mut *target, &document)?;
    target.write_all(b"\n")
}
