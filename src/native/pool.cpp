// ReLU and 2×2 max pooling; see pool.h for the operation, shapes, layouts and types. Vectorized
// over channels, which are contiguous, with the vector extensions of GCC and Clang; threads share
// the rows of windows.

#include "pool.h"

#include "boundary.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <limits>

namespace {

using pool::NONE;

// Vectors have the same number of bytes for every type.
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

// Loads floats as integers that compare in the same order, as far as ReLU needs it: the bits of
// positive floats are ordered like their values, and those of negative floats are negative
// integers, which ReLU maps to 0 regardless of their order. NaN of either sign becomes the largest
// integer, so that it propagates.
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

// The shape of the images; the pooled height and width are derived.
struct Shape {
  int64_t batch, channels, height, width;
  int64_t out_height() const { return height / 2; }
  int64_t out_width() const { return width / 2; }
};

// Pools one row of windows: `top` and `bottom` are rows of the input; `values` and, unless null,
// `winners` are rows of the output.
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

// Adds a vector of values, given as bits, to f32 sums.
using Floats = float __attribute__((vector_size(VECTOR_BYTES)));
inline __attribute__((always_inline)) void add(float* sums, const Lanes<int32_t>::Vector& bits) {
  store(sums, load<Floats>(sums) + load<Floats>(&bits));
}
inline __attribute__((always_inline)) void add(float* sums, const Lanes<int16_t>::Vector& bits) {
  // bfloat16 is the upper half of f32.
  constexpr int64_t lanes = Lanes<int16_t>::count;
  typedef int32_t Wide __attribute__((vector_size(lanes * sizeof(int32_t))));
  typedef float WideFloats __attribute__((vector_size(lanes * sizeof(float))));
  const Wide wide = __builtin_convertvector(bits, Wide) << 16;
  store(sums, load<WideFloats>(sums) + load<WideFloats>(&wide));
}

// Writes the gradient of two rows of the input and adds what passes to `sums`, one per channel.
template <typename T>
inline __attribute__((always_inline)) void backward_row(
    const T* gradient, const uint8_t* winners, T* top, T* bottom, float* sums, int64_t windows,
    int64_t channels) {
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
      add(sums + c, winner != NONE ? g : Vector{});
    }
  }
}

#define ROW_KERNELS(NAME, T, ORDER)                                                              \
  FOR_EVERY_PROCESSOR void forward_##NAME(                                                       \
      const T* top, const T* bottom, T* values, uint8_t* winners, int64_t windows, int64_t channels) { \
    forward_row<ORDER>(top, bottom, values, winners, windows, channels);                         \
  }                                                                                              \
  FOR_EVERY_PROCESSOR void backward_##NAME(                                                      \
      const T* gradient, const uint8_t* winners, T* top, T* bottom, float* sums, int64_t windows, \
      int64_t channels) {                                                                        \
    backward_row(gradient, winners, top, bottom, sums, windows, channels);                       \
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

Shape shape_of(const at::Tensor& images) {
  return {images.size(0), images.size(1), images.size(2), images.size(3)};
}

bool is_bf16(const at::Tensor& tensor) { return tensor.scalar_type() == at::kBFloat16; }

template <typename T>
void forward(const at::Tensor& images, const at::Tensor& values, const at::Tensor* winners) {
  const Shape shape = shape_of(images);
  const auto* in = static_cast<const T*>(images.const_data_ptr());
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
at::Tensor backward(const at::Tensor& gradient, const at::Tensor& winners, const at::Tensor& result) {
  const Shape shape = shape_of(result);
  const auto* from = static_cast<const T*>(gradient.const_data_ptr());
  const auto* which = winners.const_data_ptr<uint8_t>();
  auto* to = static_cast<T*>(result.mutable_data_ptr());
  const int64_t rows = shape.batch * shape.out_height();
  // Summing per row first makes the result independent of the number of threads.
  at::Tensor sums = at::zeros({rows, shape.channels}, gradient.options().dtype(at::kFloat));
  auto* row_sums = sums.mutable_data_ptr<float>();
  const int64_t in_row = shape.width * shape.channels, out_row = shape.out_width() * shape.channels;
  const int64_t covered = shape.out_width() * 2 * shape.channels;
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t picture = row / shape.out_height(), y = row % shape.out_height();
      T* top = to + (picture * shape.height + 2 * y) * in_row;
      Kernels<T>::backward(from + row * out_row, which + row * out_row, top, top + in_row,
                           row_sums + row * shape.channels, shape.out_width(), shape.channels);
      // An odd last column or row is in no window, so its gradient is 0.
      std::memset(top + covered, 0, (in_row - covered) * sizeof(T));
      std::memset(top + in_row + covered, 0, (in_row - covered) * sizeof(T));
      if (y + 1 == shape.out_height() && shape.height % 2 == 1) {
        std::memset(top + 2 * in_row, 0, in_row * sizeof(T));
      }
    }
  });
  return sums.sum(0);
}

}  // namespace

bool pool::supports(at::ScalarType type, int64_t channels) {
  return (type == at::kBFloat16 || type == at::kFloat) &&
         channels % (VECTOR_BYTES / at::elementSize(type)) == 0;
}

void pool::forward(const at::Tensor& images, const at::Tensor& values, const at::Tensor* winners) {
  is_bf16(images) ? ::forward<int16_t>(images, values, winners)
                  : ::forward<int32_t>(images, values, winners);
}

at::Tensor pool::backward(
    const at::Tensor& gradient, const at::Tensor& winners, const at::Tensor& result) {
  return is_bf16(gradient) ? ::backward<int16_t>(gradient, winners, result)
                           : ::backward<int32_t>(gradient, winners, result);
}
