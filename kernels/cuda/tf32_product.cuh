// The matrix product of a convolution (see convolve.cuh) on tensor cores:
// inputs and weights rounded to TF32, sums in float32. Each of the four warps
// has up to 32 channels of a part of the pixels, in tiles of 16 × 8.
//
// Inputs are rounded as they are written to the patch. Weights have been rounded
// when they were prepared, so that nothing is left to do to them on the way
// from global to shared memory: they are copied asynchronously.
#pragma once
#include "tensor.cuh"

template <int WIDTH, int PIXELS> struct TF32Product {
  static constexpr int width = WIDTH, pixels = PIXELS, groups = WIDTH / 4;
  static constexpr int across = WIDTH > 32 ? WIDTH / 32 : 1;  // warps side by side
  static constexpr int columns = WIDTH / across / 8, rows = PIXELS / (4 / across) / 16;  // tiles of a warp

  int positions, row, column;  // the lane's, of a tile
  int firstPixel, firstChannel;  // the warp's
  int slot[rows][2];
  float4 sum[rows][columns];

  template <class Geometry> __device__ __attribute__((always_inline)) TF32Product(const Geometry &g) {
    positions = g.positions;
    row = threadIdx.x >> 2 & 7, column = threadIdx.x & 3;
    firstPixel = (threadIdx.x >> 5) / across * rows * 16, firstChannel = (threadIdx.x >> 5) % across * columns * 8;
#pragma unroll
    for (int r = 0; r < rows; r++) {
      slot[r][0] = g.slot(pixel(r, 0));
      slot[r][1] = g.slot(pixel(r, 1));
#pragma unroll
      for (int c = 0; c < columns; c++) sum[r][c] = zero4();
    }
  }

  __device__ __attribute__((always_inline)) int pixel(int r, int half) const { return firstPixel + 16 * r + 8 * half + row; }

  // swizzle moves the groups of four weights of a channel k of inputs, so that
  // the four channels × eight outputs that a warp reads are in 32 banks.
  static __device__ __attribute__((always_inline)) int swizzle(int k) { return WIDTH < 32 ? k & 2 : 2 * (k & 3); }

  __device__ __attribute__((always_inline)) void readFilter(float4 *to, int e, const float *w) const {
    float4 *at = to + (e ^ swizzle(e / groups));
    if (w)
      copyAsync(at, w);
    else
      *at = zero4();
  }
  __device__ __attribute__((always_inline)) void writeFilter(float4 *, int) const {}
  __device__ __attribute__((always_inline)) float4 prepare(float4 v) const {
    return make_float4(tf32(v.x), tf32(v.y), tf32(v.z), tf32(v.w));
  }
  __device__ __attribute__((always_inline)) void finish() const { waitForCopies(); }

  __device__ __attribute__((always_inline)) void multiply(const float4 *patch, const float4 *filter) {
    const float *a = reinterpret_cast<const float *>(patch) + column;
    const float *b = reinterpret_cast<const float *>(filter + column * groups) + (row & 3);
    float right[columns][2];
#pragma unroll
    for (int c = 0; c < columns; c++) {
      int group = (firstChannel + 8 * c + row) / 4 ^ swizzle(column);
      right[c][0] = b[4 * group];
      right[c][1] = b[4 * (4 * groups + group)];
    }
#pragma unroll
    for (int r = 0; r < rows; r++) {
      float left[4] = {a[4 * slot[r][0]], a[4 * slot[r][1]], a[4 * (positions + slot[r][0])], a[4 * (positions + slot[r][1])]};
#pragma unroll
      for (int c = 0; c < columns; c++) mma(sum[r][c], left, right[c]);
    }
  }

  template <class Geometry>
  __device__ __attribute__((always_inline)) void write(const Geometry &g, float *y, int out) const {
#pragma unroll
    for (int r = 0; r < rows; r++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        int to = g.target(pixel(r, half));
        if (to < 0) continue;
        float *at = y + (long long)(to) * out + firstChannel + 2 * column;
#pragma unroll
        for (int c = 0; c < columns; c++)
          write2(at + 8 * c, half ? make_float2(sum[r][c].z, sum[r][c].w) : make_float2(sum[r][c].x, sum[r][c].y));
      }
    }
  }
};
