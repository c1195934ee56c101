// RMSprop's update of every parameter in one pass over memory: libtorch's operations take six.
//
// a ← ρ a + (1 − ρ) g², p ← p − η g / (√a + ε), or / √(a + ε) (Tieleman and Hinton, 2012, lecture 6.5 of
// "Neural Networks for Machine Learning"). Parameters p and means a are f32 of any shape; gradients g, and
// what the network computes with, f32 or bf16 of the same shape.

#include "boundary.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

struct Settings {
  double learning_rate, rho, epsilon;
  bool epsilon_inside_root;
};

// A parameter in f32, the mean of its squared gradients, and the tensor that the network computes
// with: the parameter itself, or its copy in bf16.
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

// To the nearest, ties to even; not-a-number stays one.
uint16_t to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(value != value ? 0x7fc0 : rounded);
}

// `copy` is written where the gradient is in bf16.
template <typename Gradient>
inline __attribute__((always_inline)) void update(
    float* __restrict__ parameter, float* __restrict__ mean_square,
    const Gradient* __restrict__ gradient, [[maybe_unused]] uint16_t* __restrict__ copy,
    int64_t count, const Settings& settings) {
  // Rounded to f32 once, and in the order of libtorch's operations one by one.
  const auto rate = static_cast<float>(-settings.learning_rate);
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
    const Settings& settings) {
  update(parameter, mean_square, gradient, nullptr, count, settings);
}

FOR_EVERY_PROCESSOR void update_bf16(
    float* parameter, float* mean_square, const uint16_t* gradient, uint16_t* copy, int64_t count,
    const Settings& settings) {
  update(parameter, mean_square, gradient, copy, count, settings);
}

// Whether element i of every tensor lies at place i, without gaps.
bool in_step(const Parameter& p, const at::Tensor& gradient) {
  const auto strides = p.master.strides();
  return p.master.is_non_overlapping_and_dense() && p.mean_square.strides() == strides &&
         p.leaf.strides() == strides && gradient.strides() == strides &&
         gradient.scalar_type() == p.leaf.scalar_type() && p.master.scalar_type() == at::kFloat &&
         p.mean_square.scalar_type() == at::kFloat && p.master.device().is_cpu() &&
         p.leaf.scalar_type() == (p.is_copied() ? at::kBFloat16 : at::kFloat);
}

void update_in_one_pass(Parameter& p, const at::Tensor& gradient, const Settings& settings) {
  auto* parameter = p.master.mutable_data_ptr<float>();
  auto* mean_square = p.mean_square.mutable_data_ptr<float>();
  at::parallel_for(0, p.master.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    if (p.is_copied()) {
      update_bf16(parameter + begin, mean_square + begin,
                  static_cast<const uint16_t*>(gradient.const_data_ptr()) + begin,
                  static_cast<uint16_t*>(p.leaf.mutable_data_ptr()) + begin, end - begin, settings);
    } else {
      update_f32(parameter + begin, mean_square + begin,
                 gradient.const_data_ptr<float>() + begin, end - begin, settings);
    }
  });
}

// The same by libtorch's operations on lists, a few launches for all parameters, for other devices.
void update_lists(std::vector<Parameter>& all, std::vector<at::Tensor> gradients, const Settings& settings) {
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
  at::_foreach_addcdiv_(masters, gradients, divisors, -settings.learning_rate);
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

void step(std::vector<Parameter>& all, const Settings& settings) {
  const c10::AutoGradMode no_gradients(false);
  std::vector<Parameter> others;
  std::vector<at::Tensor> others_gradients;
  for (Parameter& p : all) {
    const at::Tensor gradient = p.leaf.grad();
    // A parameter that the loss does not depend on stays.
    if (!gradient.defined()) {
      continue;
    }
    if (in_step(p, gradient)) {
      update_in_one_pass(p, gradient, settings);
    } else {
      others.push_back(p);
      others_gradients.push_back(gradient);
    }
  }
  if (!others.empty()) {
    update_lists(others, others_gradients, settings);
  }
}

}  // namespace

extern "C" char* petite_rmsprop_step(
    at::Tensor* const* masters, at::Tensor* const* mean_squares, at::Tensor* const* leaves,
    size_t count, double learning_rate, double rho, double epsilon, bool epsilon_inside_root) {
  return caught([&] {
    std::vector<Parameter> all;
    for (size_t i = 0; i < count; i++) {
      all.push_back({*masters[i], *mean_squares[i], *leaves[i]});
    }
    step(all, {learning_rate, rho, epsilon, epsilon_inside_root});
  });
}

// Forgets gradients, so that the next ones are kept as they come instead of being added to zeros.
extern "C" char* petite_forget_gradients(at::Tensor* const* leaves, size_t count) {
  return caught([&] {
    for (size_t i = 0; i < count; i++) {
      leaves[i]->mutable_grad().reset();
    }
  });
}
