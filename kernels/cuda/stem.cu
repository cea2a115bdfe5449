// The first layer: 3×3 convolution of images with 3 channels, and the gradients
// in its weights and in the images, with the tangents of all. Memory bounds it: 27 products a
// number written. The tiles are those of the other convolutions, held in
// single numbers since a pixel's three do not make a 16-byte word. Stride 1 only.
#include "weights.cuh"

enum { STEM = 3, STEM_WIDTH = 16 };

// One patch as [position][channel].
template <class Geometry> DEVICE void readPatch(float *patch, const Geometry &g, const float *x) {
  for (int e = threadIdx.x; e < STEM * g.positions; e += blockDim.x) {
    int c = e % STEM, pixel = g.source(e / STEM, 0);
    patch[e] = pixel < 0 ? 0.f : x[(long long)(pixel) * STEM + c];
  }
}

// A block of 128 threads computes 256 pixels × 16 channels (blockIdx.y).
DEVICE void stem(float *shared, const Conv3x3<1> &g, float *y, const float *x, const float *w, const float *x2, const float *w2,
                 int out) {
  constexpr int ROWS = 8, columns = 128 / (STEM_WIDTH / 4);
  const int group = threadIdx.x & 3, column = threadIdx.x >> 2, firstOut = blockIdx.y * STEM_WIDTH;
  float *filter = shared, *patch = shared + 9 * STEM * STEM_WIDTH;
  int slot[ROWS];
  float4 sum[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) slot[r] = STEM * g.slot(column + r * columns), sum[r] = zero4();

  for (int term = 0; term < (w2 ? 2 : 1); term++) {
    const float *weights = term ? w2 : w;
    __syncthreads();
    readPatch(patch, g, term ? x2 : x);
    for (int e = threadIdx.x; e < 9 * STEM * STEM_WIDTH; e += blockDim.x)
      filter[e] = weights[e / STEM_WIDTH * out + firstOut + e % STEM_WIDTH];
    __syncthreads();
#pragma unroll 1
    for (int t = 0; t < 9; t++) {
      const float *p = patch + STEM * g.offset(t), *f = filter + t * STEM * STEM_WIDTH + 4 * group;
#pragma unroll
      for (int c = 0; c < STEM; c++) {
        float4 v = read4(f + c * STEM_WIDTH);
#pragma unroll
        for (int r = 0; r < ROWS; r++) sum[r] = fma4(p[slot[r] + c], v, sum[r]);
      }
    }
  }

#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    int pixel = g.target(column + r * columns);
    if (pixel >= 0) write4(y + (long long)(pixel) * out + firstOut + 4 * group, sum[r]);
  }
}

KERNEL(128, stem_forward, float *y, const float *x, const float *w, const float *x2, const float *w2, int out, PLANE) {
  DYNAMIC_SHARED(float4, shared);
  stem(reinterpret_cast<float *>(shared), Conv3x3<1>(plane(blockIdx.x), logImages), y, x, w, x2, w2, out);
}

// A block of 144 threads computes the 27 weights of 16 output channels
// (blockIdx.y) over its share of the tiles, as weightGradient does: four groups
// take rows in turns, and a thread has a channel, a row of taps and four outputs.
template <class Make>
DEVICE void stemWeights(float4 *shared, Make make, int tiles, float *partial, const float *x, const Operand &dy,
                        const float *x2, const Operand &dy2, int out) {
  const int lane = threadIdx.x % 36, group = threadIdx.x / 36;
  const int o4 = lane % 4, c = lane / 4 % 3, tapRow = lane / 12, o = blockIdx.y * 16;
  float4 sum[3] = {zero4(), zero4(), zero4()};

  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const auto g = make(tile);
    const int width = 1 << g.logWidth, rows = g.pixels >> g.logWidth;
    float4 *grad = shared;
    float *patch = reinterpret_cast<float *>(shared + 4 * g.pixels);
    for (int term = 0; term < (x2 ? 2 : 1); term++) {
      __syncthreads();
      readPatch(patch, g, term ? x2 : x);
      for (int e = threadIdx.x; e < 4 * g.pixels; e += blockDim.x) {
        int pixel = g.gradient(e / 4), at = o + 4 * (e % 4);
        grad[e] = pixel < 0 ? zero4() : load4(term ? dy2 : dy, (long long)(pixel) * out + at, at, out);
      }
      __syncthreads();
      for (int row = group; row < rows; row += 4) {
        const float *p = patch + (g.patchRow(row) + tapRow * g.tapRow) * STEM + c;
        const float4 *d = grad + row * width * 4 + o4;
        for (int i = 0; i < width; i++) {
          float4 v = d[4 * i];
#pragma unroll
          for (int t = 0; t < 3; t++) sum[t] = fma4(p[(i + t) * STEM], v, sum[t]);
        }
      }
    }
  }

  __syncthreads();
#pragma unroll
  for (int t = 0; t < 3; t++) shared[((group * 9 + 3 * tapRow + t) * STEM + c) * 4 + o4] = sum[t];
  __syncthreads();
  for (int i = threadIdx.x; i < 9 * STEM * 4; i += blockDim.x) {
    float4 v = shared[i];
    for (int r = 1; r < 4; r++) v = add4(v, shared[r * 9 * STEM * 4 + i]);
    write4(partial + ((long long)(blockIdx.x) * 9 * STEM + i / 4) * out + o + 4 * (i % 4), v);
  }
}

DENSE_KERNEL(144, 2, stem_weights, float *partial, const float *x, OPERAND(dy), const float *x2, OPERAND(dy2), int out, int tiles,
             PLANE) {
  DYNAMIC_SHARED(float4, shared);
  auto make = [=](int tile) { return WeightTile<1>(plane(tile), logImages); };
  stemWeights(shared, make, tiles, partial, x, operand(dy), x2, operand(dy2), out);
}

// A block of 128 threads computes the gradient in 128 pixels of an image, which
// only needs to be right: training does without it. As in conv.cu it is a
// convolution with the flipped filter, [tap][channels][3].
DEVICE void stemBackward(float4 *patch, const Conv3x3<1> &g, float *dx, const Operand &dy, const float *w,
                         const Operand &dy2, const float *w2, int channels) {
  float *filter = reinterpret_cast<float *>(patch + 2 * g.positions);  // [tap][8][3]
  const int slot = g.slot(threadIdx.x);
  float sum[STEM] = {0.f, 0.f, 0.f};
  for (int term = 0; term < (w2 ? 2 : 1); term++) {
    const float *weights = term ? w2 : w;
    for (int first = 0; first < channels; first += 8) {
      __syncthreads();
      for (int e = threadIdx.x; e < 2 * g.positions; e += blockDim.x) {
        int pixel = g.source(e / 2, 0), c = first + 4 * (e % 2);
        patch[e % 2 * g.positions + e / 2] =
            pixel < 0 ? zero4() : load4(term ? dy2 : dy, (long long)(pixel) * channels + c, c, channels);
      }
      for (int e = threadIdx.x; e < g.taps * 8 * STEM; e += blockDim.x)
        filter[e] = weights[(g.weight(e / (8 * STEM), 0) * channels + first) * STEM + e % (8 * STEM)];
      __syncthreads();
#pragma unroll 1
      for (int t = 0; t < g.taps; t++)
        for (int half = 0; half < 2; half++) {
          float4 v = patch[half * g.positions + slot + g.offset(t)];
          const float *f = filter + (8 * t + 4 * half) * STEM;
#pragma unroll
          for (int c = 0; c < STEM; c++)
            sum[c] = fmaf(v.x, f[c], fmaf(v.y, f[STEM + c], fmaf(v.z, f[2 * STEM + c], fmaf(v.w, f[3 * STEM + c], sum[c]))));
        }
    }
  }
  int pixel = g.target(threadIdx.x);
  if (pixel < 0) return;
  for (int c = 0; c < STEM; c++) dx[(long long)(pixel) * STEM + c] = sum[c];
}

DENSE_KERNEL(128, 4, stem_backward, float *dx, OPERAND(dy), const float *w, OPERAND(dy2), const float *w2, int channels,
             PLANE) {
  DYNAMIC_SHARED(float4, shared);
  stemBackward(shared, Conv3x3<1>(plane(blockIdx.x), logImages), dx, operand(dy), w, operand(dy2), w2, channels);
}
