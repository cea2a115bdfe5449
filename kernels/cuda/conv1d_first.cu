// The first layer of a stack of one-dimensional convolutions, which reads a
// sequence of single numbers. Memory bounds it: a product or two for each number
// that is written or read.
#include "operand.cuh"
#include "sum.cuh"

// A block of 128 threads computes 256 positions × 16 channels (blockIdx.y),
// each thread 8 × 4. The filter is [tap][out].
KERNEL(128, conv1d_first, float *y, const float *x, const float *w, int out, int kernel, int length, int outFirst,
       int outEnd) {
  DYNAMIC_SHARED(float, patch);
  const int first = outFirst + 256 * blockIdx.x, half = kernel / 2, column = threadIdx.x / 4;
  const int o = 16 * blockIdx.y + 4 * (threadIdx.x & 3);
  for (int i = threadIdx.x; i < 255 + kernel; i += 128) {
    int at = first + i - half;
    patch[i] = unsigned(at) < unsigned(length) ? x[at] : 0.f;
  }
  __syncthreads();
  float4 sum[8];
#pragma unroll
  for (int r = 0; r < 8; r++) sum[r] = zero4();
  for (int t = 0; t < kernel; t++) {
    float4 v = read4(w + t * out + o);
#pragma unroll
    for (int r = 0; r < 8; r++) sum[r] = fma4(patch[column + 32 * r + t], v, sum[r]);
  }
#pragma unroll
  for (int r = 0; r < 8; r++) {
    int at = first + column + 32 * r;
    if (at < outEnd) write4(y + (long long)(at - outFirst) * out + o, sum[r]);
  }
}

// dx = scale · gradient at positions first to end−1. A block of 128 threads
// computes 128 of them: for nine taps at a time, what each gradient d of the
// layer's outputs contributes through each tap, added up along the diagonals.
KERNEL(128, conv1d_first_backward, float *dx, OPERAND(d), const float *w, float scale, int channels, int kernel,
       int dFirst, int dEnd, int first, int end) {
  DYNAMIC_SHARED(float4, shared);
  Operand d = operand(d);
  const int rows = 136;
  float4 *patch = shared;                                        // [quarter of 16 channels][row]
  float *filter = reinterpret_cast<float *>(shared + 4 * rows);  // [channel][tap]
  float *through = filter + 16 * 9;                              // [tap][row]
  const int begin = first + 128 * blockIdx.x, half = kernel / 2;
  float result = 0.f;
  for (int tap = 0; tap < kernel; tap += 9) {
    const int from = begin + half - tap - 8;
    float sum[2][9];
#pragma unroll
    for (int t = 0; t < 9; t++) sum[0][t] = sum[1][t] = 0.f;
    for (int c = 0; c < channels; c += 16) {
      __syncthreads();
      for (int e = threadIdx.x; e < 4 * rows; e += 128) {
        int at = from + e / 4, channel = c + 4 * (e & 3);
        patch[(e & 3) * rows + e / 4] =
            at >= dFirst && at < dEnd ? load4(d, (long long)(at - dFirst) * channels + channel, channel, channels) : zero4();
      }
      for (int e = threadIdx.x; e < 16 * 9; e += 128)
        filter[e] = tap + e % 9 < kernel ? w[(tap + e % 9) * channels + c + e / 9] : 0.f;
      __syncthreads();
#pragma unroll
      for (int r = 0; r < 2; r++) {
        int row = threadIdx.x + 128 * r;
        if (row >= rows) break;
#pragma unroll 1
        for (int q = 0; q < 4; q++) {
          float4 v = patch[q * rows + row];
          const float *f = filter + 36 * q;
#pragma unroll
          for (int t = 0; t < 9; t++)
            sum[r][t] = fmaf(v.x, f[t], fmaf(v.y, f[9 + t], fmaf(v.z, f[18 + t], fmaf(v.w, f[27 + t], sum[r][t]))));
        }
      }
    }
    __syncthreads();
#pragma unroll
    for (int r = 0; r < 2; r++) {
      int row = threadIdx.x + 128 * r;
      if (row < rows)
        for (int t = 0; t < 9; t++) through[t * rows + row] = sum[r][t];
    }
    __syncthreads();
    for (int t = 0; t < 9; t++) result += through[t * rows + threadIdx.x + 8 - t];
  }
  int at = begin + threadIdx.x;
  if (at < end) dx[at] = result * scale;
}

// Share of the weights' gradient of positions first to end−1:
// partial[share][tap][channels]. A block of 128 threads has 128 channels
// (blockIdx.y) in fours, times four positions, and nine taps (blockIdx.z).
KERNEL(128, conv1d_first_weights, float *partial, OPERAND(d), const float *x, int channels, int kernel, int length,
       int dFirst, int first, int end) {
  DYNAMIC_SHARED(float4, shared);  // [4][9][32]
  Operand d = operand(d);
  const int lane = threadIdx.x % 32, row = threadIdx.x / 32, tap = 9 * blockIdx.z;
  const int c = 128 * blockIdx.y + 4 * lane;
  float4 sum[9];
#pragma unroll
  for (int t = 0; t < 9; t++) sum[t] = zero4();
  if (c < channels) {
    for (int p = first + 4 * blockIdx.x + row; p < end; p += 4 * gridDim.x) {
      float4 v = load4(d, (long long)(p - dFirst) * channels + c, c, channels);
#pragma unroll
      for (int t = 0; t < 9; t++) {
        int at = p + tap + t - kernel / 2;
        sum[t] = fma4(unsigned(at) < unsigned(length) ? x[at] : 0.f, v, sum[t]);
      }
    }
  }
#pragma unroll
  for (int t = 0; t < 9; t++) shared[(row * 9 + t) * 32 + lane] = sum[t];
  __syncthreads();
  if (c >= channels) return;
  for (int t = row; t < 9 && tap + t < kernel; t += 4) {
    float4 v = shared[t * 32 + lane];
    for (int r = 1; r < 4; r++) v = add4(v, shared[(r * 9 + t) * 32 + lane]);
    write4(partial + ((long long)(blockIdx.x) * kernel + tap + t) * channels + c, v);
  }
}
