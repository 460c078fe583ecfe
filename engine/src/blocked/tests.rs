//! Each operation and its gradients against candle's elementary ones.

use candle_core::{Device, Tensor, Var};
use proptest::prelude::*;

use super::*;
use crate::operations::{average_pool, batch_norm_relu};
use crate::quaternion::convolve_by_expansion;

fn numbers(shape: &[usize], seed: usize) -> Var {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|i| (((i + 17) * 7919 + seed * 104_729) % 2_003) as f32 / 1_001.5 - 1.0)
        .collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn assert_near(got: &Tensor, want: &Tensor, what: &str) {
    let list = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(got.dims(), want.dims(), "{what}");
    let (got, want) = (list(got), list(want));
    let largest = want.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    for (got, want) in got.iter().zip(&want) {
        assert!(
            (got - want).abs() < 1e-4 * (1.0 + largest),
            "{what}: {got} for {want}"
        );
    }
}

/// One block (convolution, norm + ReLU, perhaps pooling), twice, to the columns; and gradients of
/// everything with a loss that weighs each output differently.
fn check(group: usize, sizes: [usize; 6], pools: bool, all_feed_head: bool, seed: usize) {
    let [batch, inputs, middle, outputs, rows, mels] = sizes;
    let kernel = |outputs: usize, inputs: usize, seed| {
        let shape = [4, outputs, inputs, 3, 3];
        numbers(if group == 4 { &shape } else { &shape[1..] }, seed)
    };
    let x = numbers(&[batch, group * inputs, rows, mels], seed);
    let kernels = [
        kernel(middle, inputs, seed + 1),
        kernel(outputs, middle, seed + 2),
    ];
    let norm = |channels: usize, seed| {
        [
            numbers(&[group * channels], seed),
            numbers(&[group * channels], seed + 7),
        ]
    };
    let norms = [norm(middle, seed + 3), norm(outputs, seed + 4)];

    let mut nearest_kink = f32::INFINITY;
    let mut plain = Vec::new();
    {
        let mut y = x.as_tensor().clone();
        for (kernel, [weight, bias]) in kernels.iter().zip(&norms) {
            y = convolve_by_expansion(&y, kernel).unwrap();
            let above = batch_norm_relu(&y, weight, bias).unwrap().0;
            let negative = [weight, bias].map(|var| var.neg().unwrap());
            let below = batch_norm_relu(&y, &negative[0], &negative[1]).unwrap().0;
            let least = (&above + below).unwrap().min_all().unwrap();
            nearest_kink = nearest_kink.min(least.to_scalar::<f32>().unwrap());
            y = above;
            if pools {
                y = average_pool(&y).unwrap();
            }
            let means = y.mean(3).unwrap().transpose(1, 2).unwrap();
            plain.push(means.contiguous().unwrap());
        }
    }
    if !all_feed_head {
        plain.remove(0);
    }
    let layers: Vec<TrunkStep<'_>> = kernels
        .iter()
        .zip(&norms)
        .enumerate()
        .map(|(index, (kernel, [weight, bias]))| TrunkStep {
            kind: StepKind::Convolution(NormedKernel {
                kernel,
                weight,
                bias,
            }),
            pools,
            feeds_head: all_feed_head || index == 1,
        })
        .collect();
    let (blocked, statistics) = trunk(&x, group, &layers).unwrap();
    assert_eq!(statistics.len(), 2);
    assert_eq!(blocked.len(), plain.len());
    for (blocked, plain) in blocked.iter().zip(&plain) {
        assert_near(blocked, plain, "means over mels");
    }
    if nearest_kink < 1e-5 {
        return; // rounding decides on which side of a ReLU's kink a value is: both gradients are right
    }
    let loss = |means: &[Tensor]| {
        let losses = means.iter().map(|y| {
            let weights = numbers(y.dims(), seed + 5);
            (y * weights.as_tensor()).unwrap().sum_all().unwrap()
        });
        losses.reduce(|a, b| (a + b).unwrap()).unwrap()
    };
    let (got, want) = (
        loss(&blocked).backward().unwrap(),
        loss(&plain).backward().unwrap(),
    );
    for (index, var) in kernels.iter().chain(norms.iter().flatten()).enumerate() {
        assert_near(
            got.get(var).unwrap(),
            want.get(var).unwrap(),
            &format!("gradient {index}"),
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn blocks_and_their_gradients_equal_candles(
        quaternion in any::<bool>(), batch in 1usize..7, inputs in 1usize..4, middle in 1usize..9,
        outputs in 1usize..8, rows in 4usize..12, mels in 4usize..20, pools in any::<bool>(), all_feed_head in any::<bool>(),
        seed in 0usize..100,
    ) {
        let group = if quaternion { 4 } else { 1 };
        check(group, [batch, inputs, middle, outputs, rows, mels], pools, all_feed_head, seed);
    }
}

#[test]
fn rounding_at_a_kink_is_no_difference() {
    check(4, [4, 3, 4, 1, 9, 12], false, false, 9);
}

#[test]
fn plain_tensors_go_through_the_same_convolution() {
    for group in [1, 4] {
        let x = numbers(&[3, 2 * group, 7, 9], 1);
        let shape = [4, 3, 2, 3, 3];
        let kernel = numbers(if group == 4 { &shape } else { &shape[1..] }, 2);
        let got = causal_convolution(&x, &kernel).unwrap();
        let want = convolve_by_expansion(&x, &kernel).unwrap();
        assert_near(&got, &want, "convolution");
        let weights = numbers(want.dims(), 3);
        let gradients = |y: &Tensor| {
            let loss = (y * weights.as_tensor()).unwrap().sum_all().unwrap();
            loss.backward().unwrap()
        };
        let (got, want) = (gradients(&got), gradients(&want));
        for var in [&x, &kernel] {
            let want = want.get(var).unwrap();
            assert_near(got.get(var).unwrap(), want, "gradient");
        }
    }
    let x = numbers(&[1, 8, 4, 4], 1);
    assert!(causal_convolution(&x, &numbers(&[4, 2, 3, 3, 3], 1)).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let run = |x: &[usize], kernel: &[usize], channels: usize, pools: bool| {
        let (kernel, weight) = (numbers(kernel, 1), numbers(&[channels], 2));
        let bias = numbers(&[12], 3);
        let layer = TrunkStep {
            kind: StepKind::Convolution(NormedKernel {
                kernel: &kernel,
                weight: &weight,
                bias: &bias,
            }),
            pools,
            feeds_head: true,
        };
        trunk(&numbers(x, 4), 4, &[layer]).is_ok()
    };
    assert!(run(&[2, 8, 5, 7], &[4, 3, 2, 3, 3], 12, true));
    assert!(
        !run(&[2, 8, 5, 7], &[4, 3, 1, 3, 3], 12, true),
        "too few inputs"
    );
    assert!(
        !run(&[2, 8, 5, 7], &[12, 8, 3, 3], 12, true),
        "a real kernel"
    );
    assert!(
        !run(&[2, 8, 5, 7], &[4, 3, 2, 3, 3], 11, true),
        "too few scales"
    );
    assert!(
        !run(&[2, 6, 5, 7], &[4, 3, 2, 3, 3], 12, true),
        "no quaternions"
    );
    assert!(
        !run(&[2, 8, 5, 1], &[4, 3, 2, 3, 3], 12, true),
        "pooled away"
    );
    assert!(
        trunk(&numbers(&[2, 8, 5, 7], 4), 4, &[]).is_err(),
        "no step"
    );
}
