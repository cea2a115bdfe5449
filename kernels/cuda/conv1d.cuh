// The kernels of a layer of one-dimensional convolutions, for any Product (see
// convolve.cuh). They compute the outputs outFirst to outEnd−1.
#pragma once
#include "convolve.cuh"

#define CONV1D(name, ...)                                                                                      \
  DENSE_KERNEL(128, 3, name, float *y, OPERAND(x), const float *w, int in, int out, int kernel, int inFirst,   \
               int inEnd, int outFirst, int outEnd) {                                                          \
    DYNAMIC_SHARED(float4, shared);                                                                            \
    constexpr int pixels = __VA_ARGS__::pixels;                                                                \
    Line g{pixels + 8, (kernel + 8) / 9, kernel, kernel / 2, outFirst + int(blockIdx.x) * pixels,              \
           inFirst, inEnd, outFirst, outEnd};                                                                  \
    convolve<__VA_ARGS__>(shared, g, y, operand(x), w, Operand{}, nullptr, in, out);                           \
  }
