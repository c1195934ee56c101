// Convolution, 2×2 max pooling and ReLU as one differentiable operation:
// relu(max_pool2d(conv2d(x), 2)), which equals max_pool2d(relu(conv2d(x)), 2) in values and
// gradients. The convolution's output, the largest tensor of a network, is produced in chunks that
// are pooled while still in the cache; it is never stored as a whole.
//
// Images [N, C, H, W], weight [O, C, k, k] and bias [O], all f32 or all bf16, to [N, O, H', W'],
// where H' and W' are half of the convolution's height and width, rounded down. The output is
// channels-last in memory. `padding` is rows and columns of zeros on each side. The convolution
// itself is libtorch's (oneDNN's); pooling and ReLU are in pool.cpp, and the weight gradient of
// images with one or three channels is in thin_conv.cpp.

#include "boundary.h"
#include "pool.h"
#include "thin_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace {

constexpr auto CHANNELS_LAST = at::MemoryFormat::ChannelsLast;

// Target size of a chunk of the convolution's output, so that it is still in the cache when pooled.
// Chosen by timing convolutions with outputs of 6 to 56 MB on a processor with 32 MiB of cache.
constexpr int64_t CHUNK_BYTES = 12 << 20;

// Stride and padding of the convolution, the same along both axes.
struct Window {
  int64_t stride, padding;
};

// Shape of the convolution's output per picture.
struct Convolved {
  int64_t channels, height, width;
  Convolved(const at::Tensor& images, const at::Tensor& weight, Window window)
      : channels(weight.size(0)),
        height((images.size(2) + 2 * window.padding - weight.size(2)) / window.stride + 1),
        width((images.size(3) + 2 * window.padding - weight.size(3)) / window.stride + 1) {}
};

// Whether pool.cpp supports these tensors; otherwise libtorch's separate operations are used.
bool has_kernel(const at::Tensor& images, const at::Tensor& weight, Window window) {
  if (!images.device().is_cpu() || images.dim() != 4 || weight.dim() != 4 || images.numel() == 0 ||
      images.scalar_type() != weight.scalar_type()) {
    return false;
  }
  const Convolved convolved(images, weight, window);
  return convolved.height >= 2 && convolved.width >= 2 &&
         pool::supports(images.scalar_type(), weight.size(0));
}

// If `winners` is not null, stores in it what backward needs (see pool.h).
at::Tensor forward(const at::Tensor& images, const at::Tensor& weight, const at::Tensor& bias,
                   Window window, at::Tensor* winners) {
  const Convolved convolved(images, weight, window);
  const auto empty = [&](at::TensorOptions options) {
    return at::empty({images.size(0), convolved.channels, convolved.height / 2, convolved.width / 2},
                     options, CHANNELS_LAST);
  };
  at::Tensor values = empty(images.options());
  if (winners != nullptr) {
    *winners = empty(images.options().dtype(at::kByte));
  }
  const int64_t picture_bytes =
      convolved.channels * convolved.height * convolved.width * images.element_size();
  const int64_t chunk = std::max<int64_t>(1, CHUNK_BYTES / picture_bytes);
  for (int64_t start = 0; start < images.size(0); start += chunk) {
    const int64_t length = std::min(chunk, images.size(0) - start);
    const at::Tensor activations =
        at::conv2d(images.narrow(0, start, length), weight, bias, window.stride, window.padding)
            .contiguous(CHANNELS_LAST);
    at::Tensor which;
    if (winners != nullptr) {
      which = winners->narrow(0, start, length);
    }
    pool::forward(activations, values.narrow(0, start, length),
                  winners == nullptr ? nullptr : &which);
  }
  return values;
}

struct ConvPool : torch::autograd::Function<ConvPool> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& images,
                            const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                            int64_t padding) {
    at::Tensor winners;
    at::Tensor values = ::forward(images, weight, bias, {stride, padding}, &winners);
    context->save_for_backward({images, weight, winners});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return values;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &images = saved[0], &weight = saved[1], &winners = saved[2];
    const Window window{context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt()};
    const at::Tensor gradient = gradients[0].contiguous(CHANNELS_LAST);
    if (!context->needs_input_grad(0) && window.stride == 1 && window.padding == 0 &&
        thin_conv::supports(images, weight)) {
      const auto [weight_gradient, bias_gradient] = thin_conv::backward(images, gradient, winners);
      return {at::Tensor(), weight_gradient, bias_gradient, at::Tensor(), at::Tensor()};
    }
    const Convolved convolved(images, weight, window);
    const at::Tensor activation_gradient =
        at::empty({images.size(0), convolved.channels, convolved.height, convolved.width},
                  gradient.options(), CHANNELS_LAST);
    // Summing what passes the pool gives the bias's gradient, from a quarter of oneDNN's terms. With
    // padding, every gradient is libtorch's to the last bit, so the bias's is oneDNN's too.
    const at::Tensor sums = pool::backward(gradient, winners, activation_gradient);
    const bool padded = window.padding > 0;
    const auto [image_gradient, weight_gradient, bias_gradient] = at::convolution_backward(
        activation_gradient, images, weight, at::IntArrayRef({convolved.channels}),
        {window.stride, window.stride}, {window.padding, window.padding}, {1, 1}, false, {0, 0}, 1,
        {context->needs_input_grad(0), context->needs_input_grad(1), padded});
    return {image_gradient, weight_gradient,
            padded ? bias_gradient : sums.to(gradient.scalar_type()), at::Tensor(), at::Tensor()};
  }
};

at::Tensor conv2d_max_pool2d_relu(
    const at::Tensor& images, const at::Tensor& weight, const at::Tensor& bias, Window window) {
  if (!has_kernel(images, weight, window)) {
    const at::Tensor convolved = at::conv2d(images, weight, bias, window.stride, window.padding);
    return at::max_pool2d(convolved, {2, 2}).relu_();
  }
  if (at::GradMode::is_enabled()) {
    return ConvPool::apply(images, weight, bias, window.stride, window.padding);
  }
  return forward(images, weight, bias, window, nullptr);
}

}  // namespace

extern "C" char* petite_conv2d_max_pool2d_relu(
    const at::Tensor* images, const at::Tensor* weight, const at::Tensor* bias, int64_t stride,
    int64_t padding, at::Tensor** output) {
  return caught([&] {
    *output = new at::Tensor(conv2d_max_pool2d_relu(*images, *weight, *bias, {stride, padding}));
  });
}
