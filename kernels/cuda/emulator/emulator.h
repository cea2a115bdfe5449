// What CUDA C++ means on the host: a kernel file compiled with -DSRN_EMULATOR
// includes this header, and its kernels run on the processor, one block at a
// time, each CUDA thread on a stack of its own. It holds what kernels use;
// what is not here does not compile.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace emulator {

struct Dim { unsigned x, y, z; };
extern Dim thread_index, block_index, block_size, grid_size;

// The line tells apart barriers that only some threads of a block reach.
void barrier(int line);
// Exchanges 4 bytes among the lanes of a warp that the mask names.
uint32_t shuffle(uint32_t mask, uint32_t value, int source, int line);
int lane();
void *dynamic_shared();

struct Parameter { uint16_t bytes; bool real, pointer; };

// Kernel is an entry that can be launched by name.
struct alignas(16) Kernel {
	const char *name;
	void (*call)(void **);
	int threads; // most of a block, by __launch_bounds__
	int count;
	Parameter parameters[64];
};

template <class... A, size_t... I> inline void apply(void (*f)(A...), void **p, std::index_sequence<I...>) {
	f(*reinterpret_cast<std::remove_cv_t<A> *>(p[I])...);
}

template <auto F> struct Entry;
template <class... A, void (*F)(A...)> struct Entry<F> {
	static void call(void **p) { apply(F, p, std::index_sequence_for<A...>{}); }
	static constexpr Kernel describe(const char *name, int threads) {
		return Kernel{name, call, threads, int(sizeof...(A)),
			{Parameter{sizeof(A), std::is_floating_point_v<A>, std::is_pointer_v<A>}...}};
	}
};

template <class T> inline T shuffled(uint32_t mask, T v, int source, int line) {
	static_assert(sizeof(T) == 4);
	uint32_t bits;
	memcpy(&bits, &v, 4);
	bits = shuffle(mask, bits, source, line);
	memcpy(&v, &bits, 4);
	return v;
}

} // namespace emulator

// KERNEL begins the definition of an entry for blocks of up to so many threads.
#define KERNEL(threads, name, ...) \
	extern "C" void name(__VA_ARGS__); \
	__attribute__((section("emulator_kernels"), used)) \
	static constinit ::emulator::Kernel emulator_##name = ::emulator::Entry<name>::describe(#name, threads); \
	extern "C" __attribute__((visibility("hidden"))) void name(__VA_ARGS__)

#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define DYNAMIC_SHARED(type, name) type *name = static_cast<type *>(::emulator::dynamic_shared())

#define threadIdx ::emulator::thread_index
#define blockIdx ::emulator::block_index
#define blockDim ::emulator::block_size
#define gridDim ::emulator::grid_size

#define __syncthreads() ::emulator::barrier(__LINE__)
#define __shfl_xor_sync(m, v, d) ::emulator::shuffled(m, v, ::emulator::lane() ^ int(d), __LINE__)
#define __shfl_down_sync(m, v, d) ::emulator::shuffled(m, v, ::emulator::lane() + int(d), __LINE__)

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
