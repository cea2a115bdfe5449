// Gradient of a 3×3 convolution in its weights, and the tangent of that.
// blockIdx.y counts pairs of 16 input and 16 output channels.
#include "weights.cuh"

#define WEIGHTS(name, STRIDE)                                                                                      \
  DENSE_KERNEL(192, 2, name, float *partial, OPERAND(x), OPERAND(dy), OPERAND(x2), OPERAND(dy2), int in, int out, \
               int tiles, PLANE) {                                                                                 \
    DYNAMIC_SHARED(float4, shared);                                                                                \
    auto make = [=](int tile) { return WeightTile<STRIDE>(plane(tile), logImages); };                              \
    weightGradient<STRIDE>(shared, make, tiles, partial, operand(x), operand(dy), operand(x2), operand(dy2), in,   \
                           out, 0, 9);                                                                             \
  }

WEIGHTS(conv_weights, 1)
WEIGHTS(conv_weights_stride2, 2)

// dw (OIHW) = Σ partial[share][tap][in][out]. n = 9·in·out.
KERNEL(256, conv_weights_total, float *dw, const float *partial, int shares, int in, int out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Sum sum;
  sum.clear();
  for (int s = 0; s < shares; s++) sum.add(partial[(long long)(s) * n + i]);
  int o = i % out, c = i / out % in, tap = i / (out * in);
  dw[(o * in + c) * 9 + tap] = float(sum.total());
}
