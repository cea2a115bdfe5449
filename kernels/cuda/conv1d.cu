// A layer of a stack of one-dimensional convolutions over one long sequence:
// forward pass, gradient in the input (the same with the flipped filter), and
// gradient in the weights. Arrays hold a range of positions of the sequence,
// channels side by side; First says where they begin. ReLU, biases and masks
// are prologues of whoever reads a layer's output.
#include "conv1d.cuh"
#include "float32_product.cuh"
#include "weights.cuh"

CONV1D(conv1d_16, Float32Product<16, 8>)
CONV1D(conv1d_32, Float32Product<32, 8>)
CONV1D(conv1d_64, Float32Product<64, 8>)

// LineTile is 128 positions, as 16 rows of 8, and nine taps from `tap` on.
struct LineTile {
  int first, end, tap, half, xFirst, xEnd, dyFirst;

  static constexpr int positions = 136, pixels = 128, logWidth = 3, tapRow = 3;

  __device__ __attribute__((always_inline)) int source(int p, int) const {
    int at = first + p + tap - half;
    return at >= xFirst && at < xEnd ? at - xFirst : -1;
  }
  __device__ __attribute__((always_inline)) int gradient(int m) const { return first + m < end ? first + m - dyFirst : -1; }
  __device__ __attribute__((always_inline)) int patchRow(int r) const { return 8 * r; }
};

// Share of the weights' gradient of positions first to end−1. blockIdx.z counts
// groups of nine taps.
DENSE_KERNEL(192, 2, conv1d_weights, float *partial, OPERAND(x), OPERAND(dy), int in, int out, int kernel, int xFirst,
             int xEnd, int dyFirst, int first, int end) {
  DYNAMIC_SHARED(float4, shared);
  int tap = 9 * blockIdx.z;
  auto make = [=](int tile) { return LineTile{first + 128 * tile, end, tap, kernel / 2, xFirst, xEnd, dyFirst}; };
  weightGradient<1>(shared, make, (end - first + 127) / 128, partial, operand(x), operand(dy), Operand{}, Operand{}, in,
                    out, tap, kernel);
}

// sums (out×in×taps) += Σ partial[share][tap][in][out]. n = taps·in·out.
KERNEL(256, conv1d_weights_add, double *sums, const float *partial, int shares, int in, int out, int kernel, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Sum sum;
  sum.clear();
  for (int s = 0; s < shares; s++) sum.add(partial[(long long)(s) * n + i]);
  int o = i % out, c = i / out % in, tap = i / (out * in);
  sums[(o * in + c) * kernel + tap] += sum.total();
}

// Sums per channel of an operand's rows: partial[slice][channels]. A block is up
// to 64 groups of four channels (blockIdx.y) times rows of threads.
KERNEL(256, conv1d_channels, double *partial, OPERAND(x), int channels, int rows) {
  DYNAMIC_SHARED(double, values);
  Operand x = operand(x);
  int groups = least(channels / 4 - 64 * blockIdx.y, 64), lanes = blockDim.x / groups;
  int group = threadIdx.x % groups, lane = threadIdx.x / groups, c = 4 * (64 * blockIdx.y + group);
  if (lane < lanes) {
    Sum sum[4];
    for (int k = 0; k < 4; k++) sum[k].clear();
    for (int r = blockIdx.x * lanes + lane; r < rows; r += gridDim.x * lanes) {
      float4 v = load4(x, (long long)(r) * channels + c, c, channels);
      sum[0].add(v.x), sum[1].add(v.y), sum[2].add(v.z), sum[3].add(v.w);
    }
    for (int k = 0; k < 4; k++) values[(lane * groups + group) * 4 + k] = sum[k].total();
  }
  reduce(values, lanes, 4 * groups);
  for (int i = threadIdx.x; i < 4 * groups; i += blockDim.x)
    partial[(long long)(blockIdx.x) * channels + 256 * blockIdx.y + i] = values[i];
}

// sums += Σ partial[slice].
KERNEL(128, conv1d_channels_add, double *sums, const double *partial, int slices, int channels) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  double sum = 0;
  for (int s = 0; s < slices; s++) sum += partial[(long long)(s) * channels + c];
  sums[c] += sum;
}

KERNEL(128, conv1d_mean, double *features, const double *sums, double length, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) features[i] = sums[i] / length;
}

KERNEL(256, conv1d_weights_mean, float *dw, const double *sums, double length, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) dw[i] = float(sums[i] / length);
}
