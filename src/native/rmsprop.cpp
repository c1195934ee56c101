// RMSprop (Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012) for all
// parameters, in one pass over memory; libtorch's separate operations need six. With gradient g,
// for each element:
//
//   a ← ρ a + (1 − ρ) g²
//   p ← p − η g / (√a + ε)     as in Keras 2, or
//   p ← p − η g / √(a + ε)     as in Keras 3 (epsilon_inside_root)
//
// Parameters p and mean squares a are f32 and of any shape. The gradient is f32, or bf16 if the
// network computes with a bf16 copy of p, which is rewritten. All four must have the same dense
// layout on the CPU; anything else is updated with libtorch's operations on lists (at::_foreach_*).

#include "boundary.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

struct Settings {
  double rho, epsilon;
  bool epsilon_inside_root;
};

// A parameter in f32, the running mean of its squared gradients, and the tensor that the network
// computes with: the parameter itself or its copy in bf16.
struct Parameter {
  at::Tensor master, mean_square, leaf;
  bool is_copied() const { return !leaf.is_same(master); }
};

float to_float(float value) { return value; }

float to_float(uint16_t bf16) {
  const uint32_t bits = static_cast<uint32_t>(bf16) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Rounds to nearest, ties to even; NaN stays NaN.
uint16_t to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(value != value ? 0x7fc0 : rounded);
}

// `copy` is written only if the gradient is bf16.
template <typename Gradient>
inline __attribute__((always_inline)) void update(
    float* __restrict__ parameter, float* __restrict__ mean_square,
    const Gradient* __restrict__ gradient, [[maybe_unused]] uint16_t* __restrict__ copy,
    int64_t count, float learning_rate, const Settings& settings) {
  // Constants are rounded to f32 once, and operations are in the same order as in libtorch's
  // separate operations.
  const float rate = -learning_rate;
  const auto rho = static_cast<float>(settings.rho), rest = static_cast<float>(1.0 - settings.rho);
  const auto epsilon = static_cast<float>(settings.epsilon);
  const float inside = settings.epsilon_inside_root ? epsilon : 0.0f;
  const float outside = settings.epsilon_inside_root ? 0.0f : epsilon;
  for (int64_t i = 0; i < count; i++) {
    const float g = to_float(gradient[i]);
    const float a = mean_square[i] * rho + g * g * rest;
    mean_square[i] = a;
    const float p = parameter[i] + g * rate / (std::sqrt(a + inside) + outside);
    parameter[i] = p;
    if constexpr (sizeof(Gradient) == sizeof(uint16_t)) {
      copy[i] = to_bf16(p);
    }
  }
}

FOR_EVERY_PROCESSOR void update_f32(
    float* parameter, float* mean_square, const float* gradient, int64_t count,
    float learning_rate, const Settings& settings) {
  update(parameter, mean_square, gradient, nullptr, count, learning_rate, settings);
}

FOR_EVERY_PROCESSOR void update_bf16(
    float* parameter, float* mean_square, const uint16_t* gradient, uint16_t* copy, int64_t count,
    float learning_rate, const Settings& settings) {
  update(parameter, mean_square, gradient, copy, count, learning_rate, settings);
}

// Whether all tensors have the same dense layout and types that the kernel supports.
bool has_kernel(const Parameter& p, const at::Tensor& gradient) {
  const auto strides = p.master.strides();
  return p.master.is_non_overlapping_and_dense() && p.mean_square.strides() == strides &&
         p.leaf.strides() == strides && gradient.strides() == strides &&
         gradient.scalar_type() == p.leaf.scalar_type() && p.master.scalar_type() == at::kFloat &&
         p.mean_square.scalar_type() == at::kFloat && p.master.device().is_cpu() &&
         p.leaf.scalar_type() == (p.is_copied() ? at::kBFloat16 : at::kFloat);
}

void update_in_one_pass(Parameter& p, const at::Tensor& gradient, float learning_rate,
                        const Settings& settings) {
  auto* parameter = p.master.mutable_data_ptr<float>();
  auto* mean_square = p.mean_square.mutable_data_ptr<float>();
  at::parallel_for(0, p.master.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    if (p.is_copied()) {
      update_bf16(parameter + begin, mean_square + begin,
                  static_cast<const uint16_t*>(gradient.const_data_ptr()) + begin,
                  static_cast<uint16_t*>(p.leaf.mutable_data_ptr()) + begin, end - begin,
                  learning_rate, settings);
    } else {
      update_f32(parameter + begin, mean_square + begin,
                 gradient.const_data_ptr<float>() + begin, end - begin, learning_rate, settings);
    }
  });
}

// The same with libtorch's operations on lists: on other devices, a few launches for all
// parameters. The learning rate stays on the device, so that a CUDA graph reads it anew.
void update_lists(std::vector<Parameter>& all, std::vector<at::Tensor> gradients,
                  const at::Tensor& learning_rate, const Settings& settings) {
  std::vector<at::Tensor> masters, mean_squares, leaves;
  for (size_t i = 0; i < all.size(); i++) {
    masters.push_back(all[i].master);
    mean_squares.push_back(all[i].mean_square);
    if (all[i].is_copied()) {
      leaves.push_back(all[i].leaf);
    }
    gradients[i] = gradients[i].to(at::kFloat);
  }
  at::_foreach_mul_(mean_squares, settings.rho);
  at::_foreach_addcmul_(mean_squares, gradients, gradients, 1.0 - settings.rho);
  std::vector<at::Tensor> divisors;
  if (settings.epsilon_inside_root) {
    divisors = at::_foreach_add(mean_squares, settings.epsilon);
    at::_foreach_sqrt_(divisors);
  } else {
    divisors = at::_foreach_sqrt(mean_squares);
    at::_foreach_add_(divisors, settings.epsilon);
  }
  const auto steps = at::_foreach_mul(gradients, learning_rate.neg());
  at::_foreach_addcdiv_(masters, steps, divisors);
  if (leaves.size() == masters.size()) {
    at::_foreach_copy_(leaves, masters);
  } else {
    for (Parameter& p : all) {
      if (p.is_copied()) {
        p.leaf.copy_(p.master);
      }
    }
  }
}

void step(std::vector<Parameter>& all, const at::Tensor& learning_rate, const Settings& settings) {
  const c10::AutoGradMode no_gradients(false);
  std::vector<Parameter> others;
  std::vector<at::Tensor> others_gradients;
  for (Parameter& p : all) {
    const at::Tensor gradient = p.leaf.grad();
    // The loss does not depend on this parameter.
    if (!gradient.defined()) {
      continue;
    }
    if (has_kernel(p, gradient)) {
      update_in_one_pass(p, gradient, learning_rate.item<float>(), settings);
    } else {
      others.push_back(p);
      others_gradients.push_back(gradient);
    }
  }
  if (!others.empty()) {
    update_lists(others, others_gradients, learning_rate, settings);
  }
}

}  // namespace

extern "C" char* petite_rmsprop_step(
    at::Tensor* const* masters, at::Tensor* const* mean_squares, at::Tensor* const* leaves,
    size_t count, const at::Tensor* learning_rate, double rho, double epsilon,
    bool epsilon_inside_root) {
  return caught([&] {
    std::vector<Parameter> all;
    for (size_t i = 0; i < count; i++) {
      all.push_back({*masters[i], *mean_squares[i], *leaves[i]});
    }
    step(all, *learning_rate, {rho, epsilon, epsilon_inside_root});
  });
}
