//! A convolution with relu and 2×2 max pooling after it, in one operation.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;
use tch::{Tensor, nn};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_conv2d_max_pool2d_relu(
        images: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        stride: i64,
        output: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// `relu(max_pool2d(conv2d(images), 2))` without padding, differentiable: `[N, C, H, W]` to
/// `[N, O, H', W']`, where H' and W' are half of the convolution's, rounded down. Values and the
/// gradient of the images are libtorch's, bit for bit; so is the weight's up to the order of a sum,
/// and the bias's is summed in f32. Channels-last bf16 and f32 on the CPU take one pass over memory.
///
/// # Errors
/// If the convolution has no bias, the shapes do not fit, or libtorch is out of memory.
pub fn conv2d_max_pool2d_relu(images: &Tensor, conv: &nn::Conv2D, stride: i64) -> Result<Tensor> {
    let bias = conv.bs.as_ref().context("expected a convolution with a bias")?;
    let mut output = std::ptr::null_mut();
    // SAFETY: all three are live tensors; on success `output` is a new one, owned from here on.
    check(unsafe {
        petite_conv2d_max_pool2d_relu(
            images.as_ptr(),
            conv.ws.as_ptr(),
            bias.as_ptr(),
            stride,
            &mut output,
        )
    })
    .context("cannot convolve and pool")?;
    Ok(unsafe { Tensor::from_ptr(output) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    /// libtorch's own three operations.
    fn reference(images: &Tensor, conv: &nn::Conv2D, stride: i64) -> Result<Tensor> {
        let convolved = images.conv2d(&conv.ws, conv.bs.as_ref(), [stride; 2], [0, 0], [1, 1], 1);
        Ok(convolved.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).relu())
    }

    /// Small whole multiples of 1/4, so that sums have no rounding, many of them equal within a
    /// window; in channels-last memory.
    fn values(kind: Kind, [n, c, h, w]: [i64; 4], prime: i64) -> Tensor {
        let values: Vec<f32> =
            (0..n * c * h * w).map(|i| ((i * prime % 7) as f32 - 3.0) / 4.0).collect();
        let memory = Tensor::from_slice(&values).reshape([n, h, w, c]).to_kind(kind);
        memory.permute([0, 3, 1, 2])
    }

    fn convolution(kind: Kind, filters: i64, channels: i64) -> nn::Conv2D {
        let store = nn::VarStore::new(Device::Cpu);
        let mut conv = nn::conv2d(store.root(), channels, filters, 3, Default::default());
        conv.ws = values(kind, [filters, channels, 3, 3], 5).set_requires_grad(true);
        let bias = values(kind, [1, filters, 1, 1], 3).reshape([filters]);
        conv.bs = Some(bias.set_requires_grad(true));
        conv
    }

    type Operation = dyn Fn(&Tensor, &nn::Conv2D, i64) -> Result<Tensor>;

    #[test]
    fn values_and_gradients_are_libtorch_s() {
        // Odd sides, one window, channels that fill vectors and some that do not, and more than one
        // chunk.
        let sizes = [
            ([2, 3, 10, 8], 32, 1),
            ([3, 3, 9, 11], 64, 1),
            ([1, 1, 4, 4], 32, 1),
            ([2, 16, 7, 6], 96, 1),
            ([2, 3, 8, 8], 20, 1),
            ([2, 3, 11, 12], 32, 2),
            ([9, 3, 180, 180], 32, 1),
        ];
        for (size, filters, stride) in sizes {
            for kind in [Kind::BFloat16, Kind::Float] {
                let run = |operation: &Operation, of_images: bool| {
                    let images = values(kind, size, 11).set_requires_grad(of_images);
                    let conv = convolution(kind, filters, size[1]);
                    let pooled = operation(&images, &conv, stride).unwrap();
                    // One gradient in 61 is not 0, so that sums over pictures stay exact in bf16.
                    let weights: Vec<f32> = (0..pooled.numel())
                        .map(|i| if i % 61 == 0 { (i % 3) as f32 - 1.0 } else { 0.0 })
                        .collect();
                    let weights = Tensor::from_slice(&weights).reshape(pooled.size()).to_kind(kind);
                    (&pooled * weights).sum(Kind::Float).backward();
                    let bias = conv.bs.as_ref().unwrap().grad();
                    let of_images = of_images.then(|| images.grad());
                    (pooled.detach(), of_images, conv.ws.grad(), bias)
                };
                // Pictures need no gradient, and have kernels of their own then.
                for of_images in [true, false] {
                    let expected = run(&reference, of_images);
                    let found = run(&conv2d_max_pool2d_relu, of_images);
                    assert_eq!(found, expected, "{size:?} {kind:?} {of_images}");
                }
                let conv = convolution(kind, filters, size[1]);
                let images = values(kind, size, 11);
                let inferred =
                    tch::no_grad(|| conv2d_max_pool2d_relu(&images, &conv, stride).unwrap());
                let expected = reference(&images, &conv, stride).unwrap();
                assert_eq!(inferred, expected, "{size:?} {kind:?}");
            }
        }
    }

    #[test]
    fn not_a_number_is_passed_on() {
        for kind in [Kind::BFloat16, Kind::Float] {
            for nan in [f64::NAN, -f64::NAN] {
                let images = values(kind, [1, 3, 6, 6], 11);
                let _ = images.narrow(2, 0, 1).narrow(3, 1, 1).fill_(nan);
                let conv = convolution(kind, 32, 3);
                let pooled = conv2d_max_pool2d_relu(&images, &conv, 1).unwrap();
                assert_eq!(i64::try_from(pooled.isnan().sum(Kind::Int64)).unwrap(), 32, "{kind:?}");
            }
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let conv = convolution(Kind::Float, 32, 3);
        assert!(conv2d_max_pool2d_relu(&Tensor::from_slice(&[1.0f32]), &conv, 1).is_err());
        // Other channels, and too small for the kernel or for a window.
        for (size, stride) in [([1, 4, 6, 6], 1), ([1, 3, 2, 6], 1), ([1, 3, 4, 6], 2)] {
            let images = values(Kind::Float, size, 11);
            assert!(conv2d_max_pool2d_relu(&images, &conv, stride).is_err(), "{size:?}");
        }
    }
}
