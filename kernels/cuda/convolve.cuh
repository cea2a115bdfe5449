// Convolution as an implicit matrix product: outputs × (taps·in) times
// (taps·in) × out, or a sum of two such products.
//
// A block of 128 threads computes pixels × width outputs and keeps them in
// registers. It goes through the input eight channels a stage: while a stage is
// multiplied from one half of the shared memory, the next one is read from
// global memory, combined (see operand.cuh) and written to the other half.
//
// What multiplies is a Product: Float32Product or TF32Product. It has
//
//	pixels, width           of the block's outputs
//	readFilter(to, e, w)    begins to bring four weights to element e of a stage's filter; w null: zeros
//	writeFilter(to, e)      ends it
//	prepare(v)              four inputs as the patch holds them
//	multiply(patch, filter) adds one tap: the patch moved by the tap, its part of the filter
//	finish()                before the barrier at the end of a stage
//	write(g, y, out)        writes the sums
#pragma once
#include "operand.cuh"
#include "patch.cuh"

// convolve computes y = x∗w + x2∗w2, where w2 may be null. Filters are
// [tap][in][out].
template <class Product, class Geometry>
DEVICE void convolve(float4 *shared, const Geometry &g, float *y, const Operand &x, const float *w,
                     const Operand &x2, const float *w2, int in, int out) {
  constexpr int groups = Product::width / 4;
  const int positions = g.positions, taps = g.taps;
  const int patchSize = 2 * positions, filterSize = 8 * groups * taps;
  float4 *patch = shared, *filter = shared + 2 * patchSize;
  const int firstOut = blockIdx.y * Product::width;
  Product product(g);

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
      if (readsPatch) {
        pixel = g.source(e >> 1, tapGroup);
        if (pixel >= 0) raw = fetch(second ? x2 : x, (long long)(pixel) * in + c);
      }
      if (readsFilter) {
        int t = e / (8 * groups), k = e / groups % 8, tap = g.weight(t, tapGroup);
        const float *from = (second ? w2 : w) + ((long long)(tap) * in + 8 * chunk + k) * out + firstOut + e % groups * 4;
        product.readFilter(toFilter, e, tap >= 0 ? from : nullptr);
      }
      // Multiply one tap of this stage.
      if (stage >= 0 && step < taps) product.multiply(fromPatch + g.offset(step), fromFilter + step * 8 * groups);
      // Write the piece.
      if (readsPatch) {
        float4 v = zero4();
        if (pixel >= 0) v = combine(second ? x2 : x, raw, (long long)(pixel) * in + c, c, in);
        toPatch[(e & 1) * positions + (e >> 1)] = product.prepare(v);
      }
      if (readsFilter) product.writeFilter(toFilter, e);
    }
    product.finish();
    __syncthreads();
  }
  product.write(g, y + firstOut, out);
}
