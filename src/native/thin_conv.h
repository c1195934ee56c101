// The weight gradient of a 3×3 convolution over thin images, those of one or three channels, that
// relu and 2×2 max pooling follow: read from the pooled gradient and its winners, so that the gradient
// of the convolution's output, the largest tensor of a step, is never made. For AVX-512; oneDNN has
// no fast kernel for so few channels.
#pragma once

#include <ATen/ATen.h>

#include <utility>

namespace thin_conv {

// Whether there is a kernel for this processor, images and weight, at stride 1.
bool takes(const at::Tensor& images, const at::Tensor& weight);

// The gradients of weight and bias, summed in f32 in an order that does not depend on the number of
// threads. Images [N, C, H, W] and the pooled gradient and winners (see pool.h) are channels-last.
std::pair<at::Tensor, at::Tensor> backward(
    const at::Tensor& images, const at::Tensor& gradient, const at::Tensor& winners);

}  // namespace thin_conv
