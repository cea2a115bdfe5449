// A stand-in for libcuda.so.1: the driver's functions that package
// srn/pkg/device/cuda calls, on the processor. Those of graphs are in graph.cpp.
#include "context.h"
#include <memory>

namespace emulator {

std::mutex Call::mutex;
bool Call::initialised;
thread_local Context *Call::current;

Call::Call(const char *name) : lock(mutex) {
	failed = !initialised ? NOT_INITIALIZED : !current ? INVALID_CONTEXT : current->sticky;
	if (failed == INVALID_CONTEXT)
		fprintf(stderr, "emulator: %s: this thread has no context\n", name);
}

CUresult Context::drain() {
	while (!queue.empty() && !sticky) {
		auto work = std::move(queue.front());
		queue.pop_front();
		sticky = work();
	}
	queue.clear();
	return sticky;
}

CUresult Launch::make(const Function *function, Dim g, Dim b, unsigned bytes, void **parameters, void **extra) {
	const Kernel &k = *function->kernel;
	if (extra || !g.x || !g.y || !g.z || g.y > 65535 || g.z > 65535 || g.x > 0x7fffffff || !b.x || !b.y || !b.z ||
		uint64_t(b.x) * b.y * b.z > unsigned(k.threads) || bytes > 48 << 10) {
		fprintf(stderr, "emulator: %s: launched as grid %u,%u,%u, block %u,%u,%u, shared memory %u\n",
			k.name, g.x, g.y, g.z, b.x, b.y, b.z, bytes);
		return INVALID_VALUE;
	}
	kernel = &k, grid = g, block = b, shared_bytes = bytes;
	arguments.assign(size_t(k.count), 0);
	for (int i = 0; i < k.count; i++)
		memcpy(&arguments[size_t(i)], parameters[i], k.parameters[i].bytes);
	return SUCCESS;
}

bool Context::put(const Launch &launch) {
	if (long limit = lost_after(); limit && ++launches > limit)
		return false;
	queue.push_back([this, l = launch]() mutable -> CUresult {
		trace.launch(*l.kernel, l.grid, l.block, l.shared_bytes, l.arguments.data());
		std::vector<void *> pointers;
		for (auto &v : l.arguments)
			pointers.push_back(&v);
		Fault f = run(*l.kernel, l.grid, l.block, l.shared_bytes, pointers.data());
		if (f != none)
			fprintf(stderr, "emulator: %s: %s\n", l.kernel->name, problem());
		return f;
	});
	return true;
}

} // namespace emulator

using namespace emulator;

API cuInit(unsigned) {
	Call::initialised = devices() > 0;
	return Call::initialised ? SUCCESS : NO_DEVICE;
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
	std::lock_guard<std::mutex> lock(Call::mutex);
	if (!Call::initialised)
		return NOT_INITIALIZED;
	order = chosen_order();
	*context = Call::current = new Context;
	return SUCCESS;
}

API cuCtxDestroy_v2(Context *context) {
	std::lock_guard<std::mutex> lock(Call::mutex);
	context->drain();
	if (Call::current == context)
		Call::current = nullptr;
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
	if (ptx_target(ptx) > capability())
		return call.refuse("the module is for newer devices", NO_BINARY_FOR_GPU);
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
	Launch launch;
	if (CUresult r = launch.make(function, Dim{gx, gy, gz}, Dim{bx, by, bz}, shared_bytes, parameters, extra))
		return r;
	return c.put(launch) ? SUCCESS : c.sticky = UNKNOWN;
}
