// What the processor and the device can do, and libtorch's switches for it.

#include "boundary.h"

#include <ATen/Context.h>

// Whether this processor multiplies bfloat16 matrices with instructions of its own;
// those with AMX have these too.
extern "C" bool petite_cpu_has_bf16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

// Whether CUDA multiplies f32 matrices in TF32: 10 bits of mantissa, on tensor cores.
extern "C" char* petite_set_tf32(bool allowed) {
  return caught([&] {
    at::globalContext().setAllowTF32CuBLAS(allowed);
    at::globalContext().setAllowTF32CuDNN(allowed);
  });
}
