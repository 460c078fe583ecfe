//! Live tagging as a plugin or an audio application does it.
//!
//! The audio thread only mixes to mono and writes into a lock-free ring: it never allocates, locks or waits. A worker
//! thread reads the ring, runs the tagger and prints the leading label of every column. Here a thread plays the host:
//! it calls the audio callback with blocks of stereo, at the pace of a sound card.
//!
//! `cargo run --release --example live -- [SECONDS]` (default: 6).

use std::error::Error;
use std::f32::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hamiltone_engine::audio::mix_frame;
use hamiltone_engine::model::Library;
use hamiltone_engine::tagging::{Lineup, Tagger, Tags, on_now};
use rtrb::{Consumer, Producer, RingBuffer};

const SAMPLE_RATE: u32 = 48_000;
/// Frames of a block of the host.
const BLOCK: usize = 512;
/// Room for two seconds, should the worker be late.
const RING: usize = 2 * SAMPLE_RATE as usize;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 6.0,
    };
    // Everything that allocates or may block is made before audio starts.
    let model = Library::new().default_model();
    let tagger = Tagger::new(model.clone(), SAMPLE_RATE, model.card().default_window_s)?;
    let (producer, consumer) = RingBuffer::new(RING);
    let dropped = Arc::new(AtomicU64::new(0));

    let worker = thread::spawn(move || work(tagger, consumer));
    let callback = AudioCallback {
        ring: producer,
        dropped: dropped.clone(),
    };
    play(callback, seconds); // drops the producer at its end, by which the worker ends
    worker.join().map_err(|_| "the worker panicked")?;
    println!("dropped samples: {}", dropped.load(Ordering::Relaxed));
    Ok(())
}

/// What the audio thread owns.
struct AudioCallback {
    ring: Producer<f32>,
    /// Samples for which the ring had no room. A real program would mark the gap and reset the tagger behind it.
    dropped: Arc<AtomicU64>,
}

impl AudioCallback {
    /// One block. Never allocates, locks or blocks.
    fn process(&mut self, left: &[f32], right: &[f32]) {
        for (&left, &right) in left.iter().zip(right) {
            if self.ring.push(mix_frame([left, right])).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// The worker thread: everything that computes.
fn work(mut tagger: Tagger, mut ring: Consumer<f32>) {
    let mut block = Vec::with_capacity(RING);
    loop {
        // Read in this order: what was written before the producer went must not be missed.
        let is_last = ring.is_abandoned();
        block.clear();
        if let Ok(chunk) = ring.read_chunk(ring.slots()) {
            block.extend(chunk);
        }
        let model = tagger.model().clone();
        tagger.push(&block, &mut |tags| print(tags, model.card()));
        if is_last {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn print(tags: &Tags<'_>, card: &hamiltone_engine::model::Card) {
    let threshold = hamiltone_engine::model::USUAL_THRESHOLD;
    let on = on_now(tags.probabilities, tags.on_levels, threshold);
    let lineup = Lineup {
        probabilities: tags.probabilities,
        on: &on,
        levels: tags.on_levels,
        parents: &card.parents,
    };
    if let Some(leader) = lineup.leader() {
        println!(
            "{:6.2} s  {} {} ({:.0} %)",
            tags.time_s,
            if on[leader] { "●" } else { "○" },
            card.labels[leader],
            100.0 * tags.probabilities[leader]
        );
    }
}

/// The host: calls the callback at the pace of a sound card, with a chord for two seconds, then noise, in turn.
fn play(mut callback: AudioCallback, seconds: f64) {
    let mut state = 1u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32 - 0.5
    };
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    let start = Instant::now();
    let blocks = (seconds * f64::from(SAMPLE_RATE) / BLOCK as f64) as usize;
    for block in 0..blocks {
        for frame in 0..BLOCK {
            let time_s = (block * BLOCK + frame) as f32 / SAMPLE_RATE as f32;
            let tone = |hz: f32| (TAU * hz * time_s).sin();
            let sample = match time_s % 4.0 < 2.0 {
                true => 0.1 * (tone(220.0) + tone(277.2) + tone(329.6)),
                false => 0.2 * noise(),
            };
            (left[frame], right[frame]) = (sample, sample);
        }
        callback.process(&left, &right);
        let due = Duration::from_secs_f64(((block + 1) * BLOCK) as f64 / f64::from(SAMPLE_RATE));
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
}
