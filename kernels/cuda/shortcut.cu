// The option-A shortcut of He et al. 2016 takes every second pixel of every
// second row and centres its channels among twice as many.
#include "common.cuh"

// A thread handles four channels of a small pixel: `large` and `small` are
// where they start in the shortcut's input and output.
DEVICE bool shortcut(int i, int channels, int size, int n, long long *large, long long *small) {
  if (i >= n) return false;
  int groups = channels / 4, half = size / 2;
  int c = 4 * (i % groups), pixel = i / groups;
  int x = pixel % half, row = pixel / half, y = row % half, image = row / half;
  *large = ((long long)(image * size + 2 * y) * size + 2 * x) * channels + c;
  *small = (long long)(pixel) * 2 * channels + channels / 2 + c;
  return true;
}

// The other channels of dst are left as they are.
KERNEL(256, shortcut_forward, float *dst, const float *src, int channels, int size, int n) {
  long long large, small;
  if (shortcut(blockIdx.x * blockDim.x + threadIdx.x, channels, size, n, &large, &small))
    write4(dst + small, read4(src + large));
}

// Adds to dsrc.
KERNEL(256, shortcut_backward, float *dsrc, const float *ddst, int channels, int size, int n) {
  long long large, small;
  if (shortcut(blockIdx.x * blockDim.x + threadIdx.x, channels, size, n, &large, &small))
    write4(dsrc + large, add4(read4(dsrc + large), read4(ddst + small)));
}
