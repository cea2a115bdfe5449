// Sums that are worth a float64 at the price of a few float32 operations:
// cards for games and workstations do 1 double operation for every 64 single ones.
#pragma once
#include "common.cuh"

// Sum is a sum as two floats, the second holding what rounding took from the
// first (Neumaier 1974; two-sum of Knuth, product of Dekker through fma).
struct Sum {
  float high, low;
  __device__ __attribute__((always_inline)) void clear() { high = low = 0.f; }
  __device__ __attribute__((always_inline)) void add(float v) {
    float s = high + v, t = s - high;
    low += (high - (s - t)) + (v - t);
    high = s;
  }
  __device__ __attribute__((always_inline)) void addProduct(float a, float b) {
    float p = a * b;
    add(p);
    low += fmaf(a, b, -p);
  }
  __device__ __attribute__((always_inline)) double total() const { return double(high) + double(low); }
};

// bounded tells numbers from what is infinite or none.
DEVICE bool bounded(double v) { return v - v == 0; }

// reduce adds up the block's values[0…n·width) over their first index, of n
// threads, into values[0…width), in an order that depends on n alone. Each
// thread calls it; n is the same for all.
DEVICE void reduce(double *values, int n, int width) {
  __syncthreads();
  while (n > 1) {
    int half = (n + 1) / 2, count = (n - half) * width;
    for (int i = threadIdx.x; i < count; i += blockDim.x) values[i] += values[half * width + i];
    __syncthreads();
    n = half;
  }
}
