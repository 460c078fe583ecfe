//! A standard MIDI file: markers at the start and end of each event, and a note per event with its label as a lyric.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

use crate::fields::{from_zero, one_line};

/// 120 beats per minute.
const MICROSECONDS_PER_BEAT: u32 = 500_000;
/// A tick is half a millisecond. More ticks per beat are not portable: pretty_midi, for example, refuses files of more
/// than 10⁷ ticks, which is 87 minutes here.
const TICKS_PER_BEAT: u16 = 960;
/// The note of the first label on channel 1, as in the plugin by default. Later labels have the next notes; after 127
/// follows note 0 of the next channel.
const FIRST_NOTE: usize = 36;
/// An undefined controller, which synthesisers ignore.
const UNUSED_CONTROLLER: u8 = 119;
const SEPARATOR: &str = "; ";

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let mut markers = Markers::default();
    let (mut notes, mut lyrics) = (Vec::new(), Markers::default());
    for event in &timeline.events {
        let Some((start, end)) = ticks_of(timeline, event.start_s, event.end_s) else {
            continue;
        };
        let percent = (100.0 * event.mean_probability).round();
        let name = one_line(&event.label);
        markers.begin(start, format!("{name} {percent} %"));
        markers.end(end, format!("end of {name}"));
        let label = timeline
            .labels
            .iter()
            .position(|label| *label == event.label);
        if let Some((channel, key)) = label.and_then(note_of) {
            let velocity = (127.0 * event.mean_probability).round().clamp(1.0, 127.0) as u8;
            lyrics.begin(start, name.clone());
            notes.push(note(end, channel, key, None));
            notes.push(note(start, channel, key, Some(velocity)));
        }
    }
    for gap in &timeline.gaps {
        if let Some((start, end)) = ticks_of(timeline, gap.start_s, gap.end_s) {
            markers.begin(start, format!("not analysed: {}", gap.reason));
            markers.end(end, "analysed again".to_owned());
        }
    }
    let (texts, lyrics) = (markers.texts(), lyrics.texts());
    notes.extend(lyrics.iter().map(lyric));
    notes.sort_by_key(|(at, kind)| (*at, order_in_tick(kind)));
    let file = Smf {
        header: Header::new(Format::Parallel, Timing::Metrical(u15::new(TICKS_PER_BEAT))),
        tracks: vec![
            track("Hamiltone", marker_events(&texts)),
            track("Hamiltone notes", notes),
        ],
    };
    let mut bytes = Vec::new();
    // Writing to memory fails only if a track is too long for the format.
    file.write(&mut bytes)
        .map_err(|error| io::Error::other(format!("too many events for a MIDI file: {error:?}")))?;
    target.write_all(&bytes)
}

/// At the same tick, notes end, then the lyric stands before the notes that begin.
fn order_in_tick(kind: &TrackEventKind<'_>) -> u8 {
    match kind {
        TrackEventKind::Meta(_) => 1,
        TrackEventKind::Midi {
            message: MidiMessage::NoteOn { .. },
            ..
        } => 2,
        _ => 0,
    }
}

fn lyric((at, text): &(u64, String)) -> (u64, TrackEventKind<'_>) {
    (
        *at,
        TrackEventKind::Meta(MetaMessage::Lyric(text.as_bytes())),
    )
}

/// Texts of markers by tick: what ends, then what begins.
#[derive(Default)]
struct Markers(BTreeMap<u64, (Vec<String>, Vec<String>)>);

impl Markers {
    fn begin(&mut self, at: u64, text: String) {
        self.0.entry(at).or_default().1.push(text);
    }

    fn end(&mut self, at: u64, text: String) {
        self.0.entry(at).or_default().0.push(text);
    }

    /// One text per tick, since Ardour keeps only the first marker of a tick.
    fn texts(self) -> Vec<(u64, String)> {
        let text = |(at, (ends, begins)): (u64, (Vec<String>, Vec<String>))| {
            (at, [ends, begins].concat().join(SEPARATOR))
        };
        self.0.into_iter().map(text).collect()
    }
}

/// Tempo, a controller event and the markers. Ardour and qtractor ignore files without any channel event.
fn marker_events(texts: &[(u64, String)]) -> Vec<(u64, TrackEventKind<'_>)> {
    let controller = TrackEventKind::Midi {
        channel: u4::new(0),
        message: MidiMessage::Controller {
            controller: u7::new(UNUSED_CONTROLLER),
            value: u7::new(0),
        },
    };
    let tempo = MetaMessage::Tempo(u24::new(MICROSECONDS_PER_BEAT));
    let markers = texts.iter().map(|(at, text)| {
        let marker = MetaMessage::Marker(text.as_bytes());
        (*at, TrackEventKind::Meta(marker))
    });
    let first = [(0, TrackEventKind::Meta(tempo)), (0, controller)];
    first.into_iter().chain(markers).collect()
}

/// A note on with `velocity`, or a note off.
fn note(at: u64, channel: u8, key: u8, velocity: Option<u8>) -> (u64, TrackEventKind<'static>) {
    let key = u7::new(key);
    let message = match velocity {
        Some(velocity) => MidiMessage::NoteOn {
            key,
            vel: u7::new(velocity),
        },
        None => MidiMessage::NoteOff {
            key,
            vel: u7::new(0),
        },
    };
    let channel = u4::new(channel);
    (at, TrackEventKind::Midi { channel, message })
}

/// Channel (0 to 15) and key of a label; `None` after the last channel.
fn note_of(label: usize) -> Option<(u8, u8)> {
    let index = FIRST_NOTE + label;
    let channel = index / 128;
    (channel < 16).then_some((channel as u8, (index % 128) as u8))
}

/// A track with a name, of events in the order of their ticks.
fn track<'a>(name: &'a str, events: Vec<(u64, TrackEventKind<'a>)>) -> Vec<TrackEvent<'a>> {
    let meta = |message| TrackEvent {
        delta: u28::new(0),
        kind: TrackEventKind::Meta(message),
    };
    let mut track = vec![meta(MetaMessage::TrackName(name.as_bytes()))];
    let mut now = 0;
    for (at, kind) in events {
        let mut delta = at - now;
        // The largest delta is 38 hours; empty texts divide longer ones.
        let max = u64::from(u28::max_value().as_int());
        while delta > max {
            let mut text = meta(MetaMessage::Text(b""));
            text.delta = u28::max_value();
            track.push(text);
            delta -= max;
        }
        let delta = u28::new(delta as u32);
        track.push(TrackEvent { delta, kind });
        now = at;
    }
    track.push(meta(MetaMessage::EndOfTrack));
    track
}

/// The ticks of an interval of the timeline; `None` if it ends before the host's zero.
fn ticks_of(timeline: &Timeline, start_s: f64, end_s: f64) -> Option<(u64, u64)> {
    let (start_s, end_s) = from_zero(timeline.start_s + start_s, timeline.start_s + end_s)?;
    let per_second = f64::from(TICKS_PER_BEAT) * 1e6 / f64::from(MICROSECONDS_PER_BEAT);
    let ticks = |seconds: f64| (seconds * per_second).round() as u64;
    Some((ticks(start_s), ticks(end_s)))
}
