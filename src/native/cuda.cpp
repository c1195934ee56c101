// CUDA capability, streams and graphs. Without CUDA's headers all of them fail.

#include "boundary.h"

#ifndef PETITE_HAS_CUDA_HEADERS

static char* absent() { return strdup("petite was built without CUDA's headers"); }

extern "C" char* petite_cuda_capability(int, int*, int*) { return absent(); }
extern "C" char* petite_cuda_use_own_stream(int) { return absent(); }
extern "C" char* petite_cuda_graph_begin(void**) { return absent(); }
extern "C" char* petite_cuda_graph_end(void*) { return absent(); }
extern "C" char* petite_cuda_graph_replay(void*) { return absent(); }
extern "C" void petite_cuda_graph_free(void*) {}

#else

#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

extern "C" char* petite_cuda_capability(int device, int* major, int* minor) {
  return caught([&] {
    const cudaDeviceProp* properties =
        at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device));
    *major = properties->major;
    *minor = properties->minor;
  });
}

// Gives this thread its own stream on `device`, since the default stream cannot be captured. Waits
// for earlier work.
extern "C" char* petite_cuda_use_own_stream(int device) {
  return caught([&] {
    const auto index = static_cast<c10::DeviceIndex>(device);
    c10::cuda::set_device(index);
    c10::cuda::device_synchronize();
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, index));
  });
}

// Begins to capture what this thread launches, instead of running it.
extern "C" char* petite_cuda_graph_begin(at::cuda::CUDAGraph** graph) {
  return caught([&] {
    auto* begun = new at::cuda::CUDAGraph();
    try {
      begun->capture_begin();
    } catch (...) {
      delete begun;
      throw;
    }
    *graph = begun;
  });
}

extern "C" char* petite_cuda_graph_end(at::cuda::CUDAGraph* graph) {
  return caught([&] { graph->capture_end(); });
}

extern "C" char* petite_cuda_graph_replay(at::cuda::CUDAGraph* graph) {
  return caught([&] { graph->replay(); });
}

extern "C" void petite_cuda_graph_free(at::cuda::CUDAGraph* graph) {
  // The destructor may throw, but exceptions must not reach Rust.
  free(caught([&] { delete graph; }));
}

#endif
