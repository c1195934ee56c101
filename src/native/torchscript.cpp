// TorchScript: libtorch's tracer records what a network computes for an example.

#include "boundary.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <memory>
#include <sstream>
#include <string>

// Traces `forward` as a module's method of that name and passes the saved module to `take`. The
// `count` tensors become parameters of the module, under their names: others that `forward` uses
// become constants, which do not follow a module to another device. `text` is saved as the extra file
// `file`. `forward` returns null if it fails.
extern "C" char* petite_torchscript(
    const char* const* names, const at::Tensor* const* tensors, size_t count,
    const at::Tensor* example,
    at::Tensor* (*forward)(void* network, const at::Tensor* images), void* network,
    const char* file, const char* text,
    void (*take)(void* bytes, const char* data, size_t length), void* bytes) {
  return caught([&] {
    torch::jit::Module module("__torch__.Petite");
    for (size_t i = 0; i < count; ++i) {
      module.register_parameter(names[i], *tensors[i], /*is_buffer=*/false);
    }
    const auto traced = [&](torch::jit::Stack inputs) {
      const at::Tensor images = inputs.at(0).toTensor();
      const std::unique_ptr<at::Tensor> output(forward(network, &images));
      TORCH_CHECK(output != nullptr, "the network cannot be computed");
      return torch::jit::Stack{*output};
    };
    const auto no_name = [](const at::Tensor&) { return std::string(); };
    const auto state = torch::jit::tracer::trace({*example}, traced, no_name, /*strict=*/true,
                                                 /*force_outplace=*/false, &module, {"images"}).first;
    const c10::QualifiedName name(*module.type()->name(), "forward");
    auto* method = module._ivalue()->compilation_unit()->create_function(name, state->graph);
    module.type()->addMethod(method);
    module.eval();
    // Into memory: libtorch ends the process when it cannot write to a file.
    std::ostringstream saved;
    module.save(saved, {{file, text}});
    const std::string all = saved.str();
    take(bytes, all.data(), all.size());
  });
}
