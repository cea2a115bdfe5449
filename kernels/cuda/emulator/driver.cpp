// A stand-in for libcuda.so.1: the driver's functions that package
// srn/pkg/device/cuda calls, on the processor. Launches wait in a queue until
// something needs their results, as they do on a device; what goes wrong in one
// is reported then, and by every call after it.
#include "memory.h"
#include "module.h"
#include "settings.h"
#include "trace.h"
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

using namespace emulator;

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
	INVALID_PTX = 218,
	UNSUPPORTED_PTX_VERSION = 222,
	NOT_FOUND = 500,
	UNKNOWN = 999
};

#define API extern "C" __attribute__((visibility("default"))) CUresult

namespace {

struct Context {
	Memory memory{memory_bytes()};
	Trace trace{trace_path(), memory};
	std::deque<std::function<CUresult()>> queue;
	CUresult sticky = SUCCESS;
	long launches = 0;

	// drain runs what is queued.
	CUresult drain() {
		while (!queue.empty() && !sticky) {
			auto work = std::move(queue.front());
			queue.pop_front();
			sticky = work();
		}
		queue.clear();
		return sticky;
	}
};

std::mutex mutex;
bool initialised;
thread_local Context *current;

// Call is the beginning of every call that needs a context.
struct Call {
	std::lock_guard<std::mutex> lock{mutex};
	CUresult failed;
	explicit Call(const char *name) {
		failed = !initialised ? NOT_INITIALIZED : !current ? INVALID_CONTEXT : current->sticky;
		if (failed == INVALID_CONTEXT)
			fprintf(stderr, "emulator: %s: this thread has no context\n", name);
	}
	CUresult refuse(const char *problem, CUresult code = INVALID_VALUE) {
		fprintf(stderr, "emulator: %s\n", problem);
		return code;
	}
};

#define BEGIN \
	Call call(__func__); \
	if (call.failed) \
		return call.failed; \
	Context &c = *current

} // namespace

API cuInit(unsigned) {
	initialised = devices() > 0;
	return initialised ? SUCCESS : NO_DEVICE;
}

API cuDriverGetVersion(int *version) {
	*version = driver_version();
	return SUCCESS;
}

API cuDeviceGetCount(int *count) {
	*count = devices();
	return SUCCESS;
}

API cuDeviceGet(int *device, int ordinal) {
	*device = ordinal;
	return ordinal < devices() ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char *name, int length, int) {
	snprintf(name, size_t(length), "emulator");
	return SUCCESS;
}

API cuDeviceTotalMem_v2(size_t *bytes, int) {
	*bytes = memory_bytes();
	return SUCCESS;
}

API cuDeviceGetAttribute(int *value, int attribute, int) {
	enum { MULTIPROCESSORS = 16, MAJOR = 75, MINOR = 76 };
	switch (attribute) {
	case MULTIPROCESSORS: *value = 1; return SUCCESS;
	case MAJOR: *value = capability() / 10; return SUCCESS;
	case MINOR: *value = capability() % 10; return SUCCESS;
	}
	fprintf(stderr, "emulator: cuDeviceGetAttribute: attribute %d is not known\n", attribute);
	return INVALID_VALUE;
}

API cuCtxCreate_v2(Context **context, unsigned, int) {
	std::lock_guard<std::mutex> lock(mutex);
	if (!initialised)
		return NOT_INITIALIZED;
	order = chosen_order();
	*context = current = new Context;
	return SUCCESS;
}

API cuCtxDestroy_v2(Context *context) {
	std::lock_guard<std::mutex> lock(mutex);
	context->drain();
	if (current == context)
		current = nullptr;
	delete context;
	return SUCCESS;
}

API cuCtxSynchronize() {
	BEGIN;
	return c.drain();
}

API cuMemGetInfo_v2(size_t *free, size_t *total) {
	BEGIN;
	*free = c.memory.free();
	*total = c.memory.total;
	return SUCCESS;
}

API cuMemAlloc_v2(Address *address, size_t bytes) {
	BEGIN;
	if (!bytes)
		return INVALID_VALUE;
	*address = c.memory.allocate(bytes);
	if (!*address)
		return OUT_OF_MEMORY;
	c.trace.allocate(bytes);
	return SUCCESS;
}

API cuMemFree_v2(Address address) {
	BEGIN;
	if (CUresult r = c.drain())
		return r;
	c.trace.release(address);
	return c.memory.release(address) ? SUCCESS : call.refuse("cuMemFree of what was not allocated");
}

API cuMemcpyDtoH_v2(void *to, Address from, size_t bytes) {
	BEGIN;
	if (CUresult r = c.drain())
		return r;
	if (!c.memory.holds(from, bytes))
		return call.refuse("cuMemcpyDtoH beyond a block");
	memcpy(to, reinterpret_cast<void *>(from), bytes);
	return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, void *) {
	BEGIN;
	if (!c.memory.holds(to, bytes))
		return call.refuse("cuMemcpyHtoD beyond a block");
	// Memory that is not pinned has been read when the call returns.
	auto *first = static_cast<const char *>(from);
	c.queue.push_back([&c, to, data = std::vector<char>(first, first + bytes)] {
		c.trace.write(to, data.data(), data.size());
		memcpy(reinterpret_cast<void *>(to), data.data(), data.size());
		return SUCCESS;
	});
	return SUCCESS;
}

API cuMemcpyHtoD_v2(Address to, const void *from, size_t bytes) {
	CUresult r = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
	return r ? r : cuCtxSynchronize();
}

API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void *) {
	BEGIN;
	if (!c.memory.holds(to, bytes) || !c.memory.holds(from, bytes))
		return call.refuse("cuMemcpyDtoD beyond a block");
	c.queue.push_back([&c, to, from, bytes] {
		c.trace.copy(to, from, bytes);
		memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
		return SUCCESS;
	});
	return SUCCESS;
}

API cuMemsetD32Async(Address to, unsigned value, size_t count, void *) {
	BEGIN;
	if (!c.memory.holds(to, 4 * count))
		return call.refuse("cuMemsetD32 beyond a block");
	c.queue.push_back([&c, to, value, count] {
		c.trace.fill(to, value, count);
		for (size_t i = 0; i < count; i++)
			reinterpret_cast<unsigned *>(to)[i] = value;
		return SUCCESS;
	});
	return SUCCESS;
}

API cuModuleLoadData(Module **module, const void *image) {
	BEGIN;
	(void)c;
	std::string ptx(static_cast<const char *>(image));
	int version = ptx_version(ptx);
	if (!version)
		return call.refuse("the module is no PTX", INVALID_IMAGE);
	// PTX 6.3 came with CUDA 10.0, 7.0 with 11.0, 8.0 with 12.0.
	int cuda = version >= 70 ? version + 40 : version + 37;
	if (cuda * 100 > driver_version())
		return UNSUPPORTED_PTX_VERSION;
	auto m = std::make_unique<Module>();
	std::string problem = load(*m, ptx);
	if (!problem.empty())
		return call.refuse(problem.c_str(), INVALID_PTX);
	*module = m.release();
	return SUCCESS;
}

API cuModuleUnload(Module *module) {
	BEGIN;
	CUresult r = c.drain();
	delete module;
	return r;
}

API cuModuleGetFunction(Function **function, Module *module, const char *name) {
	BEGIN;
	(void)c;
	auto at = module->functions.find(name);
	if (at == module->functions.end())
		return NOT_FOUND;
	*function = &at->second;
	return SUCCESS;
}

API cuLaunchKernel(Function *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
	unsigned shared_bytes, void *, void **parameters, void **extra) {
	BEGIN;
	const Kernel &k = *function->kernel;
	if (extra || !gx || !gy || !gz || gy > 65535 || gz > 65535 || gx > 0x7fffffff || !bx || !by || !bz ||
		uint64_t(bx) * by * bz > unsigned(k.threads) || shared_bytes > 48 << 10) {
		fprintf(stderr, "emulator: %s: launched as grid %u,%u,%u, block %u,%u,%u, shared memory %u\n",
			k.name, gx, gy, gz, bx, by, bz, shared_bytes);
		return INVALID_VALUE;
	}
	if (long limit = lost_after(); limit && ++c.launches > limit)
		return c.sticky = UNKNOWN;
	std::vector<uint64_t> values(size_t(k.count));
	for (int i = 0; i < k.count; i++)
		memcpy(&values[size_t(i)], parameters[i], k.parameters[i].bytes);
	Dim grid{gx, gy, gz}, block{bx, by, bz};
	c.queue.push_back([&c, &k, grid, block, shared_bytes, values]() mutable -> CUresult {
		c.trace.launch(k, grid, block, shared_bytes, values.data());
		std::vector<void *> pointers;
		for (auto &v : values)
			pointers.push_back(&v);
		Fault f = run(k, grid, block, shared_bytes, pointers.data());
		if (f != none)
			fprintf(stderr, "emulator: %s: %s\n", k.name, problem());
		return f;
	});
	return SUCCESS;
}
