// Running launches on fibers.
#pragma once
#include "emulator.h"
#include <span>

namespace emulator {

// In which order a block's threads take their turns.
enum class Order { forward, reverse, shuffled };

extern Order order;

// What a launch did wrong; values are CUresult.
enum Fault { none = 0, illegal_address = 700, misaligned_address = 716, launch_failed = 719 };

// run runs a kernel and returns what went wrong, which problem() then says in
// words.
Fault run(const Kernel &kernel, Dim grid, Dim block, unsigned shared_bytes, void **arguments);
const char *problem();

// kernels are those compiled into this library.
std::span<const Kernel> kernels();
const Kernel *find(const char *name);

} // namespace emulator
