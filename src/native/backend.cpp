// Processor features, and what of libtorch tch does not bind.

#include "boundary.h"

#include <ATen/Context.h>

#ifdef _OPENMP
#include <omp.h>
#endif

// Whether the processor has bfloat16 dot-product instructions (AVX-512 BF16; implied by AMX).
extern "C" bool petite_cpu_has_bf16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

// Writes the cores that OpenMP binds its threads to into `cores`, of which there is room for `room`.
// Returns their number: 0 if it binds none.
extern "C" int petite_openmp_cores(int* cores, int room) {
  int count = 0;
#ifdef _OPENMP
  for (int place = 0; place < omp_get_num_places(); ++place) {
    const int size = omp_get_place_num_procs(place);
    if (size > room - count) {
      break;
    }
    omp_get_place_proc_ids(place, cores + count);
    count += size;
  }
#endif
  return count;
}

// Sets whether CUDA uses TF32 (10 explicit bits of mantissa, on tensor cores) for f32 matrix
// products and convolutions.
extern "C" char* petite_set_tf32(bool allowed) {
  return caught([&] {
    at::globalContext().setAllowTF32CuBLAS(allowed);
    at::globalContext().setAllowTF32CuDNN(allowed);
  });
}

// Restricts cuDNN to algorithms that add in a fixed order, chosen by its rules and not by timing.
extern "C" char* petite_set_deterministic_cudnn() {
  return caught([&] {
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
  });
}

// A copy in page-locked memory, from which CUDA copies without waiting.
extern "C" char* petite_pinned(const at::Tensor* tensor, at::Tensor** pinned) {
  return caught([&] { *pinned = new at::Tensor(tensor->pin_memory()); });
}

// Resets gradients to undefined.
extern "C" char* petite_forget_gradients(at::Tensor* const* leaves, size_t count) {
  return caught([&] {
    for (size_t i = 0; i < count; i++) {
      leaves[i]->mutable_grad().reset();
    }
  });
}
