// The least of CUDA that the kernels need, for three compilers: clang without
// NVIDIA's toolkit (which makes the PTX that is committed), nvcc, and a host
// C++ compiler (SRN_EMULATOR), under which emulator.h runs them on the CPU.
//
// All shared memory is dynamic: its size depends on shapes. Contraction of
// a·b + c is off; fmaf is written where it is meant.
#pragma once

#if defined(SRN_EMULATOR)
#include "emulator.h"
#elif defined(__clang__) && defined(__CUDA__)
#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x, y, z; };
#include <__clang_cuda_builtin_vars.h>
struct __attribute__((aligned(8))) float2 { float x, y; };
struct __attribute__((aligned(16))) float4 { float x, y, z, w; };
#define DEVICE_BUILTIN static inline __device__ __attribute__((always_inline))
DEVICE_BUILTIN float2 make_float2(float x, float y) { return float2{x, y}; }
DEVICE_BUILTIN float4 make_float4(float x, float y, float z, float w) { return float4{x, y, z, w}; }
DEVICE_BUILTIN float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE_BUILTIN double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
DEVICE_BUILTIN double sqrt(double a) { return __nvvm_sqrt_rn_d(a); }
#endif

// KERNEL(threads, name, parameters…) begins a kernel whose blocks have at most
// that many threads. Parameters are pointers, int, long long, float or double.
// DENSE_KERNEL says besides how many blocks should fit on a multiprocessor,
// which limits registers.
#ifdef SRN_EMULATOR
#define DENSE_KERNEL(threads, blocks, name, ...) KERNEL(threads, name, __VA_ARGS__)
#else
#define KERNEL(threads, name, ...) extern "C" __global__ __launch_bounds__(threads) void name(__VA_ARGS__)
#define DENSE_KERNEL(threads, blocks, name, ...) \
  extern "C" __global__ __launch_bounds__(threads, blocks) void name(__VA_ARGS__)
#endif
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(type, name) extern __shared__ type name[]
#endif

#define DEVICE static inline __device__ __attribute__((always_inline))

DEVICE int least(int a, int b) { return a < b ? a : b; }

DEVICE float4 zero4() { return make_float4(0.f, 0.f, 0.f, 0.f); }
DEVICE float4 read4(const float *p) { return *reinterpret_cast<const float4 *>(p); }
DEVICE void write2(float *p, float2 v) { *reinterpret_cast<float2 *>(p) = v; }
DEVICE void write4(float *p, float4 v) { *reinterpret_cast<float4 *>(p) = v; }

// fma4 returns a·b + c for a number a.
DEVICE float4 fma4(float a, float4 b, float4 c) {
  return make_float4(fmaf(a, b.x, c.x), fmaf(a, b.y, c.y), fmaf(a, b.z, c.z), fmaf(a, b.w, c.w));
}

// fma4 returns a·b + c, element by element.
DEVICE float4 fma4(float4 a, float4 b, float4 c) {
  return make_float4(fmaf(a.x, b.x, c.x), fmaf(a.y, b.y, c.y), fmaf(a.z, b.z, c.z), fmaf(a.w, b.w, c.w));
}

DEVICE float4 add4(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
