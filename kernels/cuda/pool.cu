// The mean of each channel over an image's pixels.
#include "common.cuh"

// A block is an image: up to 64 channels (blockIdx.y) times rows of threads,
// each with pixels of its own.
KERNEL(256, pool_forward, float *dst, const float *src, int channels, int pixels) {
  DYNAMIC_SHARED(float, values);  // [row][channel of the block]
  int width = least(channels - 64 * blockIdx.y, 64), rows = blockDim.x / width;
  int k = threadIdx.x % width, row = threadIdx.x / width, c = 64 * blockIdx.y + k;
  if (row < rows) {
    float sum = 0.f;
    for (int p = row; p < pixels; p += rows) sum += src[((long long)(blockIdx.x) * pixels + p) * channels + c];
    values[row * width + k] = sum;
  }
  __syncthreads();
  if (row == 0) {
    float sum = 0.f;
    for (int r = 0; r < rows; r++) sum += values[r * width + k];
    dst[blockIdx.x * channels + c] = sum / float(pixels);
  }
}

KERNEL(256, pool_backward, float *dsrc, const float *ddst, int channels, int pixels, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) dsrc[i] = ddst[i / (channels * pixels) * channels + i % channels] * (1.f / float(pixels));
}
