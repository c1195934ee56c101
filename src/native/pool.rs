//! relu and 2×2 max pooling in one pass.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_max_pool2d_relu(input: *const C_tensor, output: *mut *mut C_tensor) -> *mut c_char;
}

/// `relu(max_pool2d(images, 2))`, differentiable: `[N, C, H, W]` to `[N, C, H/2, W/2]`, rounded
/// down. Values and gradients are libtorch's, bit for bit; channels-last bf16 and f32 on the CPU
/// take one pass over memory.
///
/// # Errors
/// If the shape is another, or libtorch is out of memory.
pub fn max_pool2d_relu(images: &Tensor) -> Result<Tensor> {
    let mut output = std::ptr::null_mut();
    // SAFETY: `images` is a live tensor; on success `output` is a new one, owned from here on.
    check(unsafe { petite_max_pool2d_relu(images.as_ptr(), &mut output) })
        .context("cannot pool")?;
    Ok(unsafe { Tensor::from_ptr(output) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    /// libtorch's own two operations.
    fn reference(images: &Tensor) -> Tensor {
        images.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).relu()
    }

    /// Values around zero, many of them equal within a window, in channels-last memory.
    fn images(kind: Kind, [n, c, h, w]: [i64; 4]) -> Tensor {
        let values: Vec<f32> =
            (0..n * c * h * w).map(|i| ((i * 7919 % 23) as f32 - 11.0) / 4.0).collect();
        let memory = Tensor::from_slice(&values).reshape([n, h, w, c]).to_kind(kind);
        memory.permute([0, 3, 1, 2])
    }

    #[test]
    fn values_and_gradients_are_libtorch_s_bit_for_bit() {
        // Odd sides, one window, channels that fill vectors and some that do not.
        for size in [[2, 32, 8, 6], [3, 64, 7, 9], [1, 32, 2, 2], [2, 96, 5, 4], [2, 20, 6, 6]] {
            for kind in [Kind::BFloat16, Kind::Float] {
                let run = |pool: &dyn Fn(&Tensor) -> Tensor| {
                    let images = images(kind, size).set_requires_grad(true);
                    let pooled = pool(&images);
                    let weights = Tensor::arange(pooled.numel() as i64, (Kind::Float, Device::Cpu));
                    let weights = weights.reshape(pooled.size()).to_kind(kind);
                    (&pooled * weights).sum(Kind::Float).backward();
                    (pooled.detach(), images.grad())
                };
                let expected = run(&reference);
                let found = run(&|images| max_pool2d_relu(images).unwrap());
                assert_eq!(found, expected, "{size:?} {kind:?}");
                let inferred = tch::no_grad(|| max_pool2d_relu(&images(kind, size)).unwrap());
                assert_eq!(inferred, expected.0, "{size:?} {kind:?}");
            }
        }
    }

    #[test]
    fn not_a_number_is_passed_on() {
        for kind in [Kind::BFloat16, Kind::Float] {
            for nan in [f64::NAN, -f64::NAN] {
                let images = images(kind, [1, 32, 4, 4]);
                let _ = images.narrow(2, 0, 1).narrow(3, 1, 1).fill_(nan);
                let pooled = max_pool2d_relu(&images).unwrap();
                let nans = pooled.isnan().sum(Kind::Int64).int64_value(&[]);
                assert_eq!(nans, 32, "{kind:?}");
                assert!(pooled.narrow(2, 0, 1).narrow(3, 0, 1).isnan().all().int64_value(&[]) == 1);
            }
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(max_pool2d_relu(&Tensor::from_slice(&[1.0f32])).is_err());
    }
}
