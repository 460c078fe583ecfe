//! Streaming equals the whole clip, whatever the blocks.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use common::{model_file, numbers, small, small_of_all_kinds, sound, weights};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, FrontEnd, quaternion_frames};
use hamiltone_engine::kernels::{InstructionSet, Method};
use hamiltone_engine::model::{Model, clip_logits};
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use hamiltone_engine::network::whole_clip::Network;
use hamiltone_engine::network::{Algebra, Architecture, Block, TemporalPooling};
use hamiltone_engine::tagging::{ClipClassifier, ClipFeatures, Tagger};
use proptest::prelude::*;

/// Columns and logits of frames (frame after frame) by candle, over the whole clip.
fn whole_clip(
    architecture: &Architecture,
    mels: usize,
    frames: &[f32],
    seed: u64,
) -> (Vec<Vec<f32>>, Vec<f32>) {
    let weights = weights(architecture, mels, seed);
    let tensors: BTreeMap<String, Tensor> = architecture
        .parameters(mels)
        .into_iter()
        .map(|shape| {
            let values = weights[&shape.name].clone();
            let tensor = Tensor::from_vec(values, shape.shape.as_slice(), &Device::Cpu).unwrap();
            (shape.name, tensor)
        })
        .collect();
    let network = Network::new(architecture, mels, &tensors).unwrap();
    let count = frames.len() / (COMPONENTS * mels);
    let frames = Tensor::from_slice(frames, (1, count, COMPONENTS, mels), &Device::Cpu).unwrap();
    let frames = frames.transpose(1, 2).unwrap().contiguous().unwrap();
    let columns = network.columns(&frames).unwrap();
    let features = network.window_features(&columns).unwrap();
    let logits = network.logits(&network.hidden(&features).unwrap()).unwrap();
    (
        columns.squeeze(0).unwrap().to_vec2().unwrap(),
        logits.squeeze(0).unwrap().to_vec1().unwrap(),
    )
}

fn worst(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len(), "as many columns");
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.fold(0f32, |worst, (a, b)| {
        worst.max((a - b).abs() / (1.0 + b.abs()))
    })
}

/// A block of 3×3 convolutions, or of separable units that are residual where they can be.
fn block() -> impl Strategy<Value = Block> {
    let full = (prop::collection::vec(1usize..5, 1..4), any::<bool>());
    let full = full.prop_map(|(filters, pools)| Block::new(filters, pools));
    let units = prop::collection::vec((1usize..7, 1usize..4), 1..4);
    let separable = (units, any::<bool>(), any::<bool>(), any::<bool>());
    let separable = separable.prop_map(|(units, pools, equal, large)| {
        let (expanded, mut filters): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        if equal {
            filters = vec![filters[0]; filters.len()];
        }
        Block::separable(filters, expanded, if large { 5 } else { 3 }, pools)
    });
    prop_oneof![full, separable]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Random shapes (uneven filter counts, odd mels, blocks without pooling), random chunks.
    #[test]
    fn streaming_equals_the_whole_clip(
        blocks in prop::collection::vec(block(), 1..4),
        mels in 9usize..24, columns in 1usize..9, chunks in prop::collection::vec(1usize..4, 1..9),
        real in any::<bool>(), statistics in any::<bool>(), hidden in 0usize..3, seed in 1u64..1000,
    ) {
        let algebra = if real { Algebra::Real } else { Algebra::Quaternion };
        let temporal_pooling = if statistics { TemporalPooling::Statistics } else { TemporalPooling::MeanMax };
        let architecture = Architecture { blocks, hidden, labels: 3, algebra, temporal_pooling };
        prop_assume!(architecture.problem(mels).is_none());
        let per_column = architecture.frames_per_column() * COMPONENTS * mels;
        let mut number = numbers(seed);
        let frames: Vec<f32> = (0..columns * per_column).map(|_| 20.0 * number() - 30.0).collect();
        let (expected, logits) = whole_clip(&architecture, mels, &frames, seed);
        let packed = Arc::new(PackedNetwork::new(&architecture, mels, &weights(&architecture, mels, seed)));
        prop_assert!(worst(&[clip_logits(&packed, &frames)], &[logits]) < 2e-4);
        let mut stream = StreamingNetwork::new(packed, 3);
        let (mut got, mut rest, mut cut) = (Vec::new(), &frames[..], chunks.iter().cycle());
        while !rest.is_empty() {
            let size = (cut.next().unwrap() * per_column).min(rest.len());
            let (chunk, after) = rest.split_at(size);
            stream.advance(chunk, &mut |column| got.push(column.to_vec()));
            rest = after;
        }
        prop_assert!(worst(&got, &expected) < 1e-4);
        // A stream that was reset is a new one.
        stream.reset();
        let mut again = Vec::new();
        stream.advance(&frames[..per_column], &mut |column| again.push(column.to_vec()));
        // (To rounding: what else is in its chunk changes the order of sums.)
        prop_assert!(worst(&again[..1], &got[..1]) < 1e-5);
    }

    /// From samples to tags: any blocks (1 to 16384 samples) at any rate, the same tags.
    #[test]
    fn any_cut_of_the_samples_gives_the_same_tags(
        rate in prop::sample::select(vec![8_000u32, 32_000, 44_100, 48_000, 192_000]),
        cuts in prop::collection::vec(1usize..=16_384, 1..30), seed in 1u64..50,
    ) {
        let bytes = model_file(small(4), seed).to_bytes().unwrap();
        let model = Arc::new(Model::from_bytes(&bytes).unwrap());
        let samples = sound(rate as usize, seed);
        let run = |blocks: &mut dyn Iterator<Item = usize>| {
            let mut tagger = Tagger::new(model.clone(), rate, 1.0).unwrap();
            let (mut tags, mut rest) = (Vec::new(), &samples[..]);
            let mut take = |time: f64, p: &[f32]| tags.push((time, p.to_vec()));
            while !rest.is_empty() {
                let (block, after) = rest.split_at(blocks.next().unwrap().min(rest.len()));
                tagger.push(block, &mut |t| take(t.time_s, t.probabilities));
                rest = after;
            }
            tagger.finish(&mut |t| take(t.time_s, t.probabilities));
            tags
        };
        let whole = run(&mut std::iter::repeat(samples.len()));
        let cut = run(&mut cuts.iter().copied().cycle());
        prop_assert!(whole.len() >= 4);
        prop_assert_eq!(whole.len(), cut.len());
        for ((time, a), (cut_time, b)) in whole.iter().zip(&cut) {
            prop_assert_eq!(time, cut_time);
            for (a, b) in a.iter().zip(b) {
                prop_assert!((a - b).abs() < 1e-4);
            }
        }
    }
}

/// The kernels of separable units compute each pixel by itself: live and in a file a column has the same bits.
#[test]
fn separable_trunks_have_the_same_bits_live_and_in_files() {
    let architecture = Architecture {
        blocks: vec![
            Block::separable(vec![3], vec![4], 3, true),
            Block::separable(vec![4, 4, 6], vec![6, 7, 9], 5, true),
            Block::separable(vec![6, 6], vec![8, 8], 3, false),
        ],
        temporal_pooling: TemporalPooling::Statistics,
        ..small(4)
    };
    let mels = 32;
    assert_eq!(architecture.problem(mels), None);
    let column = architecture.frames_per_column() * COMPONENTS * mels;
    let mut number = numbers(7);
    let frames: Vec<f32> = (0..24 * column).map(|_| 20.0 * number() - 30.0).collect();
    let packed = PackedNetwork::new(&architecture, mels, &weights(&architecture, mels, 7));
    let packed = Arc::new(packed);
    let columns = |most_columns: usize| {
        let mut stream = StreamingNetwork::new(packed.clone(), most_columns);
        let mut columns = Vec::new();
        for chunk in frames.chunks(most_columns * column) {
            stream.advance(chunk, &mut |column| columns.push(column.to_vec()));
        }
        columns
    };
    let live = columns(1);
    assert_eq!(live.len(), 24);
    assert_eq!(live, columns(8));
    assert_eq!(live, columns(5));
}

/// Rounded to eight bits, a network says about the same; without the instructions it is not rounded at all.
#[test]
fn bfloat16_changes_little_and_is_never_chosen_unasked() {
    let architecture = Architecture::doubling(16, 3, true, 1.0, 12);
    let mels = 64;
    let weights = weights(&architecture, mels, 5);
    let column = architecture.frames_per_column() * COMPONENTS * mels;
    let mut number = numbers(6);
    let frames: Vec<f32> = (0..16 * column).map(|_| 20.0 * number() - 30.0).collect();
    let set = InstructionSet::best();
    let single = PackedNetwork::new(&architecture, mels, &weights);
    let rounded = PackedNetwork::new(&architecture, mels, &weights).in_bfloat16();
    for columns in [1, 8] {
        assert!(!single.methods(columns).into_iter().any(Method::pairs));
        let pairs = rounded.methods(columns).into_iter().any(Method::pairs);
        assert_eq!(pairs, set.multiplies_pairs());
    }
    let [single, rounded] =
        [single, rounded].map(|network| clip_logits(&Arc::new(network), &frames));
    let off = worst(&[rounded], &[single]);
    assert!(off < 0.05, "{off}");
    assert_eq!(off > 0.0, set.multiplies_pairs());
}

/// The way from samples to columns, cut at random, against candle over the whole clip.
#[test]
fn samples_in_blocks_equal_candle_over_the_whole_clip() {
    let architecture = small(4);
    let settings = FeatureSettings::default();
    let samples = sound(32_000 * 2, 3);
    let frames = quaternion_frames(&settings, &samples);
    let frame = COMPONENTS * settings.mel_bands;
    let per_column = architecture.frames_per_column() * frame;
    let whole = &frames[..frames.len() / per_column * per_column];
    let (expected, _) = whole_clip(&architecture, settings.mel_bands, whole, 9);
    let packed = weights(&architecture, settings.mel_bands, 9);
    let packed = Arc::new(PackedNetwork::new(
        &architecture,
        settings.mel_bands,
        &packed,
    ));
    for block in [1, 64, 320, 1_000, 16_384] {
        let mut front_end = FrontEnd::new(&settings);
        let mut stream = StreamingNetwork::new(packed.clone(), 1);
        let (mut waiting, mut columns) = (Vec::new(), Vec::new());
        for block in samples.chunks(block) {
            front_end.push(block, &mut |frame| {
                waiting.extend_from_slice(frame);
                if waiting.len() == per_column {
                    stream.advance(&waiting, &mut |column| columns.push(column.to_vec()));
                    waiting.clear();
                }
            });
        }
        assert!(worst(&columns, &expected) < 1e-4, "blocks of {block}");
    }
}

/// Samples wait for the column that they complete, and no longer: with the block in which it comes it could have
/// come from all samples at once, with the block before it could not.
#[test]
fn a_column_comes_with_the_sample_that_completes_it() {
    const BLOCK: usize = 100;
    let bytes = model_file(small(3), 4).to_bytes().unwrap();
    let model = Arc::new(Model::from_bytes(&bytes).unwrap());
    for rate in [8_000, 32_000, 44_100, 47_999, 48_000, 96_000] {
        let samples = sound(rate as usize * 6 / 5, 8);
        let at_once = |length: usize| {
            let mut tagger = Tagger::new(model.clone(), rate, 2.0).unwrap();
            let mut count = 0;
            tagger.push(&samples[..length], &mut |_| count += 1);
            count
        };
        let mut tagger = Tagger::new(model.clone(), rate, 2.0).unwrap();
        let (mut pushed, mut count) = (0, 0);
        for block in samples.chunks(BLOCK) {
            let before = count;
            tagger.push(block, &mut |_| count += 1);
            if count > before {
                assert_eq!(at_once(pushed), before, "{pushed} samples at {rate} Hz");
            }
            pushed += block.len();
        }
        assert!(count >= 5, "{count} columns at {rate} Hz");
        assert_eq!(at_once(pushed), count, "at {rate} Hz");
    }
}

/// Columns of the longest window, at 160 ms.
const LONGEST_WINDOW: usize = 63;

/// A sound behind as much silence as makes its columns fill the longest window, and the same followed by the column in
/// which its last samples are: over that window a tagger has the columns that a classifier has over the whole clip.
fn filling_the_window(rate: usize, sound: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let at_32_khz = sound.len() * 32_000 / rate;
    let columns = (at_32_khz - 7_744) / 5_120 + 1;
    let column = rate * 16 / 100;
    let lead = LONGEST_WINDOW - columns - 2; // one before the first sample, one behind the last
    let clip = [vec![0.0; lead * column], sound.to_vec()].concat();
    let stream = [clip.clone(), vec![0.0; column]].concat();
    (clip, stream)
}

/// A window over the whole clip gives the answer for the clip.
#[test]
fn a_window_over_everything_is_the_clip() {
    for architecture in small_of_all_kinds(5) {
        let bytes = model_file(architecture, 4).to_bytes().unwrap();
        let model = Arc::new(Model::from_bytes(&bytes).unwrap());
        let (samples, stream) = filling_the_window(48_000, &sound(48_000 * 3, 8));
        let mut clip = ClipClassifier::new(model.clone(), 48_000).unwrap();
        samples.chunks(777).for_each(|block| clip.push(block));
        let of_clip = clip.finish();
        let mut tagger = Tagger::new(model, 48_000, 10.0).unwrap();
        let mut last = Vec::new();
        tagger.push(&stream, &mut |tags| last = tags.probabilities.to_vec());
        tagger.finish(&mut |tags| last = tags.probabilities.to_vec());
        assert!((of_clip.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(
            of_clip.iter().zip(&last).all(|(a, b)| (a - b).abs() < 1e-5),
            "{of_clip:?} {last:?}"
        );
    }
}

/// The default model gives the same logits live, where weights may be in half precision, as for the whole clip.
#[test]
fn half_precision_changes_logits_by_less_than_a_twentieth() {
    let model = Arc::new(Model::from_bytes(hamiltone_models::GENERAL_HALF).unwrap());
    for seed in 0..4 {
        let (samples, stream) = filling_the_window(32_000, &sound(32_000 * 5, seed));
        let mut clip = ClipClassifier::new(model.clone(), 32_000).unwrap();
        clip.push(&samples);
        let of_clip = clip.finish();
        let mut tagger = Tagger::new(model.clone(), 32_000, 10.0).unwrap();
        let mut live = Vec::new();
        tagger.push(&stream, &mut |tags| live = tags.probabilities.to_vec());
        tagger.finish(&mut |tags| live = tags.probabilities.to_vec());
        let logit = |p: f32| (p.clamp(1e-6, 1.0 - 1e-6) / (1.0 - p.clamp(1e-6, 1.0 - 1e-6))).ln();
        for (live, clip) in live.iter().zip(&of_clip) {
            let apart = (logit(*live) - logit(*clip)).abs();
            assert!(apart < 0.05, "{live} for {clip}");
        }
    }
}

/// The shortest sounds have an answer too; no sound has none.
#[test]
fn a_clip_of_one_sample_is_padded_with_silence() {
    let bytes = model_file(small(3), 4).to_bytes().unwrap();
    let model = Arc::new(Model::from_bytes(&bytes).unwrap());
    for rate in [8_000, 32_000, 44_100] {
        let mut tagger = Tagger::new(model.clone(), rate, 2.0).unwrap();
        let mut count = 0;
        tagger.finish(&mut |_| count += 1);
        assert_eq!(count, 0, "nothing was pushed");
        tagger.reset();
        tagger.push(&[0.5], &mut |_| count += 1);
        tagger.finish(&mut |tags| {
            count += 1;
            assert!(tags.probabilities.iter().all(|p| p.is_finite()));
        });
        assert_eq!(count, 5, "columns at {rate} Hz");
        for samples in [&[0.5][..], &[]] {
            let mut clip = ClipClassifier::new(model.clone(), rate).unwrap();
            clip.push(samples);
            let probabilities = clip.finish();
            let sum: f32 = probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5, "{probabilities:?} at {rate} Hz");
        }
    }
}

/// A clip of less than a column or little more is classified from its first sample on, in evaluation as in programs.
#[test]
fn short_clips_have_one_answer() {
    for architecture in small_of_all_kinds(3) {
        let bytes = model_file(architecture, 4).to_bytes().unwrap();
        let model = Arc::new(Model::from_bytes(&bytes).unwrap());
        let classify = |rate: u32, samples: &[f32]| {
            let mut clip = ClipClassifier::new(model.clone(), rate).unwrap();
            samples.chunks(777).for_each(|block| clip.push(block));
            clip.finish()
        };
        // A frame has 1 024 samples, its deltas need 6 more of 320, a column has 16.
        let lengths = [
            1, 320, 1_023, 1_024, 2_943, 2_944, 5_000, 7_743, 7_744, 8_000, 12_863, 12_864,
        ];
        for rate in [8_000, 32_000, 44_100] {
            let silent = classify(rate, &[]);
            for length in lengths.map(|length| (length * rate as usize).div_ceil(32_000)) {
                let samples = sound(length, 8);
                let of_clip = classify(rate, &samples);
                let apart = |other: &[f32]| {
                    let pairs = of_clip.iter().zip(other);
                    pairs.fold(0f32, |most, (a, b)| most.max((a - b).abs()))
                };
                let what = format!("{length} samples at {rate} Hz: {of_clip:?}");
                let features = &model.card().features;
                if rate == features.sample_rate {
                    let mut measured =
                        ClipFeatures::logits(model.network(), features, &samples).unwrap();
                    model.activate(&mut measured);
                    assert!(apart(&measured) < 1e-6, "{what}, measured {measured:?}");
                    // Silence of its own behind it changes nothing.
                    let longer = [samples, vec![0.0; 2_000]].concat();
                    assert!(apart(&classify(rate, &longer)) < 1e-6, "{what}");
                }
                assert!(length < 1_024 || apart(&silent) > 1e-5, "{what} is silence");
            }
        }
    }
}
