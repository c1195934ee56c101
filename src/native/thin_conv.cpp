// The weight gradient of a thin convolution; see thin_conv.h for the formula, shapes, layouts and
// types. For 16 output channels at a time, the 9·C sums stay in registers over a whole row of
// windows.

#include "thin_conv.h"

#include "pool.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

constexpr int64_t SIDE = 3, LANES = 16;

// Rows of windows per unit of work: few enough to keep all threads busy, enough that adding up the
// partial sums is cheap.
constexpr int64_t BAND = 8;

AVX512 inline __m512 load(const float* from) { return _mm512_loadu_ps(from); }
// bfloat16 is the upper half of f32.
AVX512 inline __m512 load(const at::BFloat16* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// Adds the contribution of one row of windows to `sums`: the weight's [SIDE, SIDE, C, channels],
// then the bias's [channels]. `rows` are the SIDE + 1 rows of the image under the windows.
template <int C, typename T>
AVX512 void add_row(const float* const* rows, const T* gradient, const uint8_t* winners,
                    float* sums, int64_t windows, int64_t channels) {
  constexpr int TAPS = SIDE * SIDE * C;
  for (int64_t o = 0; o < channels; o += LANES) {
    __m512 sum[TAPS + 1];
#pragma GCC unroll 32
    for (int tap = 0; tap <= TAPS; tap++) {
      sum[tap] = load(sums + tap * channels + o);
    }
    for (int64_t window = 0; window < windows; window++) {
      const __m512 g = load(gradient + window * channels + o);
      const __m128i winner =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(winners + window * channels + o));
#pragma GCC unroll 4
      for (int k = 0; k < pool::NONE; k++) {
        const __mmask16 won = _mm_cmpeq_epi8_mask(winner, _mm_set1_epi8(static_cast<char>(k)));
        const __m512 passed = _mm512_maskz_mov_ps(won, g);
        sum[TAPS] = _mm512_add_ps(sum[TAPS], passed);
        const int64_t left = (2 * window + k % 2) * C;
        // Prevents the compiler from keeping pixels in registers for the next position: the sums
        // need all registers.
        asm volatile("" ::: "memory");
#pragma GCC unroll 3
        for (int y = 0; y < SIDE; y++) {
          const float* from = rows[k / 2 + y] + left;
#pragma GCC unroll 9
          for (int x = 0; x < SIDE * C; x++) {
            __m512& tap_sum = sum[y * SIDE * C + x];
            tap_sum = _mm512_fmadd_ps(passed, _mm512_set1_ps(from[x]), tap_sum);
          }
        }
      }
    }
#pragma GCC unroll 32
    for (int tap = 0; tap <= TAPS; tap++) {
      _mm512_storeu_ps(sums + tap * channels + o, sum[tap]);
    }
  }
}

template <int C, typename T>
at::Tensor sums(const at::Tensor& images, const at::Tensor& gradient, const at::Tensor& winners) {
  const int64_t height = images.size(2), image_row = images.size(3) * C;
  const int64_t channels = gradient.size(1), windows = gradient.size(3);
  const int64_t out_height = gradient.size(2), out_row = windows * channels;
  const int64_t bands = (out_height + BAND - 1) / BAND;
  const auto* pixels = images.const_data_ptr<T>();
  const auto* from = gradient.const_data_ptr<T>();
  const auto* which = winners.const_data_ptr<uint8_t>();
  at::Tensor parts = at::zeros({images.size(0) * bands, SIDE * SIDE * C + 1, channels},
                               gradient.options().dtype(at::kFloat));
  auto* to = parts.mutable_data_ptr<float>();
  const int64_t part_size = parts.stride(0);
  at::parallel_for(0, parts.size(0), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> image((SIDE + 1) * image_row);
    for (int64_t part = begin; part < end; part++) {
      const int64_t picture = part / bands, first = part % bands * BAND;
      for (int64_t y = first; y < std::min(first + BAND, out_height); y++) {
        const float* rows[SIDE + 1];
        for (int64_t row = 0; row <= SIDE; row++) {
          const T* source = pixels + (picture * height + 2 * y + row) * image_row;
          float* wide = image.data() + row * image_row;
          std::copy(source, source + image_row, wide);
          rows[row] = wide;
        }
        const int64_t row = (picture * out_height + y) * out_row;
        add_row<C>(rows, from + row, which + row, to + part * part_size, windows, channels);
      }
    }
  });
  return parts.sum(0);
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

}  // namespace

bool thin_conv::supports(const at::Tensor& images, const at::Tensor& weight) {
  const int64_t channels = images.size(1);
  return has_avx512() && (channels == 1 || channels == 3) &&
         images.is_contiguous(at::MemoryFormat::ChannelsLast) && weight.size(2) == SIDE &&
         weight.size(3) == SIDE && weight.size(0) % LANES == 0;
}

std::pair<at::Tensor, at::Tensor> thin_conv::backward(
    const at::Tensor& images, const at::Tensor& gradient, const at::Tensor& winners) {
  const bool bf16 = gradient.scalar_type() == at::kBFloat16;
  const auto by_channels = [&](auto one, auto three) {
    return (images.size(1) == 1 ? one : three)(images, gradient, winners);
  };
  const at::Tensor sums = bf16 ? by_channels(::sums<1, at::BFloat16>, ::sums<3, at::BFloat16>)
                               : by_channels(::sums<1, float>, ::sums<3, float>);
  const int64_t channels = gradient.size(1), taps = sums.size(0) - 1;
  // Converts to a channels-last weight: [O, 3, 3, C] in memory.
  const at::Tensor weight = sums.narrow(0, 0, taps).t().to(gradient.scalar_type()).contiguous();
  return {weight.view({channels, SIDE, SIDE, images.size(1)}).permute({0, 3, 1, 2}),
          sums[taps].to(gradient.scalar_type())};
}

#else

bool thin_conv::supports(const at::Tensor&, const at::Tensor&) { return false; }

std::pair<at::Tensor, at::Tensor> thin_conv::backward(
    const at::Tensor&, const at::Tensor&, const at::Tensor&) {
  TORCH_CHECK(false, "expected an x86-64 processor with AVX-512");
}

#endif
