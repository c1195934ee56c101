// relu and 2×2 max pooling in one pass over channels-last data: libtorch's own are two passes
// forward and three backward, over the largest tensors of the network.

#include "boundary.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <limits>

namespace {

// Which of a window's four values is the largest, in the order top left, top right, bottom left,
// bottom right; NONE where relu lets nothing through.
constexpr int NONE = 4;

// One vector of values; of as many bytes whatever the type, so that loops over it unroll alike.
constexpr int VECTOR_BYTES = 64;

template <typename T>
struct Lanes {
  static constexpr int64_t count = VECTOR_BYTES / sizeof(T);
  typedef T Vector __attribute__((vector_size(VECTOR_BYTES)));
  typedef uint8_t Indices __attribute__((vector_size(VECTOR_BYTES / sizeof(T))));
};

template <typename Vector>
inline __attribute__((always_inline)) Vector load(const void* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof(Vector));
  return vector;
}

template <typename Vector>
inline __attribute__((always_inline)) void store(void* to, const Vector& vector) {
  std::memcpy(to, &vector, sizeof(Vector));
}

// Values as integers in the same order: bfloat16 and float are sign and magnitude, so those above
// zero are ordered as their bits, and those below come out below zero, where relu takes them all.
// Not-a-number of either sign becomes the largest, so that it is passed on.
template <typename T, T INFINITY_BITS>
struct Ordered {
  using Vector = typename Lanes<T>::Vector;
  static inline __attribute__((always_inline)) Vector load_ordered(const T* from) {
    const Vector bits = load<Vector>(from);
    const Vector magnitude = bits & std::numeric_limits<T>::max();
    const Vector nan = bits | std::numeric_limits<T>::max();
    return magnitude > INFINITY_BITS ? (nan & std::numeric_limits<T>::max()) : bits;
  }
};
using OrderedBf16 = Ordered<int16_t, 0x7f80>;
using OrderedFloat = Ordered<int32_t, 0x7f800000>;

// The shape of a channels-last tensor and of what 2×2 windows make of it.
struct Shape {
  int64_t batch, channels, height, width;
  int64_t out_height() const { return height / 2; }
  int64_t out_width() const { return width / 2; }
};

// One row of windows: `top` and `bottom` are rows of the input, `values` and, unless null,
// `winners` of the output.
template <typename Order, typename T>
inline __attribute__((always_inline)) void forward_row(
    const T* top, const T* bottom, T* values, uint8_t* winners, int64_t windows, int64_t channels) {
  using Vector = typename Lanes<T>::Vector;
  using Indices = typename Lanes<T>::Indices;
  constexpr int64_t lanes = Lanes<T>::count;
  for (int64_t window = 0; window < windows; window++) {
    const int64_t from = 2 * window * channels, to = window * channels;
    for (int64_t c = 0; c < channels; c += lanes) {
      Vector largest = Order::load_ordered(top + from + c);
      Vector winner = largest - largest;
      const Vector others[3] = {
          Order::load_ordered(top + from + channels + c),
          Order::load_ordered(bottom + from + c),
          Order::load_ordered(bottom + from + channels + c)};
      for (int k = 0; k < 3; k++) {
        const Vector larger = others[k] > largest;
        largest = larger ? others[k] : largest;
        winner = larger ? Vector{} + static_cast<T>(k + 1) : winner;
      }
      const Vector passes = largest > 0;
      store(values + to + c, passes ? largest : Vector{});
      if (winners != nullptr) {
        winner = passes ? winner : Vector{} + static_cast<T>(NONE);
        store(winners + to + c, __builtin_convertvector(winner, Indices));
      }
    }
  }
}

// The gradient of two rows of the input.
template <typename T>
inline __attribute__((always_inline)) void backward_row(
    const T* gradient, const uint8_t* winners, T* top, T* bottom, int64_t windows, int64_t channels) {
  using Vector = typename Lanes<T>::Vector;
  using Indices = typename Lanes<T>::Indices;
  constexpr int64_t lanes = Lanes<T>::count;
  for (int64_t window = 0; window < windows; window++) {
    const int64_t to = 2 * window * channels, from = window * channels;
    for (int64_t c = 0; c < channels; c += lanes) {
      const Vector g = load<Vector>(gradient + from + c);
      const Vector winner = __builtin_convertvector(load<Indices>(winners + from + c), Vector);
      store(top + to + c, winner == 0 ? g : Vector{});
      store(top + to + channels + c, winner == 1 ? g : Vector{});
      store(bottom + to + c, winner == 2 ? g : Vector{});
      store(bottom + to + channels + c, winner == 3 ? g : Vector{});
    }
  }
}

#define ROW_KERNELS(NAME, T, ORDER)                                                              \
  FOR_EVERY_PROCESSOR void forward_##NAME(                                                       \
      const T* top, const T* bottom, T* values, uint8_t* winners, int64_t windows, int64_t channels) { \
    forward_row<ORDER>(top, bottom, values, winners, windows, channels);                         \
  }                                                                                              \
  FOR_EVERY_PROCESSOR void backward_##NAME(                                                      \
      const T* gradient, const uint8_t* winners, T* top, T* bottom, int64_t windows, int64_t channels) { \
    backward_row(gradient, winners, top, bottom, windows, channels);                             \
  }
ROW_KERNELS(bf16, int16_t, OrderedBf16)
ROW_KERNELS(float, int32_t, OrderedFloat)
#undef ROW_KERNELS

template <typename T>
struct Kernels;
template <>
struct Kernels<int16_t> {
  static constexpr auto forward = forward_bf16;
  static constexpr auto backward = backward_bf16;
};
template <>
struct Kernels<int32_t> {
  static constexpr auto forward = forward_float;
  static constexpr auto backward = backward_float;
};

template <typename T>
void forward(const at::Tensor& input, at::Tensor& values, at::Tensor* winners, const Shape& shape) {
  const auto* in = static_cast<const T*>(input.const_data_ptr());
  auto* out = static_cast<T*>(values.mutable_data_ptr());
  auto* which = winners == nullptr ? nullptr : winners->mutable_data_ptr<uint8_t>();
  const int64_t in_row = shape.width * shape.channels, out_row = shape.out_width() * shape.channels;
  at::parallel_for(0, shape.batch * shape.out_height(), 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t picture = row / shape.out_height(), y = row % shape.out_height();
      const T* top = in + (picture * shape.height + 2 * y) * in_row;
      Kernels<T>::forward(top, top + in_row, out + row * out_row,
                          which == nullptr ? nullptr : which + row * out_row, shape.out_width(),
                          shape.channels);
    }
  });
}

template <typename T>
void backward(const at::Tensor& gradient, const at::Tensor& winners, at::Tensor& result, const Shape& shape) {
  const auto* from = static_cast<const T*>(gradient.const_data_ptr());
  const auto* which = winners.const_data_ptr<uint8_t>();
  auto* to = static_cast<T*>(result.mutable_data_ptr());
  const int64_t in_row = shape.width * shape.channels, out_row = shape.out_width() * shape.channels;
  const int64_t covered = shape.out_width() * 2 * shape.channels;
  at::parallel_for(0, shape.batch * shape.out_height(), 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t picture = row / shape.out_height(), y = row % shape.out_height();
      T* top = to + (picture * shape.height + 2 * y) * in_row;
      Kernels<T>::backward(from + row * out_row, which + row * out_row, top, top + in_row,
                           shape.out_width(), shape.channels);
      // What no window covers: a last column, and a last row.
      std::memset(top + covered, 0, (in_row - covered) * sizeof(T));
      std::memset(top + in_row + covered, 0, (in_row - covered) * sizeof(T));
      if (y + 1 == shape.out_height() && shape.height % 2 == 1) {
        std::memset(top + 2 * in_row, 0, in_row * sizeof(T));
      }
    }
  });
}

bool is_bf16(const at::Tensor& tensor) { return tensor.scalar_type() == at::kBFloat16; }

// Whether the kernels above can read `input`; else libtorch's own do the work.
bool has_kernel(const at::Tensor& input) {
  return input.device().is_cpu() && input.dim() == 4 && input.numel() > 0 &&
         (is_bf16(input) || input.scalar_type() == at::kFloat) &&
         input.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         input.size(1) % (VECTOR_BYTES / input.element_size()) == 0;
}

Shape shape_of(const at::Tensor& input) {
  return {input.size(0), input.size(1), input.size(2), input.size(3)};
}

at::Tensor empty_output(const Shape& shape, at::TensorOptions options) {
  return at::empty({shape.batch, shape.channels, shape.out_height(), shape.out_width()}, options,
                   at::MemoryFormat::ChannelsLast);
}

struct MaxPoolRelu : torch::autograd::Function<MaxPoolRelu> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input) {
    const Shape shape = shape_of(input);
    at::Tensor values = empty_output(shape, input.options());
    at::Tensor winners = empty_output(shape, input.options().dtype(at::kByte));
    is_bf16(input) ? ::forward<int16_t>(input, values, &winners, shape)
                   : ::forward<int32_t>(input, values, &winners, shape);
    context->save_for_backward({winners});
    context->saved_data["size"] = input.sizes().vec();
    return values;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto size = context->saved_data["size"].toIntVector();
    const Shape shape = {size[0], size[1], size[2], size[3]};
    const at::Tensor winners = context->get_saved_variables()[0];
    const at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor result = at::empty(size, gradient.options(), at::MemoryFormat::ChannelsLast);
    is_bf16(gradient) ? ::backward<int16_t>(gradient, winners, result, shape)
                      : ::backward<int32_t>(gradient, winners, result, shape);
    return {result};
  }
};

at::Tensor max_pool2d_relu(const at::Tensor& input) {
  if (!has_kernel(input)) {
    return at::max_pool2d(input, {2, 2}).relu_();
  }
  if (at::GradMode::is_enabled() && input.requires_grad()) {
    return MaxPoolRelu::apply(input);
  }
  const Shape shape = shape_of(input);
  at::Tensor values = empty_output(shape, input.options());
  is_bf16(input) ? forward<int16_t>(input, values, nullptr, shape)
                 : forward<int32_t>(input, values, nullptr, shape);
  return values;
}

}  // namespace

extern "C" char* petite_max_pool2d_relu(const at::Tensor* input, at::Tensor** output) {
  return caught([&] { *output = new at::Tensor(max_pool2d_relu(*input)); });
}
