//! A standard MIDI file with a marker where each event begins and where it ends.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;
use midly::num::{u15, u24, u28};
use midly::{Format, Header, MetaMessage, Smf, Timing, TrackEvent, TrackEventKind};

use crate::table::from_zero;

/// At 120 beats a minute a beat is half a second, and a tick then a twentieth of a millisecond ...
const MICROSECONDS_A_BEAT: u32 = 500_000;
/// ... so that rounding to a tick is never heard.
const TICKS_A_BEAT: u16 = 10_000;

pub(crate) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let mut markers: Vec<(u64, String)> = Vec::new();
    let placed = |start_s: f64, end_s: f64| {
        let (start_s, end_s) = from_zero(timeline.start_s + start_s, timeline.start_s + end_s)?;
        Some((ticks(start_s), ticks(end_s)))
    };
    for event in &timeline.events {
        let Some((begin, end)) = placed(event.start_s, event.end_s) else {
            continue;
        };
        let percent = (100.0 * event.mean_probability).round();
        markers.push((begin, format!("{} {percent} %", event.label)));
        markers.push((end, format!("end of {}", event.label)));
    }
    for gap in &timeline.gaps {
        let Some((begin, end)) = placed(gap.start_s, gap.end_s) else {
            continue;
        };
        markers.push((begin, format!("not heard: {}", gap.reason)));
        markers.push((end, "heard again".to_owned()));
    }
    // At one instant, ends come before what begins.
    markers.sort_by_key(|(at, text)| (*at, !text.starts_with("end of ")));
    let mut track = vec![
        meta(0, MetaMessage::TrackName(b"Hamiltone")),
        meta(0, MetaMessage::Tempo(u24::new(MICROSECONDS_A_BEAT))),
    ];
    let mut reached = 0;
    for (at, text) in &markers {
        let mut wait = at - reached;
        // A wait longer than the format can say (some three hours) is made of several.
        while wait > u64::from(u28::max_value().as_int()) {
            track.push(meta(u28::max_value().as_int(), MetaMessage::Text(b"")));
            wait -= u64::from(u28::max_value().as_int());
        }
        track.push(meta(wait as u32, MetaMessage::Marker(text.as_bytes())));
        reached = *at;
    }
    track.push(meta(0, MetaMessage::EndOfTrack));
    let header = Header::new(
        Format::SingleTrack,
        Timing::Metrical(u15::new(TICKS_A_BEAT)),
    );
    let mut bytes = Vec::new();
    let file = Smf {
        header,
        tracks: vec![track],
    };
    // Into memory it fails only where a track is longer than the format can say.
    file.write(&mut bytes).map_err(|error| {
        io::Error::other(format!("too many markers for a MIDI file: {error:?}"))
    })?;
    target.write_all(&bytes)
}

fn meta(delta: u32, message: MetaMessage<'_>) -> TrackEvent<'_> {
    TrackEvent {
        delta: u28::new(delta),
        kind: TrackEventKind::Meta(message),
    }
}

fn ticks(seconds: f64) -> u64 {
    let a_second = f64::from(TICKS_A_BEAT) * 1e6 / f64::from(MICROSECONDS_A_BEAT);
    (seconds * a_second).round() as u64
}
