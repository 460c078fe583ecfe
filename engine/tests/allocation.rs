//! Which calls allocate: what `REALTIME.md` says, counted. Frees count as allocations.

mod common;

use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::measure;
use common::{model_file, numbers, small_of_all_kinds, sound, weights};
use hamiltone_engine::Interrupt;
use hamiltone_engine::audio::{StereoMixdown, StreamResampler, mix_down, mix_frame};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, FrontEnd, LogMel};
use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::model::Model;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use hamiltone_engine::tagging::Tagger;

/// Fails if `call` allocates, or frees what was allocated before.
fn allocates_nothing(what: &str, call: impl FnOnce()) {
    let counted = measure(call);
    assert_eq!(counted.count_total, 0, "{what} allocates");
    assert_eq!(counted.count_current, 0, "{what} frees");
}

#[test]
fn the_network_allocates_nothing_from_the_first_chunk_on() {
    let (mels, columns) = (64, 3);
    // Wide enough that every kind of kernel is chosen somewhere.
    let [_, statistics, ..] = small_of_all_kinds(5);
    for architecture in [
        Architecture::doubling(16, 5, false, 1.0, 5),
        Architecture::doubling(64, 3, true, 1.0, 5).real(),
        statistics,
    ] {
        for set in InstructionSet::ALL
            .into_iter()
            .filter(|set| set.is_available())
        {
            let weights = weights(&architecture, mels, 3);
            let network = PackedNetwork::for_instructions(&architecture, mels, &weights, set);
            let mut stream = StreamingNetwork::new(Arc::new(network), columns);
            let frames = columns * architecture.frames_per_column();
            let mut number = numbers(5);
            let frames: Vec<f32> = (0..frames * COMPONENTS * mels).map(|_| number()).collect();
            let mut sum = 0.0;
            allocates_nothing(set.name(), || {
                stream.advance(&frames, &mut |column| sum += column[0]);
                stream.reset();
                stream.advance(&frames, &mut |column| sum += column[0]);
            });
            black_box(sum);
        }
    }
}

#[test]
fn a_tagger_allocates_nothing_once_the_first_tags_came() {
    let small = small_of_all_kinds(4).into_iter().map(|architecture| {
        let bytes = model_file(architecture, 1).to_bytes().unwrap();
        Model::from_bytes(&bytes).unwrap()
    });
    let in_half_precision = Model::from_bytes(hamiltone_models::GENERAL_HALF).unwrap();
    for model in small.chain([in_half_precision]) {
        let model = Arc::new(model);
        for rate in [32_000, 44_100, 47_999, 48_000] {
            let mut tagger = Tagger::new(model.clone(), rate, 2.0).unwrap();
            let samples = sound(3 * rate as usize, 2);
            let (mut tags, mut rest) = (0, samples.chunks(512));
            for block in rest.by_ref() {
                tagger.push(block, &mut |_| tags += 1);
                if tags > 0 {
                    break;
                }
            }
            allocates_nothing("Tagger::push", || {
                for block in rest {
                    tagger.push(block, &mut |_| tags += 1);
                }
            });
            assert!(tags > 4, "{tags} tags");
            allocates_nothing("Tagger::reset and push after it", || {
                tagger.reset();
                tagger.push(&samples, &mut |_| tags += 1);
            });
            allocates_nothing("the settings of a tagger", || {
                tagger.set_window(5.0);
                black_box((tagger.window_s(), tagger.refresh_s(), tagger.latency_s()));
                black_box((tagger.among(), tagger.model()));
            });
            tagger.push(&samples, &mut |tags| {
                allocates_nothing("OnLevels", || {
                    black_box(tags.on_levels.level(0, 0.5));
                    black_box(tags.on_levels.is_on(0, 0.5, 0.5, true));
                });
            });
        }
    }
}

#[test]
fn the_way_to_the_tagger_allocates_nothing() {
    let samples = sound(48_000, 3);
    let mut stereo = StereoMixdown::new(48_000.0);
    let mut mono = Vec::with_capacity(samples.len());
    allocates_nothing("the mixdown", || {
        for &sample in &samples {
            black_box(mix_frame([sample, -sample]));
            black_box(stereo.frame(sample, -sample));
        }
        black_box((stereo.opposite(), stereo.one_sided()));
        stereo.reset();
        mix_down(&[&samples, &samples], &mut mono);
    });
    for rate in [8_000, 32_000, 44_100, 47_999, 192_000] {
        let mut resampler = StreamResampler::new(rate, 32_000).unwrap();
        allocates_nothing("the resampler", || {
            for block in samples.chunks(777) {
                resampler.push(block, &mut |piece| _ = black_box(piece.len()));
            }
            black_box((resampler.input_until(5_120), resampler.latency_s(rate)));
            resampler.reset();
            resampler.push(&samples, &mut |piece| _ = black_box(piece.len()));
        });
    }
    let settings = FeatureSettings::default();
    for mut front_end in [
        FrontEnd::new(&settings),
        FrontEnd::after_silence(&settings).0,
    ] {
        allocates_nothing("the front end", || {
            front_end.push(&samples, &mut |frame| _ = black_box(frame.len()));
            front_end.reset();
            front_end.push(&samples, &mut |frame| _ = black_box(frame.len()));
        });
    }
    let (mut log_mel, mut row) = (LogMel::new(&settings), vec![0.0; settings.mel_bands]);
    allocates_nothing("LogMel::frame", || {
        log_mel.frame(&samples[..settings.fft_size], &mut row);
    });
    let interrupt = Interrupt::default();
    allocates_nothing("an interrupt", || {
        interrupt.raise();
        black_box(interrupt.is_raised());
    });
}
