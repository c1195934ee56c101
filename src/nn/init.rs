//! Keras's initial weights: Glorot uniform kernels, zero biases.

use crate::random::{Purpose, generator};
use anyhow::Result;
use rand::RngExt;
use tch::{Device, Kind, Tensor};

/// The values of a tensor before training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010, equation 16).
    Glorot {
        /// The inputs of a unit.
        fan_in: i64,
        /// The units of an input.
        fan_out: i64,
    },
    /// All the same.
    Constant(f64),
}

impl Init {
    /// An f32 tensor of the given shape, drawn from `seed` and `index`: the same on every device. Kernels,
    /// of four axes, are drawn as `[O, H, W, I]`, the layout in memory that channels-last convolutions
    /// read.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn tensor(self, shape: &[i64], device: Device, seed: u64, index: usize) -> Result<Tensor> {
        let limit = match self {
            Self::Constant(value) => {
                return Ok(Tensor::f_full(shape, value, (Kind::Float, device))?);
            }
            Self::Glorot { fan_in, fan_out } => (6.0 / (fan_in + fan_out) as f64).sqrt() as f32,
        };
        let mut random = generator(seed, Purpose::Weights, index as u64);
        let count = shape.iter().product::<i64>();
        let values: Vec<f32> =
            (0..count).map(|_| (random.random::<f32>() * 2.0 - 1.0) * limit).collect();
        let values = Tensor::f_from_slice(&values)?.f_to_device(device)?;
        Ok(match *shape {
            [o, i, h, w] => values.f_reshape([o, h, w, i])?.f_permute([0, 3, 1, 2])?,
            _ => values.f_reshape(shape)?,
        })
    }
}

/// The index that, with the seed, determines a kernel's initial values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawnBy {
    /// The layer's, counting layers without weights: in networks trained from scratch and in heads
    /// on a base.
    Layer,
    /// The kernel's own among all kernels: in bases.
    Kernel,
}
