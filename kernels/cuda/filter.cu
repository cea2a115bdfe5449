// Filters as the passes of convolutions read them, from w (out×in×taps):
// forward [tap][in][out], and backward [flipped tap][out][in], which may be
// absent. n = taps·in·out.
#include "common.cuh"

KERNEL(256, filter_load, float *forward, float *backward, const float *w, int taps, int in, int out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int tap = i % taps, c = i / taps % in, o = i / (taps * in);
  float v = w[i];
  forward[(tap * in + c) * out + o] = v;
  if (backward) backward[((taps - 1 - tap) * out + o) * in + c] = v;
}
