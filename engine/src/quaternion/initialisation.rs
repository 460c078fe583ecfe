//! Initial weights of a quaternion layer.

/// Quarter weights (`4 × outputs × inputs × taps`) after Gaudet & Maida, "Deep Quaternion
/// Networks", section III-D: w = |w|·(cos θ + u·sin θ) with |w| chi-distributed with four degrees
/// of freedom, σ = 1/√(2(n_in + n_out)), θ uniform and u a random unit imaginary. `n_in` and
/// `n_out` count quaternion filters times taps. `uniform` draws from [0, 1).
pub fn initial_quarters(
    outputs: usize,
    inputs: usize,
    taps: usize,
    uniform: &mut dyn FnMut() -> f64,
) -> Vec<f32> {
    let sigma = 1.0 / (2.0 * ((inputs + outputs) * taps) as f64).sqrt();
    let count = outputs * inputs * taps;
    let mut quarters = vec![0.0; 4 * count];
    for index in 0..count {
        let chi = (0..4).map(|_| normal(uniform).powi(2)).sum::<f64>().sqrt();
        let magnitude = sigma * chi;
        let angle = std::f64::consts::TAU * uniform() - std::f64::consts::PI;
        let axis: [f64; 3] = std::array::from_fn(|_| normal(uniform));
        let length = axis.iter().map(|a| a * a).sum::<f64>().sqrt().max(1e-12);
        quarters[index] = (magnitude * angle.cos()) as f32;
        for (quarter, part) in axis.iter().enumerate() {
            quarters[(quarter + 1) * count + index] =
                (magnitude * angle.sin() * part / length) as f32;
        }
    }
    quarters
}

/// Box and Muller's normal deviate.
fn normal(uniform: &mut dyn FnMut() -> f64) -> f64 {
    let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_is_that_of_the_formula() {
        let mut state = 1u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let (outputs, inputs, taps) = (32, 48, 9);
        let quarters = initial_quarters(outputs, inputs, taps, &mut uniform);
        let squares: f64 = quarters.iter().map(|w| f64::from(*w).powi(2)).sum();
        let per_quaternion = squares / (outputs * inputs * taps) as f64;
        let expected = 4.0 / (2.0 * ((inputs + outputs) * taps) as f64);
        assert!((per_quaternion / expected - 1.0).abs() < 0.05);
    }
}
