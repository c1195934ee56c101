// ReLU and 2×2 max pooling (stride 2, no padding) in one pass over memory on the CPU; libtorch's
// separate operations need two passes forward and three backward over the largest tensors of a
// network. Results equal those of at::max_pool2d followed by relu, in values and gradients.
//
// Tensors are channels-last: images [N, C, H, W] and values [N, C, H/2, W/2] (rounded down) in f32
// or bf16, and winners [N, C, H/2, W/2] in u8. C must be a multiple of 16 for f32, or 32 for bf16.
#pragma once

#include <ATen/core/Tensor.h>

namespace pool {

// A winner is the index of a window's largest value: 0 top left, 1 top right, 2 bottom left, 3
// bottom right; or NONE where ReLU's output is 0.
constexpr int NONE = 4;

// Whether there is a kernel for this type and number of channels.
bool supports(at::ScalarType type, int64_t channels);

// Writes relu(max_pool2d(images, 2)) to `values` and, unless null, the winners to `winners`.
void forward(const at::Tensor& images, const at::Tensor& values, const at::Tensor* winners);

// Writes the gradient of the images to `result`, given that of the values, and returns its sum per
// channel, [C] f32.
at::Tensor backward(const at::Tensor& gradient, const at::Tensor& winners, const at::Tensor& result);

}  // namespace pool
