// The interface between C++ and Rust: tensors are passed as tch's pointers, and exceptions are
// returned as messages that Rust frees.
#pragma once

// Not <ATen/ATen.h>: its two thousand operations take each file five more seconds to compile.
#include <ATen/core/Tensor.h>

#include <cstdlib>
#include <cstring>
#include <exception>

// Runs `body` and returns null, or the message of its exception, to be freed with free().
template <typename Body>
char* caught(const Body& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown exception");
  }
}

// Compiles a function for several instruction sets; the best supported version is selected when the
// program is loaded.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_PROCESSOR
#endif
