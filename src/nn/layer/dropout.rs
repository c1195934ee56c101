//! Inverted dropout with its own random draws, so that a seed gives the same masks on every device.

use super::{Graph, Part, Primitive};
use crate::machine::device::upload;
use crate::nn::run::{At, Pass};
use crate::random::{Purpose, generator};
use anyhow::{Context, Result};
use rand::Rng;
use tch::{Device, Tensor};

/// Drops each value with probability `rate` and divides the rest by `1 − rate` (Srivastava and
/// others, 2014; inverted, as in Keras); only in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// The probability of dropping a value, 0..1.
    pub rate: f64,
}

impl Dropout {
    /// The mask of training step `step`, bool of the given shape: true where a value is kept. `index`
    /// is the layer's in the network: two layers drop different values.
    ///
    /// # Errors
    /// If `device` is out of memory.
    pub(in crate::nn) fn mask(
        self,
        (seed, index): (u64, usize),
        shape: &[i64],
        step: i64,
        device: Device,
    ) -> Result<Tensor> {
        // A network has fewer than 2¹⁶ layers.
        let index = (step as u64) << 16 | index as u64;
        let mut random = generator(seed, Purpose::Dropout, index);
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
    fn apply(self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        Ok(x.f_mul(mask)?.f_div_scalar(1.0 - self.rate)?)
    }
}

impl Primitive for Dropout {
    fn class_name(&self) -> &'static str {
        "Dropout"
    }

    fn forward(&self, _at: &mut At<'_>, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let Pass::Train { masks, .. } = pass else { return Ok(x) };
        self.apply(&x, masks.next().context("expected a mask for each dropout")?)
    }

    fn export(&self, _graph: &mut Graph, _part: &Part, x: String) -> Result<String> {
        Ok(x)
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
            let dropout = Dropout { rate };
            let mask = dropout.mask((1, index), &ones.size(), step, ones.device()).unwrap();
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
