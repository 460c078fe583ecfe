//! Times every kernel on the layers of a network.
use std::time::Instant;

use hamiltone_engine::kernels::*;

fn main() {
    let set = InstructionSet::best();
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|a| a.parse().unwrap())
        .collect();
    let (rows0, first) = (arguments[0], arguments[1]);
    let mut total = [0.0; 2];
    for (group, name) in [(4, "quaternion"), (1, "real")] {
        println!("{name} {} rows {rows0}", set.name());
        let (mut rows, mut mels, mut channels_in) = (rows0, 64, 4);
        for block in 0..arguments[2] {
            for place in 0..2 {
                let channels = first << block;
                let counts = Counts {
                    inputs: channels_in / group,
                    outputs: channels / group,
                };
                let w: Vec<f32> = (0..group * counts.inputs * counts.outputs * 9)
                    .map(|i| ((i * 7919) % 1009) as f32 / 50_000.0 - 0.01)
                    .collect();
                let ones = vec![1.0; channels];
                let weights = if group == 4 {
                    KernelWeights::Quaternion(&w)
                } else {
                    KernelWeights::Real(&w)
                };
                let macs = (channels_in * channels * 9 * rows * mels) as f64;
                print!("{channels_in:5}->{channels:5} {rows:4}x{mels:<3}");
                let mut best = f64::INFINITY;
                for method in Method::ALL {
                    if !method.fits(group) || (method == Method::WinogradFour && channels >= 1024) {
                        continue;
                    }
                    let pools = place == 1 && rows > 1;
                    let packed = PackedConvolution::new(
                        Convolution {
                            weights,
                            counts,
                            scale: &ones,
                            shift: &ones,
                            relu: true,
                            pools,
                        },
                        mels,
                        method,
                        set,
                    );
                    let input = Map::new(channels_in, rows, mels, set);
                    let (orows, omels) = if pools {
                        (rows / 2, mels / 2)
                    } else {
                        (rows, mels)
                    };
                    let mut output = Map::new(channels, orows, omels, set);
                    let mut workspace = Workspace::default();
                    packed.run(&input, rows, &mut output, &mut workspace);
                    let mut times = Vec::new();
                    let start = Instant::now();
                    while times.len() < 5 || start.elapsed().as_millis() < 100 {
                        let start = Instant::now();
                        packed.run(&input, rows, &mut output, &mut workspace);
                        times.push(start.elapsed().as_secs_f64());
                    }
                    times.sort_by(f64::total_cmp);
                    let time = times[times.len() / 4];
                    best = best.min(time);
                    print!(
                        "  {method:?} {:.3} ms ({:.0} GMAC/s, {} kB)",
                        time * 1e3,
                        macs / time / 1e9,
                        packed.size_bytes() >> 10
                    );
                }
                println!();
                total[group % 4 % 2] += best;
                channels_in = channels;
            }
            rows = (rows / 2).max(1);
            mels /= 2;
        }
    }
    println!(
        "quaternion {:.3} ms, real {:.3} ms",
        total[0] * 1e3,
        total[1] * 1e3
    );
}
