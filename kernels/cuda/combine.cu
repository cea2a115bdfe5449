// An operand is computed and stored.
#include "operand.cuh"

// Four channels a thread. dst may be a source.
KERNEL(256, combine_store, float *dst, OPERAND(x), int channels, int n) {
  Operand x = operand(x);
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  write4(dst + 4LL * i, load4(x, 4LL * i, 4 * (i % (channels / 4)), channels));
}
