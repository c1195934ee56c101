// relu and 2×2 max pooling in one pass over channels-last data on the CPU: libtorch's own are two
// passes forward and three backward, over the largest tensors of the network. max(relu(x)) = relu(max(x)),
// so relu touches a quarter of the values.
#pragma once

#include <ATen/ATen.h>

namespace pool {

// Which of a window's four values is the largest, in the order top left, top right, bottom left,
// bottom right; NONE where relu lets nothing through.
constexpr int NONE = 4;

// Whether there are kernels for images of so many channels: whole vectors of them.
bool takes(at::ScalarType type, int64_t channels);

// Writes relu(max_pool2d(images, 2)) to `values` and, unless null, the winners (u8) beside it. All
// are channels-last; [N, C, H, W] makes [N, C, H/2, W/2], rounded down.
void forward(const at::Tensor& images, const at::Tensor& values, const at::Tensor* winners);

// Writes the gradient of the images to `result`, by that of the values; returns its sums by channel,
// f32.
at::Tensor backward(const at::Tensor& gradient, const at::Tensor& winners, const at::Tensor& result);

}  // namespace pool
