// A module: the kernels that a PTX names, as this library has them compiled.
#pragma once
#include "run.h"
#include <map>
#include <string>

namespace emulator {

struct Function { const Kernel *kernel; };

struct Module { std::map<std::string, Function> functions; };

// load checks that every entry of the PTX is compiled in, with parameters of
// the same sizes and kinds, so that the two cannot drift apart. It returns an
// empty problem if all is well.
std::string load(Module &, const std::string &ptx);

// ptx_version is major·10 + minor of the instruction set that a PTX is written
// in, or 0 if the text is no PTX.
int ptx_version(const std::string &ptx);

// ptx_target is the compute capability, 10·major + minor, that it is for.
int ptx_target(const std::string &ptx);

} // namespace emulator
