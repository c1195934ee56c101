// The weight and bias gradients of a 3×3 convolution (stride 1, no padding) of images with one or
// three channels, followed by 2×2 max pooling and ReLU. They are computed directly from the pooled
// gradient and its winners, so that the gradient of the convolution's output, the largest tensor of
// a step, is never stored. Requires AVX-512; oneDNN has no fast kernel for so few channels.
//
//   weight[o, c, y, x] = Σ gradient[n, o, i, j] · images[n, c, 2i + k / 2 + y, 2j + k % 2 + x]
//
// summed over all n, i, j where k, the winner of [n, o, i, j] (see pool.h), is not NONE; bias[o] is
// the sum of the gradients there.
//
// Images [N, C, H, W], gradient [N, O, H', W'] (f32 or bf16, the same for both) and winners
// [N, O, H', W'] (u8) are channels-last; O is a multiple of 16.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace thin_conv {

// Whether there is a kernel for this processor, these images and this weight, [O, C, 3, 3].
bool supports(const at::Tensor& images, const at::Tensor& weight);

// The gradients of weight and bias, summed in f32 in an order that does not depend on the number of
// threads, in the type of `gradient`.
std::pair<at::Tensor, at::Tensor> backward(
    const at::Tensor& images, const at::Tensor& gradient, const at::Tensor& winners);

}  // namespace thin_conv
