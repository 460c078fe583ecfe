//! The expanded weight as a candle tensor.

use candle_core::{Result, Tensor};

use super::algebra::{QUARTER, SIGN};
use crate::features::COMPONENTS;

/// [`expand`](super::expand) for candle tensors, differentiable on any device: `(4, outputs, inputs, ...)` to
/// `(4·outputs, 4·inputs, ...)`.
///
/// # Errors
/// If the first dimension is not 4 or candle fails.
pub fn expand_tensor(quarters: &Tensor) -> Result<Tensor> {
    let quarters = (0..COMPONENTS)
        .map(|q| quarters.get(q))
        .collect::<Result<Vec<_>>>()?;
    let negated = quarters
        .iter()
        .map(Tensor::neg)
        .collect::<Result<Vec<_>>>()?;
    let lines = (0..COMPONENTS)
        .map(|out| {
            let blocks: Vec<&Tensor> = (0..COMPONENTS)
                .map(|on| {
                    let positive = SIGN[out][on] > 0.0;
                    &(if positive { &quarters } else { &negated })[QUARTER[out][on]]
                })
                .collect();
            Tensor::cat(&blocks, 1)
        })
        .collect::<Result<Vec<_>>>()?;
    Tensor::cat(&lines, 0)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::quaternion::expand;

    #[test]
    fn both_expansions_agree() {
        let (outputs, inputs, taps) = (3, 2, 9);
        let count = 4 * outputs * inputs * taps;
        let quarters: Vec<f32> = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
        let expanded = expand(&quarters, outputs, inputs, taps);
        let tensor =
            Tensor::from_slice(&quarters, (4, outputs, inputs, 3, 3), &Device::Cpu).unwrap();
        let by_candle = expand_tensor(&tensor).unwrap();
        assert_eq!(by_candle.dims(), [12, 8, 3, 3]);
        assert_eq!(
            by_candle.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            expanded
        );
    }
}
