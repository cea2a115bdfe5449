// Filters as the passes of convolutions read them, from w (out×in×taps):
// forward [tap][in][out], and backward [flipped tap][out][in], which may be
// absent. blockIdx.y counts filters.
#pragma once
#include "common.cuh"

#define FILTER(i) float *forward##i, float *backward##i, const float *w##i, int in##i, int out##i
#define CHOOSE_FILTER(i) \
  if (blockIdx.y == i) forward = forward##i, backward = backward##i, w = w##i, in = in##i, out = out##i;

#define FILTER_LOAD(name, rounded)                                                                                  \
  KERNEL(256, name, int taps, FILTER(0), FILTER(1), FILTER(2), FILTER(3), FILTER(4), FILTER(5), FILTER(6),          \
         FILTER(7), FILTER(8)) {                                                                                    \
    float *forward = forward0, *backward = backward0;                                                               \
    const float *w = w0;                                                                                            \
    int in = in0, out = out0, i = blockIdx.x * blockDim.x + threadIdx.x;                                            \
    CHOOSE_FILTER(1) CHOOSE_FILTER(2) CHOOSE_FILTER(3) CHOOSE_FILTER(4) CHOOSE_FILTER(5) CHOOSE_FILTER(6)           \
    CHOOSE_FILTER(7) CHOOSE_FILTER(8)                                                                               \
    if (i >= taps * in * out) return;                                                                               \
    int tap = i % taps, c = i / taps % in, o = i / (taps * in);                                                     \
    float v = rounded(w[i]);                                                                                        \
    forward[(tap * in + c) * out + o] = v;                                                                          \
    if (backward) backward[((taps - 1 - tap) * out + o) * in + c] = v;                                              \
  }
