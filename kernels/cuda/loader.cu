// Picked images of a data set of bytes, normalised, shifted over a border of
// zeros and mirrored.
#include "common.cuh"

// picks are 8 bytes each: index (int32), shift down, shift right (int8), mirror
// (0 or 1). values[c][byte] is what a byte of channel c stands for.
KERNEL(256, load_images, float *dst, const unsigned char *pixels, const int *picks, const float *values, int size, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int c = i % 3, x = i / 3 % size, row = i / (3 * size), y = row % size, image = row / size;
  int packed = picks[2 * image + 1];
  y += (signed char)(packed);
  if (packed >> 16 & 1) x = size - 1 - x;
  x += (signed char)(packed >> 8);
  float v = 0.f;
  if (unsigned(y) < unsigned(size) && unsigned(x) < unsigned(size))
    v = values[256 * c + pixels[(((long long)(picks[2 * image]) * size + y) * size + x) * 3 + c]];
  dst[i] = v;
}
