//! JAMS (Humphrey et al., "JAMS: A JSON Annotated Music Specification", ISMIR 2014): events as open
//! tags with a confidence.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;
use serde_json::{Value, json};

use crate::table::from_zero;

/// The version of the specification that this follows.
const JAMS_VERSION: &str = "0.3.4";

pub(crate) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    // The schema knows no time before zero.
    let placed =
        |start_s: f64, end_s: f64| from_zero(timeline.start_s + start_s, timeline.start_s + end_s);
    let (start_s, end_s) = placed(0.0, timeline.duration_s).unwrap_or_default();
    let data: Vec<Value> = timeline
        .events
        .iter()
        .filter_map(|event| {
            let (start_s, end_s) = placed(event.start_s, event.end_s)?;
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
            let (start_s, end_s) = placed(gap.start_s, gap.end_s)?;
            Some(json!({ "start_s": start_s, "end_s": end_s, "reason": gap.reason }))
        })
        .collect();
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
            "sandbox": { "window_s": timeline.window_s, "gaps": gaps },
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
