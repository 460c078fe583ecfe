//! What no kernel can go below: reading the weights, and the multiply-adds.

use anyhow::Result;
use hamiltone_engine::kernels::{Matrix, MatrixMut, multiply_add};
use hamiltone_engine::network::streaming::PackedNetwork;

use crate::networks::numbers;
use crate::rounds::{Contender, Ours};

/// Side of the matrices: they stay in a core's own cache.
const SIDE: usize = 192;
/// Sums at a time, so that no addition waits for the one before.
const SUMS: usize = 64;

/// For a clip of `frames`, in chunks of each of these numbers of columns: the time to read as many
/// bytes as the network's packed weights, once a chunk, from wherever they stay; and that of
/// matrix products with as many multiply-adds as the kernels do.
pub(crate) fn floors(
    network: &PackedNetwork,
    frames: usize,
    columns: &[usize],
) -> Vec<(String, Box<dyn Contender>)> {
    let mut contenders: Vec<(String, Box<dyn Contender>)> = Vec::new();
    for &columns in columns {
        let load = network.load(columns);
        let chunks = frames.div_ceil(columns * network.architecture().frames_per_column());
        let weights = numbers(load.weight_bytes as usize / size_of::<f32>(), 7);
        let mib = load.weight_bytes / f64::from(1 << 20);
        let reading = Ours(move || read(&weights, chunks));
        let name = format!("floor, {columns} columns: reading {mib:.1} MiB, {chunks} times");
        contenders.push((name, Box::new(reading)));
        let multiply_adds = load.multiply_adds * chunks as f64;
        let products = (multiply_adds / SIDE.pow(3) as f64).round().max(1.0) as usize;
        let [left, right, mut sum] = [8, 9, 10].map(|seed| numbers(SIDE * SIDE, seed));
        let arithmetic = Ours(move || {
            for _ in 0..products {
                let mut sum = MatrixMut {
                    data: &mut sum,
                    rows: SIDE,
                    columns: SIDE,
                    row_stride: SIDE,
                };
                let [left, right] = [&left, &right].map(|m| Matrix::row_major(m, SIDE, SIDE));
                multiply_add(&mut sum, left, right);
            }
            Ok(())
        });
        let millions = multiply_adds / 1e6;
        let name = format!("floor, {columns} columns: {millions:.0} M multiply-adds");
        contenders.push((name, Box::new(arithmetic)));
    }
    contenders
}

fn read(weights: &[f32], times: usize) -> Result<()> {
    let mut sums = [0f32; SUMS];
    for _ in 0..times {
        for chunk in std::hint::black_box(weights).chunks_exact(SUMS) {
            for (sum, weight) in sums.iter_mut().zip(chunk) {
                *sum += weight;
            }
        }
    }
    std::hint::black_box(sums);
    Ok(())
}
