//! A stream allocates when it is made, and never after. Alone in its binary: it counts.

mod common;

use std::sync::Arc;

use common::{model_file, numbers, small_with_all_heads, sound, weights};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::model::Model;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use hamiltone_engine::tagging::Tagger;

#[test]
fn the_network_allocates_nothing_from_the_first_chunk_on() {
    let (mels, columns) = (64, 3);
    // Wide enough that every kind of kernel is chosen somewhere.
    let [_, told_more, _] = small_with_all_heads(5);
    for architecture in [
        Architecture::doubling(16, 5, false, 1.0, 5),
        Architecture::doubling(64, 3, true, 1.0, 5).real(),
        told_more,
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
            let counted = allocation_counter::measure(|| {
                stream.advance(&frames, &mut |column| sum += column[0]);
                stream.advance(&frames, &mut |column| sum += column[0]);
            });
            assert_eq!(counted.count_total, 0, "{} {sum}", set.name());
        }
    }
}

#[test]
fn the_tagger_allocates_nothing_after_its_first_second() {
    let small = small_with_all_heads(4).into_iter().map(|architecture| {
        let bytes = model_file(architecture, 1).to_bytes().unwrap();
        Model::from_bytes(&bytes).unwrap()
    });
    let half = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../models/general-half.safetensors"
    );
    let in_half_precision = Model::read(half.as_ref()).unwrap();
    for model in small.chain([in_half_precision]) {
        let model = Arc::new(model);
        let mut tagger = Tagger::new(model, 48_000, 2.0).unwrap();
        let samples = sound(3 * 48_000, 2);
        let (first, rest) = samples.split_at(48_000);
        let mut tags = 0;
        tagger.push(first, &mut |_| tags += 1);
        let counted = allocation_counter::measure(|| {
            for block in rest.chunks(512) {
                tagger.push(block, &mut |_| tags += 1);
            }
        });
        assert!(tags > 4, "{tags} tags");
        assert_eq!(counted.count_total, 0);
    }
}
