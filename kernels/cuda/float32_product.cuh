// The matrix product of a convolution (see convolve.cuh) in float32, without
// tensor cores: each thread ROWS pixels × 4 channels, a warp 8 pixels × 16
// channels a row.
#pragma once
#include "common.cuh"

template <int WIDTH, int ROWS> struct Float32Product {
  static constexpr int width = WIDTH, groups = WIDTH / 4, columns = 128 / groups, pixels = columns * ROWS;

  int positions, group, column, slot[ROWS];
  float4 sum[ROWS], weights;

  template <class Geometry> __device__ __attribute__((always_inline)) Float32Product(const Geometry &g) {
    positions = g.positions;
    group = (threadIdx.x & 3) + (threadIdx.x >> 2) / columns * 4;
    column = (threadIdx.x >> 2) % columns;
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      slot[r] = g.slot(column + r * columns);
      sum[r] = zero4();
    }
  }

  __device__ __attribute__((always_inline)) void readFilter(float4 *, int, const float *w) {
    weights = zero4();
    if (w) weights = read4(w);
  }
  __device__ __attribute__((always_inline)) void writeFilter(float4 *to, int e) const { to[e] = weights; }
  __device__ __attribute__((always_inline)) float4 prepare(float4 v) const { return v; }
  __device__ __attribute__((always_inline)) void finish() const {}

  __device__ __attribute__((always_inline)) void multiply(const float4 *patch, const float4 *filter) {
    const float4 *f = filter + group;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float4 f0 = f[(4 * half + 0) * groups], f1 = f[(4 * half + 1) * groups];
      float4 f2 = f[(4 * half + 2) * groups], f3 = f[(4 * half + 3) * groups];
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        float4 v = patch[half * positions + slot[r]];
        sum[r] = fma4(v.x, f0, sum[r]);
        sum[r] = fma4(v.y, f1, sum[r]);
        sum[r] = fma4(v.z, f2, sum[r]);
        sum[r] = fma4(v.w, f3, sum[r]);
      }
    }
  }

  template <class Geometry>
  __device__ __attribute__((always_inline)) void write(const Geometry &g, float *y, int out) const {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      int pixel = g.target(column + r * columns);
      if (pixel >= 0) write4(y + (long long)(pixel) * out + 4 * group, sum[r]);
    }
  }
};
