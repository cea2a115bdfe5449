// The gradient of a convolution in its weights as an implicit matrix product:
// (taps·in) × pixels times pixels × out, or a sum of two such products.
//
// A block of 192 threads computes the nine taps of 16 × 16 channels over a
// share of the tiles of pixels. Its threads are four groups that take rows of
// the tile in turns; in a group a thread has three neighbouring taps of 4 × 4
// channels and slides along its row, so that it reads each input once for the
// three taps. Shares are added up by another kernel, in their order.
#pragma once
#include "operand.cuh"
#include "patch.cuh"
#include "sum.cuh"

// A geometry has, besides what patch.cuh says,
//
//	pixels              of the tile, rows of 2^logWidth
//	patchRow(r)         where the first tap of the tile's row r reads
//	tapRow              how much further the next three taps read
//	step                between the inputs of neighbouring outputs
//	gradient(m)         the pixel of the output's gradient at m, or −1

// WeightTile is a tile of a 3×3 convolution.
template <int STRIDE> struct WeightTile : Conv3x3<STRIDE> {
  int pixels, tapRow;

  __device__ __attribute__((always_inline)) WeightTile(const Plane &g, int logImages) : Conv3x3<STRIDE>(g, logImages) {
    pixels = 1 << (logImages + g.logHeight + g.logWidth);
    tapRow = g.patchWidth;
  }

  __device__ __attribute__((always_inline)) int source(int p, int) const {
    int i, row, column;
    this->locate(p, &i, &row, &column);
    return this->pixel(i, this->y * STRIDE - 1 + row, this->x * STRIDE - 1 + column, this->inSize);
  }
  __device__ __attribute__((always_inline)) int gradient(int m) const { return this->target(m); }
  __device__ __attribute__((always_inline)) int patchRow(int r) const {
    int row = r & ((1 << this->logHeight) - 1), i = r >> this->logHeight;
    return (i * this->patchHeight + row * STRIDE) * this->patchWidth;
  }
};

// slide adds to sum[tap] the products of inputs and gradients along one row.
template <int STEP> DEVICE void slide(float4 (&sum)[3][4], const float4 *x, const float4 *d, int width) {
  float4 x0 = x[0], x1 = x[4];
#pragma unroll 4
  for (int i = 0; i < width; i++) {
    float4 x2 = x[(STEP * i + 2) * 4], g = d[4 * i];
    float4 in[3] = {x0, x1, x2};
#pragma unroll
    for (int t = 0; t < 3; t++) {
      sum[t][0] = fma4(in[t].x, g, sum[t][0]);
      sum[t][1] = fma4(in[t].y, g, sum[t][1]);
      sum[t][2] = fma4(in[t].z, g, sum[t][2]);
      sum[t][3] = fma4(in[t].w, g, sum[t][3]);
    }
    if (STEP == 1) {
      x0 = x1, x1 = x2;
    } else if (i + 1 < width) {
      x0 = x2, x1 = x[(STEP * i + 3) * 4];
    }
  }
}

// weightGradient adds up the block's tiles, tile by tile from blockIdx.x on,
// into partial[share][tap][in][out]. x2 and dy2 may be absent. make(tile) is
// the geometry of a tile, all of which have as many positions and pixels.
template <int STEP, class Make>
DEVICE void weightGradient(float4 *shared, Make make, int tiles, float *partial, const Operand &x, const Operand &dy,
                           const Operand &x2, const Operand &dy2, int in, int out, int firstTap, int taps) {
  const int lane = threadIdx.x % 48, group = threadIdx.x / 48;
  const int c4 = lane / 4 % 4, o4 = lane % 4, tapRow = lane / 16;
  const int outs = out / 16, c = blockIdx.y / outs * 16, o = blockIdx.y % outs * 16;
  const auto shape = make(0);
  const int width = 1 << shape.logWidth, rows = shape.pixels >> shape.logWidth;
  const int patchSize = 4 * shape.positions, gradSize = 4 * shape.pixels;
  float4 *patch = shared, *grad = shared + 2 * patchSize;

  float4 sum[3][4];
#pragma unroll
  for (int t = 0; t < 3; t++)
#pragma unroll
    for (int k = 0; k < 4; k++) sum[t][k] = zero4();

  const int terms = x2.kind ? 2 : 1, share = int(blockIdx.x), shares = int(gridDim.x);
  const int stages = share < tiles ? ((tiles - 1 - share) / shares + 1) * terms : 0;
  const int pieces = ((patchSize > gradSize ? patchSize : gradSize) + 191) / 192;
  const int ownRows = (rows + 3) / 4, steps = pieces > ownRows ? pieces : ownRows;

  // As in convolve: stage −1 multiplies nothing and reads the first stage.
  for (int stage = -1; stage < stages; stage++) {
    const int next = stage + 1;
    const bool more = next < stages, second = terms == 2 && (next & 1);
    const auto g = make(share + next / terms * shares);
    float4 *toPatch = patch + (next & 1) * patchSize, *toGrad = grad + (next & 1) * gradSize;
    const float4 *fromPatch = patch + (stage & 1) * patchSize, *fromGrad = grad + (stage & 1) * gradSize;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
      const int e = step * 192 + threadIdx.x;
      int pixel = -1, gradPixel = -1;
      Raw4 raw, gradRaw;
      if (more && e < patchSize) {
        pixel = g.source(e >> 2, 0);
        if (pixel >= 0) raw = fetch(second ? x2 : x, (long long)(pixel) * in + c + 4 * (e & 3));
      }
      if (more && e < gradSize) {
        gradPixel = g.gradient(e >> 2);
        if (gradPixel >= 0) gradRaw = fetch(second ? dy2 : dy, (long long)(gradPixel) * out + o + 4 * (e & 3));
      }
      const int row = 4 * step + group;
      if (stage >= 0 && row < rows)
        slide<STEP>(sum, fromPatch + (shape.patchRow(row) + tapRow * shape.tapRow) * 4 + c4,
                    fromGrad + row * width * 4 + o4, width);
      if (more && e < patchSize) {
        float4 v = zero4();
        int at = c + 4 * (e & 3);
        if (pixel >= 0) v = combine(second ? x2 : x, raw, (long long)(pixel) * in + at, at, in);
        toPatch[e] = v;
      }
      if (more && e < gradSize) {
        float4 v = zero4();
        int at = o + 4 * (e & 3);
        if (gradPixel >= 0) v = combine(second ? dy2 : dy, gradRaw, (long long)(gradPixel) * out + at, at, out);
        toGrad[e] = v;
      }
    }
    __syncthreads();
  }

  // Groups are added up in their order: [group][tap][c][o], in fours of o.
#pragma unroll
  for (int t = 0; t < 3; t++)
#pragma unroll
    for (int k = 0; k < 4; k++) shared[((group * 9 + 3 * tapRow + t) * 16 + 4 * c4 + k) * 4 + o4] = sum[t][k];
  __syncthreads();
  for (int i = threadIdx.x; i < 9 * 16 * 4; i += 192) {
    int tap = firstTap + i / 64;
    if (tap >= taps) break;
    float4 v = shared[i];
    for (int r = 1; r < 4; r++) v = add4(v, shared[r * 9 * 16 * 4 + i]);
    write4(partial + (((long long)(share) * taps + tap) * in + c + i / 4 % 16) * out + o + 4 * (i % 4), v);
  }
}
