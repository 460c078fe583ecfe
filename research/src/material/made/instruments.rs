//! Every program of General MIDI, alone: phrases at random, and beats on its drum kits.

use anyhow::anyhow;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::{FLUID, MUSESCORE, Piece, Recipe, held_out};
use hamiltone_training::random::stream;

const PROGRAMS: u8 = 128;
/// Takes of a program with each soundfont.
const TAKES: u64 = 2;
/// Where General MIDI's drum kits are, on its tenth channel.
const KITS: [u8; 9] = [0, 8, 16, 24, 25, 32, 40, 48, 56];
const TAKES_OF_A_KIT: u64 = 6;
/// Of these, each soundfont plays its own takes.
const SOUNDFONTS: [&str; 2] = [FLUID, MUSESCORE];
const DRUMS: u8 = 9;
const TICKS_A_BEAT: u16 = 480;
const SCALES: [[u8; 5]; 3] = [[0, 2, 4, 7, 9], [0, 3, 5, 7, 10], [0, 2, 3, 7, 8]];

/// A note: when it begins and ends in ticks, its pitch, and how hard it is played.
type Note = (u32, u32, u8, u8);

/// The instrument of one of the soundfonts, by its index.
pub(super) fn pieces(soundfont: usize) -> anyhow::Result<Vec<Piece>> {
    let takes = |count: u64| count * soundfont as u64..count * (soundfont as u64 + 1);
    let soundfont = SOUNDFONTS[soundfont];
    let instruments = (0..PROGRAMS).flat_map(|program| {
        takes(TAKES).map(move |take| {
            let mut random = stream(2, &[u64::from(program), take]);
            let notes = phrase(&mut random);
            piece(
                format!("program{program}-{take}"),
                (program, 0),
                take,
                &notes,
                soundfont,
                &mut random,
            )
        })
    });
    let drums = KITS.into_iter().flat_map(|kit| {
        takes(TAKES_OF_A_KIT).map(move |take| {
            let mut random = stream(3, &[u64::from(kit), take]);
            let notes = beat(&mut random);
            piece(
                format!("kit{kit}-{take}"),
                (kit, DRUMS),
                take,
                &notes,
                soundfont,
                &mut random,
            )
        })
    });
    instruments.chain(drums).collect()
}

fn piece(
    name: String,
    (program, channel): (u8, u8),
    take: u64,
    notes: &[Note],
    soundfont: &'static str,
    random: &mut ChaCha8Rng,
) -> anyhow::Result<Piece> {
    Ok(Piece {
        group: format!("{name}-{take}"),
        // The phrases are random: what is held out is a phrase, its instrument is known.
        held_out: held_out(usize::from(program) + 5 * take as usize),
        name,
        recipe: Recipe::Play(
            midi(program, channel, notes, random.random_range(300..900))?,
            soundfont,
        ),
    })
}

/// A melody, some of its notes chords, in a scale and a range of its own.
fn phrase(random: &mut ChaCha8Rng) -> Vec<Note> {
    let scale = SCALES.choose(random).copied().unwrap_or(SCALES[0]);
    let root = random.random_range(36..68u8);
    let chords = random.random_bool(0.4);
    let unit = u32::from(TICKS_A_BEAT) / 2;
    let (mut notes, mut now) = (Vec::new(), 0);
    for _ in 0..random.random_range(8..24) {
        let length = unit * random.random_range(1..=4u32);
        for voice in 0..if chords { 3 } else { 1 } {
            let degree = random.random_range(0..scale.len()) + 2 * voice;
            let pitch = root + scale[degree % scale.len()] + 12 * (degree / scale.len()) as u8;
            notes.push((now, now + length, pitch, random.random_range(50..115)));
        }
        now += length + if random.random_bool(0.2) { unit } else { 0 };
    }
    notes
}

/// Four bars of a pattern in eighths on a few drums.
fn beat(random: &mut ChaCha8Rng) -> Vec<Note> {
    let eighth = u32::from(TICKS_A_BEAT) / 2;
    let mut drums = vec![36, 38, 42];
    drums.extend((0..3).map(|_| random.random_range(35..=81u8)));
    if random.random_bool(0.3) {
        drums.drain(..4); // one or two alone
    }
    let mut notes = Vec::new();
    for drum in drums {
        let share = random.random_range(0.1..0.6);
        let pattern: Vec<bool> = (0..8).map(|_| random.random_bool(share)).collect();
        for beat in (0..32u32).filter(|beat| pattern[*beat as usize % 8]) {
            let start = beat * eighth;
            notes.push((start, start + eighth, drum, random.random_range(60..120)));
        }
    }
    notes
}

fn midi(program: u8, channel: u8, notes: &[Note], tempo_ms: u32) -> anyhow::Result<Vec<u8>> {
    let message = |message| TrackEventKind::Midi {
        channel: u4::new(channel),
        message,
    };
    let mut events: Vec<(u32, bool, TrackEventKind)> = Vec::new();
    for (start, end, pitch, velocity) in notes {
        let (key, vel) = (u7::new(*pitch), u7::new(*velocity));
        events.push((*start, true, message(MidiMessage::NoteOn { key, vel })));
        events.push((*end, false, message(MidiMessage::NoteOff { key, vel })));
    }
    events.sort_by_key(|(tick, begins, _)| (*tick, *begins)); // a note ends before it is repeated
    let tempo = TrackEventKind::Meta(MetaMessage::Tempo(u24::new(1_000 * tempo_ms)));
    let program = u7::new(program);
    let mut track = vec![
        event(0, tempo),
        event(0, message(MidiMessage::ProgramChange { program })),
    ];
    let mut now = 0;
    for (tick, _, kind) in events {
        track.push(event(tick - now, kind));
        now = tick;
    }
    track.push(event(0, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let timing = Timing::Metrical(u15::new(TICKS_A_BEAT));
    let mut file = Smf::new(Header::new(Format::SingleTrack, timing));
    file.tracks.push(track);
    let mut bytes = Vec::new();
    file.write(&mut bytes)
        .map_err(|error| anyhow!("writing MIDI: {error}"))?;
    Ok(bytes)
}

fn event(delta: u32, kind: TrackEventKind) -> TrackEvent {
    TrackEvent {
        delta: u28::new(delta),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_file_plays_its_instrument_and_ends_every_note() {
        let pieces: Vec<Piece> = (0..2).flat_map(|font| pieces(font).unwrap()).collect();
        let expected = u64::from(PROGRAMS) * TAKES + KITS.len() as u64 * TAKES_OF_A_KIT;
        assert_eq!(pieces.len() as u64, 2 * expected);
        let names: BTreeSet<&str> = pieces.iter().map(|piece| piece.name.as_str()).collect();
        assert_eq!(names.len(), pieces.len(), "each take has a name of its own");
        for piece in &pieces {
            let Recipe::Play(bytes, _) = &piece.recipe else {
                panic!("{} is no MIDI file", piece.name)
            };
            let (mut begun, mut ended) = (0, 0);
            for event in &Smf::parse(bytes).unwrap().tracks[0] {
                match event.kind {
                    TrackEventKind::Midi {
                        message: MidiMessage::NoteOn { .. },
                        ..
                    } => begun += 1,
                    TrackEventKind::Midi {
                        message: MidiMessage::NoteOff { .. },
                        ..
                    } => ended += 1,
                    _ => {}
                }
            }
            assert_eq!(begun, ended, "{}", piece.name);
        }
    }
}
