// A convolution with relu and 2×2 max pooling after it, as one operation: relu(max(conv2d(x))), which is
// max(relu(conv2d(x))), values and gradients. What lies between them, the largest tensor of a network, is
// written and read while it is in the cache, and not kept.
//
// Images [N, C, H, W], weight [O, C, k, k] and bias [O] in f32 or bf16 make [N, O, H', W'], half of the
// convolution's height and width, rounded down; images are channels-last in memory, with `padding` rows
// and columns of zeros around them. The convolution itself is libtorch's (oneDNN's).

#include "boundary.h"
#include "pool.h"
#include "thin_conv.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace {

constexpr auto CHANNELS_LAST = at::MemoryFormat::ChannelsLast;

// Of a convolution's output at a time, so that it is still in the cache when it is pooled; chosen by
// timing convolutions of 6 to 56 MB on a processor with a cache of 32 MiB.
constexpr int64_t CHUNK_BYTES = 12 << 20;

// How the kernel goes over the images: alike along both axes.
struct Window {
  int64_t stride, padding;
};

// Shape of the convolution's output for one picture.
struct Convolved {
  int64_t channels, height, width;
  Convolved(const at::Tensor& images, const at::Tensor& weight, Window window)
      : channels(weight.size(0)),
        height((images.size(2) + 2 * window.padding - weight.size(2)) / window.stride + 1),
        width((images.size(3) + 2 * window.padding - weight.size(3)) / window.stride + 1) {}
};

// Whether the kernels of pool.cpp can do it; else libtorch's own operations do.
bool has_kernel(const at::Tensor& images, const at::Tensor& weight, Window window) {
  if (!images.device().is_cpu() || images.dim() != 4 || weight.dim() != 4 || images.numel() == 0 ||
      images.scalar_type() != weight.scalar_type()) {
    return false;
  }
  const Convolved convolved(images, weight, window);
  return convolved.height >= 2 && convolved.width >= 2 &&
         pool::takes(images.scalar_type(), weight.size(0));
}

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
    const at::Tensor between =
        at::conv2d(images.narrow(0, start, length), weight, bias, window.stride, window.padding)
            .contiguous(CHANNELS_LAST);
    at::Tensor which;
    if (winners != nullptr) {
      which = winners->narrow(0, start, length);
    }
    pool::forward(between, values.narrow(0, start, length), winners == nullptr ? nullptr : &which);
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
        thin_conv::takes(images, weight)) {
      const auto [of_weight, of_bias] = thin_conv::backward(images, gradient, winners);
      return {at::Tensor(), of_weight, of_bias, at::Tensor(), at::Tensor()};
    }
    const Convolved convolved(images, weight, window);
    const at::Tensor between =
        at::empty({images.size(0), convolved.channels, convolved.height, convolved.width},
                  gradient.options(), CHANNELS_LAST);
    // The bias's gradient is a sum over what passes the pool, a quarter of what oneDNN would sum. With
    // padding it is oneDNN's all the same, and every gradient libtorch's to the last bit.
    const at::Tensor sums = pool::backward(gradient, winners, between);
    const bool padded = window.padding > 0;
    const auto [of_images, of_weight, of_bias] = at::convolution_backward(
        between, images, weight, at::IntArrayRef({convolved.channels}),
        {window.stride, window.stride}, {window.padding, window.padding}, {1, 1}, false, {0, 0}, 1,
        {context->needs_input_grad(0), context->needs_input_grad(1), padded});
    return {of_images, of_weight, padded ? of_bias : sums.to(gradient.scalar_type()), at::Tensor(),
            at::Tensor()};
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
