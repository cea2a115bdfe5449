// Convolution as an implicit matrix product: outputs × (taps·in) times
// (taps·in) × out, or a sum of two such products.
//
// A block of 128 threads computes PIXELS × WIDTH outputs, each thread ROWS
// pixels × 4 channels in registers. It goes through the input eight channels a
// stage: while a stage is multiplied from one half of the shared memory, the
// next one is read from global memory, combined (see operand.cuh) and written
// to the other half.
#pragma once
#include "operand.cuh"
#include "patch.cuh"

// Tile is a block's share: 128 threads, a warp being 8 pixels × 16 channels.
template <int WIDTH, int ROWS> struct Tile {
  static constexpr int groups = WIDTH / 4, columns = 128 / groups, pixels = columns * ROWS;
};

// convolve computes y = x∗w + x2∗w2, where w2 may be null. Filters are
// [tap][in][out].
template <int WIDTH, int ROWS, class Geometry>
DEVICE void convolve(float4 *shared, const Geometry &g, float *y, const Operand &x, const float *w,
                     const Operand &x2, const float *w2, int in, int out) {
  using T = Tile<WIDTH, ROWS>;
  const int positions = g.positions, taps = g.taps;
  const int group = (threadIdx.x & 3) + (threadIdx.x >> 2) / T::columns * 4, column = (threadIdx.x >> 2) % T::columns;
  const int patchSize = 2 * positions, filterSize = 8 * T::groups * taps;
  float4 *patch = shared, *filter = shared + 2 * patchSize;
  const int firstOut = blockIdx.y * WIDTH;

  int slot[ROWS];
  float4 sum[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    slot[r] = g.slot(column + r * T::columns);
    sum[r] = zero4();
  }

  const int tapGroups = g.groups, chunks = in / 8;
  const int stages = (w2 ? 2 : 1) * chunks * tapGroups;
  const int pieces = ((patchSize > filterSize ? patchSize : filterSize) + 127) / 128;
  const int steps = pieces > taps ? pieces : taps;

  // Stage −1 multiplies nothing and reads the first stage.
  for (int stage = -1; stage < stages; stage++) {
    const int next = stage + 1, tapGroup = next % tapGroups, chunk = next / tapGroups % chunks;
    const bool second = next >= chunks * tapGroups, more = next < stages;
    float4 *toPatch = patch + (next & 1) * patchSize, *toFilter = filter + (next & 1) * filterSize;
    const float4 *fromPatch = patch + (stage & 1) * patchSize, *fromFilter = filter + (stage & 1) * filterSize;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
      // Read a piece of the next stage.
      const int e = step * 128 + threadIdx.x;
      const int c = 8 * chunk + 4 * (e & 1);
      const bool readsPatch = more && e < patchSize, readsFilter = more && e < filterSize;
      int pixel = -1;
      Raw4 raw;
      float4 weights = zero4();
      if (readsPatch) {
        pixel = g.source(e >> 1, tapGroup);
        if (pixel >= 0) raw = fetch(second ? x2 : x, (long long)(pixel) * in + c);
      }
      if (readsFilter) {
        int t = e / (8 * T::groups), k = e / T::groups % 8, tap = g.weight(t, tapGroup);
        if (tap >= 0)
          weights = read4((second ? w2 : w) + ((long long)(tap) * in + 8 * chunk + k) * out + firstOut + e % T::groups * 4);
      }
      // Multiply one tap of this stage.
      if (stage >= 0 && step < taps) {
        const float4 *p = fromPatch + g.offset(step), *f = fromFilter + step * 8 * T::groups + group;
#pragma unroll
        for (int half = 0; half < 2; half++) {
          float4 f0 = f[(4 * half + 0) * T::groups], f1 = f[(4 * half + 1) * T::groups];
          float4 f2 = f[(4 * half + 2) * T::groups], f3 = f[(4 * half + 3) * T::groups];
#pragma unroll
          for (int r = 0; r < ROWS; r++) {
            float4 v = p[half * positions + slot[r]];
            sum[r] = fma4(v.x, f0, sum[r]);
            sum[r] = fma4(v.y, f1, sum[r]);
            sum[r] = fma4(v.z, f2, sum[r]);
            sum[r] = fma4(v.w, f3, sum[r]);
          }
        }
      }
      // Write the piece.
      if (readsPatch) {
        float4 v = zero4();
        if (pixel >= 0) v = combine(second ? x2 : x, raw, (long long)(pixel) * in + c, c, in);
        toPatch[(e & 1) * positions + (e >> 1)] = v;
      }
      if (readsFilter) toFilter[e] = weights;
    }
    __syncthreads();
  }

#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    int pixel = g.target(column + r * T::columns);
    if (pixel >= 0) write4(y + (long long)(pixel) * out + firstOut + 4 * group, sum[r]);
  }
}
