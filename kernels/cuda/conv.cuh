// The kernels of 3×3 convolutions, for any Product (see convolve.cuh).
#pragma once
#include "convolve.cuh"

#define TERMS float *y, OPERAND(x), const float *w, OPERAND(x2), const float *w2, int in, int out

#define FORWARD(name, STRIDE, ...)                                                  \
  DENSE_KERNEL(128, 3, name, TERMS, PLANE) {                                        \
    DYNAMIC_SHARED(float4, shared);                                                 \
    Conv3x3<STRIDE> g(plane(blockIdx.x), logImages);                                \
    convolve<__VA_ARGS__>(shared, g, y, operand(x), w, operand(x2), w2, in, out);   \
  }

// blockIdx.z is the parity of the pixels. `in` are the channels of y's gradient.
#define BACKWARD_STRIDE2(name, ...)                                                 \
  DENSE_KERNEL(128, 2, name, TERMS, PLANE) {                                        \
    DYNAMIC_SHARED(float4, shared);                                                 \
    Parity g(plane(blockIdx.x), logImages, blockIdx.z);                             \
    convolve<__VA_ARGS__>(shared, g, y, operand(x), w, operand(x2), w2, in, out);   \
  }
