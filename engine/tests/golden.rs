//! Against librosa and PyTorch: see `golden/README.md` for the scripts behind the values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, LogMel, quaternion_frames};
use hamiltone_engine::model::clip_features;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork, Weights};
use hamiltone_engine::network::whole_clip::Network;
use hamiltone_engine::network::{Architecture, Block, TemporalPooling};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn tensors(name: &str) -> BTreeMap<String, Tensor> {
    let bytes = std::fs::read(golden(name)).unwrap();
    candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .unwrap()
        .into_iter()
        .collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
}

/// 16-bit mono samples of a wav file, without a decoder: the engine has none.
fn samples(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(golden(name)).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    bytes[data..]
        .chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0f32, |worst, (a, b)| worst.max((a - b).abs()))
}

#[test]
fn log_mel_and_deltas_equal_librosa() {
    let settings = FeatureSettings::default();
    let golden = tensors("front_end.safetensors");
    for clip in ["rooster", "clock_tick", "rain", "silence_and_click"] {
        let samples = samples(&format!("{clip}.wav"));
        let mut log_mel = LogMel::new(&settings);
        let mut rows = Vec::new();
        for frame in samples.windows(settings.fft_size).step_by(settings.hop) {
            let mut row = vec![0.0; settings.mel_bands];
            log_mel.frame(frame, &mut row);
            rows.extend(row);
        }
        let off = worst(&rows, &values(&golden[&format!("{clip}.log_mel")]));
        assert!(off < 1e-3, "{clip}: log-mel is off by {off} dB");

        let expected = &golden[&format!("{clip}.quaternion")];
        let frames = quaternion_frames(&settings, &samples);
        let count = frames.len() / (COMPONENTS * settings.mel_bands);
        let shape = (count, COMPONENTS, settings.mel_bands);
        let frames = Tensor::from_vec(frames, shape, &Device::Cpu).unwrap();
        let off = worst(&values(&frames.transpose(0, 1).unwrap()), &values(expected));
        assert!(
            off < 1e-3,
            "{clip}: the quaternion frames are off by {off} dB"
        );
    }
}

/// The three nets of the script: shape and mels.
fn nets() -> [(&'static str, Architecture, usize); 3] {
    let block = |filters: &[usize], pools| Block::new(filters.to_vec(), pools);
    let even = [
        block(&[4, 4], true),
        block(&[8, 8], true),
        block(&[8, 8], true),
    ];
    let uneven = [block(&[3, 5], true), block(&[7, 2], false)];
    let levels = [block(&[2, 3], true), block(&[4], true), block(&[3], false)];
    [
        (
            "c",
            Architecture {
                blocks: levels.to_vec(),
                hidden: 2,
                labels: 3,
                algebra: Default::default(),
                temporal_pooling: TemporalPooling::Statistics,
            },
            25,
        ),
        (
            "a",
            Architecture {
                blocks: even.to_vec(),
                hidden: 8,
                labels: 5,
                algebra: Default::default(),
                temporal_pooling: Default::default(),
            },
            64,
        ),
        (
            "b",
            Architecture {
                blocks: uneven.to_vec(),
                hidden: 3,
                labels: 4,
                algebra: Default::default(),
                temporal_pooling: Default::default(),
            },
            30,
        ),
    ]
}

#[test]
fn both_forwards_equal_pytorch() {
    let golden = tensors("network.safetensors");
    for (prefix, architecture, mels) in nets() {
        let get = |name: &str| &golden[&format!("{prefix}.{name}")];
        let tensors: BTreeMap<String, Tensor> = architecture
            .parameters(mels)
            .into_iter()
            .map(|shape| (shape.name.clone(), get(&shape.name).clone()))
            .collect();
        let network = Network::new(&architecture, mels, &tensors).unwrap();
        let columns = network.columns(get("x")).unwrap();
        let expected = values(get("columns"));
        assert!(
            worst(&values(&columns), &expected) < 1e-4,
            "{prefix}: candle's columns"
        );
        let hidden = network
            .hidden(&network.window_features(&columns).unwrap())
            .unwrap();
        assert!(
            worst(&values(&hidden), &values(get("hidden"))) < 1e-4,
            "{prefix}: hidden"
        );
        let logits = values(&network.logits(&hidden).unwrap());
        assert!(
            worst(&logits, &values(get("logits"))) < 1e-4,
            "{prefix}: candle's logits"
        );

        let weights: Weights = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), values(tensor)))
            .collect();
        let packed = Arc::new(PackedNetwork::new(&architecture, mels, &weights));
        let frames = values(&get("x").squeeze(0).unwrap().transpose(0, 1).unwrap());
        let per_column = packed.frame_size() * architecture.frames_per_column();
        let mut stream = StreamingNetwork::new(packed.clone(), 1);
        let mut streamed = Vec::new();
        for chunk in frames.chunks_exact(per_column) {
            stream.advance(chunk, &mut |column| streamed.extend_from_slice(column));
        }
        assert!(
            worst(&streamed, &expected) < 1e-4,
            "{prefix}: streamed columns"
        );
        let features = clip_features(&packed, &frames);
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        packed.logits_into(&features, &mut hidden, &mut logits);
        assert!(
            worst(&logits, &values(get("logits"))) < 1e-4,
            "{prefix}: packed logits"
        );
    }
}
