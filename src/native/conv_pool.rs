//! Convolution, 2×2 max pooling and ReLU as one differentiable operation.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_conv2d_max_pool2d_relu(
        images: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        stride: i64,
        padding: i64,
        output: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// `relu(max_pool2d(conv2d(images, kernel, bias), 2))`, differentiable: images `[N, C, H, W]`,
/// kernel `[O, C, k, k]` and bias `[O]`, all of one type, to `[N, O, H', W']`, where H' and W' are
/// half of the convolution's height and width, rounded down.
///
/// Values and the gradient of the images equal libtorch's bit for bit, and with padding all gradients
/// do. Without, the kernel's gradient equals it up to the order of summation, and the bias's is
/// summed in f32. For f32 and bf16 on the CPU,
/// pooling and ReLU are a single pass over each chunk of the convolution's output.
///
/// Strides and padding are the same along both axes; strides are 1 or more.
///
/// # Errors
/// If the shapes do not match, or libtorch is out of memory.
pub fn conv2d_max_pool2d_relu(
    images: &Tensor,
    kernel: &Tensor,
    bias: &Tensor,
    stride: i64,
    padding: i64,
) -> Result<Tensor> {
    let mut output = std::ptr::null_mut();
    // SAFETY: all three are live tensors; on success `output` is a new one that we own.
    check(unsafe {
        petite_conv2d_max_pool2d_relu(
            images.as_ptr(),
            kernel.as_ptr(),
            bias.as_ptr(),
            stride,
            padding,
            &mut output,
        )
    })
    .context("cannot convolve and pool")?;
    // SAFETY: `output` is the new tensor, and nothing else points to it.
    Ok(unsafe { Tensor::from_ptr(output) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    /// A convolution's parameters.
    struct Convolution {
        kernel: Tensor,
        bias: Tensor,
        stride: i64,
        padding: i64,
    }

    impl Convolution {
        /// With a 3×3 kernel.
        fn new(kind: Kind, filters: i64, channels: i64, stride: i64, padding: i64) -> Self {
            let kernel = values(kind, [filters, channels, 3, 3], 5).set_requires_grad(true);
            let bias = values(kind, [1, filters, 1, 1], 3).reshape([filters]);
            Self { kernel, bias: bias.set_requires_grad(true), stride, padding }
        }

        fn fused(&self, images: &Tensor) -> Result<Tensor> {
            conv2d_max_pool2d_relu(images, &self.kernel, &self.bias, self.stride, self.padding)
        }

        /// libtorch's three separate operations.
        fn reference(&self, images: &Tensor) -> Result<Tensor> {
            let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
            let convolved =
                images.conv2d(&self.kernel, Some(&self.bias), stride, padding, [1, 1], 1);
            Ok(convolved.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).relu())
        }
    }

    /// Small multiples of 1/4, so that sums are exact, many of them equal within a window;
    /// channels-last.
    fn values(kind: Kind, [n, c, h, w]: [i64; 4], prime: i64) -> Tensor {
        let values: Vec<f32> =
            (0..n * c * h * w).map(|i| ((i * prime % 7) as f32 - 3.0) / 4.0).collect();
        let memory = Tensor::from_slice(&values).reshape([n, h, w, c]).to_kind(kind);
        memory.permute([0, 3, 1, 2])
    }

    type Operation = fn(&Convolution, &Tensor) -> Result<Tensor>;

    #[test]
    fn values_and_gradients_match_libtorch() {
        // Odd sides, a single window, channels that fill vectors or not, and more than one chunk;
        // each with filters, stride and padding.
        let sizes = [
            ([2, 3, 10, 8], 32, 1, 0),
            ([3, 3, 9, 11], 64, 1, 0),
            ([1, 1, 4, 4], 32, 1, 0),
            ([2, 16, 7, 6], 96, 1, 0),
            ([2, 3, 8, 8], 20, 1, 0),
            ([2, 3, 11, 12], 32, 2, 0),
            ([9, 3, 180, 180], 32, 1, 0),
            // 'same' as in VGG16; smaller than the kernel; strided; more padding than 'same'.
            ([2, 3, 10, 8], 32, 1, 1),
            ([3, 64, 9, 11], 64, 1, 1),
            ([1, 1, 2, 2], 32, 1, 1),
            ([2, 16, 7, 6], 20, 1, 1),
            ([2, 3, 11, 12], 32, 2, 1),
            ([2, 3, 6, 5], 32, 1, 2),
            ([9, 16, 180, 180], 32, 1, 1),
        ];
        for (size, filters, stride, padding) in sizes {
            for kind in [Kind::BFloat16, Kind::Float] {
                let conv = || Convolution::new(kind, filters, size[1], stride, padding);
                let case = format!("{size:?} {filters} {stride} {padding} {kind:?}");
                let run = |operation: Operation, of_images: bool| {
                    let images = values(kind, size, 11).set_requires_grad(of_images);
                    let conv = conv();
                    let pooled = operation(&conv, &images).unwrap();
                    // Sparse gradients, so that sums over pictures stay exact in bf16.
                    let weights: Vec<f32> = (0..pooled.numel())
                        .map(|i| if i % 61 == 0 { (i % 3) as f32 - 1.0 } else { 0.0 })
                        .collect();
                    let weights = Tensor::from_slice(&weights).reshape(pooled.size()).to_kind(kind);
                    (&pooled * weights).sum(Kind::Float).backward();
                    let of_images = of_images.then(|| images.grad());
                    (pooled.detach(), of_images, conv.kernel.grad(), conv.bias.grad())
                };
                // Without a gradient of the images, as in a first layer, other kernels are used.
                for of_images in [true, false] {
                    let expected = run(Convolution::reference, of_images);
                    let found = run(Convolution::fused, of_images);
                    assert_eq!(found, expected, "{case} {of_images}");
                }
                let images = values(kind, size, 11);
                let inferred = tch::no_grad(|| conv().fused(&images).unwrap());
                assert_eq!(inferred, conv().reference(&images).unwrap(), "{case}");
            }
        }
    }

    #[test]
    fn nan_is_propagated() {
        for kind in [Kind::BFloat16, Kind::Float] {
            for nan in [f64::NAN, -f64::NAN] {
                let images = values(kind, [1, 3, 6, 6], 11);
                let _ = images.narrow(2, 0, 1).narrow(3, 1, 1).fill_(nan);
                let pooled = Convolution::new(kind, 32, 3, 1, 0).fused(&images).unwrap();
                assert_eq!(i64::try_from(pooled.isnan().sum(Kind::Int64)).unwrap(), 32, "{kind:?}");
            }
        }
    }

    #[test]
    fn mismatched_shapes_are_errors() {
        let conv = |stride, padding| Convolution::new(Kind::Float, 32, 3, stride, padding);
        assert!(conv(1, 0).fused(&Tensor::from_slice(&[1.0f32])).is_err());
        // Wrong channels, and images too small for the kernel or a window.
        for (size, stride, padding) in [
            ([1, 4, 6, 6], 1, 0),
            ([1, 3, 2, 6], 1, 0),
            ([1, 3, 4, 6], 2, 0),
            ([1, 4, 6, 6], 1, 1),
            ([1, 3, 1, 6], 1, 1),
        ] {
            let images = values(Kind::Float, size, 11);
            assert!(conv(stride, padding).fused(&images).is_err(), "{size:?}");
        }
    }
}
