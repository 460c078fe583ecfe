//! Times trunks: milliseconds of CPU time a second of sound, in chunks of 1, 8 and 32 columns. Arguments: files with an
//! architecture in JSON.

use std::sync::Arc;

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use hamiltone_engine::network::{Architecture, ParameterKind};

fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|t| t.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1e9
}

fn main() {
    let mut nets = Vec::new();
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).expect("a file");
        let net: Architecture = serde_json::from_str(&text).expect("an architecture");
        assert_eq!(net.problem(64), None);
        let mut seed = 1u32;
        let weights = net.parameters(64).into_iter().map(|shape| {
            let values = (0..shape.count()).map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let random = (seed >> 16) as f32 / 65_536.0 - 0.5;
                match shape.kind {
                    ParameterKind::Weight => random * 0.2,
                    ParameterKind::Scale => 1.0,
                    ParameterKind::Statistic => 1.0,
                    ParameterKind::Shift => 0.1 * random,
                }
            });
            (shape.name.clone(), values.collect::<Vec<f32>>())
        });
        let packed = Arc::new(PackedNetwork::new(&net, 64, &weights.collect()));
        nets.push((path, net, packed));
    }
    for columns in [1usize, 8, 32] {
        let mut best = vec![f64::INFINITY; nets.len()];
        for _ in 0..5 {
            for (index, (_, net, packed)) in nets.iter().enumerate() {
                let mut stream = StreamingNetwork::new(packed.clone(), columns);
                let frames = vec![0.3; columns * net.frames_per_column() * 256];
                let chunks = 1024usize.div_ceil(columns);
                let seconds = (chunks * columns * net.frames_per_column()) as f64 * 0.01;
                let start = cpu_s();
                for _ in 0..chunks {
                    stream.advance(&frames, &mut |_| {});
                }
                best[index] = best[index].min((cpu_s() - start) / seconds * 1e3);
            }
        }
        for ((path, net, packed), ms) in nets.iter().zip(best) {
            let settings = FeatureSettings::default();
            println!(
                "{columns:2} columns {path}: {ms:.3} ms/s, {:.1} M multiply-adds, {} k parameters, {} kB",
                net.multiply_adds_per_second(&settings) as f64 / 1e6,
                net.parameter_count(64) / 1000,
                packed.size_bytes() / 1024,
            );
        }
    }
}
