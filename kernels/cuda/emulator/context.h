// What the driver's functions share: contexts with their queues, and how a call
// begins. Launches wait in a queue until something needs their results, as they
// do on a device; what goes wrong in one is reported then, and by every call after it.
#pragma once
#include "memory.h"
#include "module.h"
#include "settings.h"
#include "trace.h"
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) CUresult

using CUresult = int;
enum : CUresult {
	SUCCESS = 0,
	INVALID_VALUE = 1,
	OUT_OF_MEMORY = 2,
	NOT_INITIALIZED = 3,
	NO_DEVICE = 100,
	INVALID_DEVICE = 101,
	INVALID_IMAGE = 200,
	INVALID_CONTEXT = 201,
	NO_BINARY_FOR_GPU = 209,
	INVALID_PTX = 218,
	UNSUPPORTED_PTX_VERSION = 222,
	NOT_FOUND = 500,
	NOT_SUPPORTED = 801,
	UNKNOWN = 999
};

namespace emulator {

// Launch is a kernel with copies of its arguments.
struct Launch {
	const Kernel *kernel;
	Dim grid, block;
	unsigned shared_bytes;
	std::vector<uint64_t> arguments;

	// make copies what a caller asks for, or says what a device does not take.
	CUresult make(const Function *, Dim grid, Dim block, unsigned shared_bytes, void **parameters, void **extra);
};

struct Context {
	Memory memory{memory_bytes()};
	Trace trace{trace_path(), memory};
	std::deque<std::function<CUresult()>> queue;
	CUresult sticky = SUCCESS;
	long launches = 0;

	// drain runs what is queued.
	CUresult drain();
	// put queues a launch, and reports whether the device is lost with it.
	bool put(const Launch &);
};

// Call is the beginning of every call that needs a context.
struct Call {
	std::lock_guard<std::mutex> lock;
	CUresult failed;
	explicit Call(const char *name);
	CUresult refuse(const char *problem, CUresult code = INVALID_VALUE) {
		fprintf(stderr, "emulator: %s\n", problem);
		return code;
	}
	static std::mutex mutex;
	static bool initialised;
	static thread_local Context *current;
};

} // namespace emulator

#define BEGIN \
	Call call(__func__); \
	if (call.failed) \
		return call.failed; \
	Context &c = *Call::current
