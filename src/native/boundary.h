// The border between C++ and Rust: tensors pass as the pointers tch holds, an exception becomes a
// message that Rust frees.
#pragma once

#include <ATen/ATen.h>

#include <cstdlib>
#include <cstring>
#include <exception>

// Runs `body` and returns nothing, or what went wrong: a string to be freed with free().
template <typename Body>
char* caught(const Body& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("an exception of an unknown kind");
  }
}

// Compiles a kernel for several instruction sets; the fastest that the processor has is taken when
// the program starts.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_PROCESSOR
#endif
