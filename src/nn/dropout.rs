//! Inverted dropout with its own random draws, so that a seed gives the same masks on every device.

use crate::machine::device::upload;
use crate::random::{Purpose, generator};
use anyhow::Result;
use rand::Rng;
use tch::{Device, Tensor};

/// Drops each value with probability `rate` and divides the rest by `1 − rate` (Srivastava and
/// others, 2014; inverted, as in Keras).
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// The probability of dropping a value, 0..1.
    pub rate: f64,
    /// The seed of the draws.
    pub seed: u64,
    /// The layer's index in the network: two layers drop different values.
    pub index: usize,
}

impl Dropout {
    /// The mask of training step `step`, bool of the given shape: true where a value is kept.
    ///
    /// # Errors
    /// If `device` is out of memory.
    pub fn mask(&self, shape: &[i64], step: i64, device: Device) -> Result<Tensor> {
        // A network has fewer than 2¹⁶ layers.
        let index = (step as u64) << 16 | self.index as u64;
        let mut random = generator(self.seed, Purpose::Dropout, index);
        // A value is dropped if a 32-bit draw is below the rate.
        let threshold = (self.rate * 2f64.powi(32)) as u64;
        let values = 0..shape.iter().product::<i64>();
        let kept: Vec<bool> = values.map(|_| u64::from(random.next_u32()) >= threshold).collect();
        upload(&Tensor::f_from_slice(&kept)?.f_view(shape)?, device)
    }

    /// `x · mask / (1 − rate)`.
    ///
    /// # Errors
    /// If the shapes differ, or libtorch is out of memory.
    pub fn apply(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        Ok(x.f_mul(mask)?.f_div_scalar(1.0 - self.rate)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    #[test]
    fn drops_the_rate_and_keeps_the_mean() {
        let ones = Tensor::ones([100, 1000], (Kind::Float, tch::Device::Cpu));
        let dropped = |rate, index, step| {
            let dropout = Dropout { rate, seed: 1, index };
            let mask = dropout.mask(&ones.size(), step, ones.device()).unwrap();
            dropout.apply(&ones, &mask).unwrap()
        };
        for rate in [0.0, 0.2, 0.5] {
            let out = dropped(rate, 0, 0);
            // Four standard errors of a share of 100,000.
            let share = out.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            assert!((share - rate).abs() <= 4.0 * (rate * (1.0 - rate) / 1e5).sqrt(), "{share}");
            let kept = out.max().double_value(&[]);
            assert!((kept - 1.0 / (1.0 - rate)).abs() < 1e-6, "{kept}");
        }
        assert_eq!(dropped(0.5, 0, 0), dropped(0.5, 0, 0));
        assert_ne!(dropped(0.5, 0, 0), dropped(0.5, 0, 1));
        assert_ne!(dropped(0.5, 0, 0), dropped(0.5, 1, 0));
    }
}
