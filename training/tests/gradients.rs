//! The gradient of every operation that training uses, against central differences. (The whole
//! network, down to the loss, is checked in `src/run/loss.rs`.)

use candle_core::{DType, Device, Tensor, Var};
use hamiltone_engine::blocked::causal_convolution;
use hamiltone_engine::network::whole_clip::Network;
use hamiltone_engine::network::{Architecture, TemporalPooling, average_pool, batch_norm_relu};
use hamiltone_engine::quaternion::quaternion_linear;
use hamiltone_training::random::{normal, stream};

fn random_var(shape: &[usize], seed: u64) -> Var {
    let mut random = stream(seed, &[shape.len() as u64]);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| normal(&mut random))
        .collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
}

/// Checks the gradient of `operation` with respect to each of `vars`, every number of it. The
/// output is weighted at random, so that no error can hide in a sum.
fn check(name: &str, vars: &[&Var], nudge: f32, operation: impl Fn() -> Tensor) {
    let weights = random_var(operation().dims(), 99);
    let weighted = || (operation() * weights.as_tensor()).unwrap();
    let gradients = weighted().sum_all().unwrap().backward().unwrap();
    // In double precision: the sum of many numbers would hide a small difference.
    let loss = || numbers(&weighted()).into_iter().map(f64::from).sum::<f64>();
    for (place, var) in vars.iter().enumerate() {
        let gradient = numbers(gradients.get(var).expect("a gradient for every variable"));
        let values = numbers(var);
        let set = |values: &[f32]| {
            let tensor = Tensor::from_slice(values, var.shape(), &Device::Cpu).unwrap();
            var.set(&tensor).unwrap();
        };
        let (mut off, mut size) = (0f64, 0f64);
        for index in 0..values.len() {
            let nudged = |by: f32| {
                let mut nudged = values.clone();
                nudged[index] += by;
                set(&nudged);
                loss()
            };
            let slope = (nudged(nudge) - nudged(-nudge)) / f64::from(2.0 * nudge);
            off += (slope - f64::from(gradient[index])).powi(2);
            size += slope.powi(2);
        }
        set(&values);
        let (off, size) = (off.sqrt(), size.sqrt());
        assert!(
            size > 0.0 && off < 0.01 * size,
            "{name}, input {place}: the gradient is off by {off:.2e} of {size:.2e}"
        );
    }
}

/// Odd and even sides, a single frame, a single mel.
const SIDES: [(usize, usize); 6] = [(4, 6), (5, 6), (4, 7), (5, 7), (1, 3), (6, 1)];

#[test]
fn quaternion_convolution_by_input_and_kernel() {
    for (batch, inputs, outputs) in [(1, 1, 2), (3, 2, 1), (4, 3, 2)] {
        for (time, mels) in SIDES {
            let x = random_var(&[batch, 4 * inputs, time, mels], 1);
            let kernel = random_var(&[4, outputs, inputs, 3, 3], 2);
            let name = format!("convolution {batch} of {inputs}→{outputs} on {time}×{mels}");
            check(&name, &[&x, &kernel], 0.1, || {
                causal_convolution(&x, &kernel).unwrap()
            });
        }
    }
}

#[test]
fn batch_norm_and_relu_by_input_scale_and_shift() {
    for (time, mels) in SIDES {
        let x = random_var(&[4, 3, time, mels], 3);
        let (scale, shift) = (random_var(&[3], 4), random_var(&[3], 5));
        let name = format!("batch norm + ReLU on {time}×{mels}");
        check(&name, &[&x, &scale, &shift], 1e-3, || {
            batch_norm_relu(&x, &scale, &shift).unwrap().0
        });
    }
}

#[test]
fn average_pool_by_input() {
    for (time, mels) in [(4, 6), (5, 6), (4, 7), (5, 7), (3, 2)] {
        let x = random_var(&[2, 3, time, mels], 6);
        check(&format!("pooling {time}×{mels}"), &[&x], 0.1, || {
            average_pool(&x).unwrap()
        });
    }
}

#[test]
fn quaternion_linear_by_input_kernel_and_bias() {
    for (batch, inputs, outputs) in [(1, 1, 1), (3, 2, 5), (5, 7, 2)] {
        let x = random_var(&[batch, 4 * inputs], 7);
        let kernel = random_var(&[4, outputs, inputs], 8);
        let bias = random_var(&[4 * outputs], 9);
        let name = format!("linear, {batch} of {inputs}→{outputs}");
        check(&name, &[&x, &kernel, &bias], 0.1, || {
            quaternion_linear(&x, &kernel, &bias).unwrap()
        });
    }
}

/// What the head is told of a window.
#[test]
fn window_features_by_columns() {
    for temporal_pooling in [TemporalPooling::MeanMax, TemporalPooling::Statistics] {
        let shape = Architecture {
            temporal_pooling,
            ..Architecture::doubling(4, 2, true, 1.0, 2)
        };
        let mels = 8;
        let tensors = shape.parameters(mels).into_iter().map(|parameter| {
            let tensor = Tensor::zeros(parameter.shape, DType::F32, &Device::Cpu).unwrap();
            (parameter.name, tensor)
        });
        let network = Network::new(&shape, mels, &tensors.collect()).unwrap();
        let columns = random_var(&[3, 5, shape.column_size()], 10);
        check("window features", &[&columns], 1e-3, || {
            network.window_features(&columns).unwrap()
        });
    }
}
