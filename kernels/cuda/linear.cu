// The fully connected layer y = x·Wᵀ + b with W out×in, and its tangents:
// products come in pairs, the second of which may be absent (null).
#include "sum.cuh"

DEVICE float dot(float sum, const float *a, const float *b, int n) {
  for (int k = 0; k < n; k++) sum = fmaf(a[k], b[k], sum);
  return sum;
}

// One thread an output. n = images·out.
KERNEL(256, linear_forward, float *y, const float *x, const float *w, const float *x2, const float *w2, const float *bias,
       int in, int out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int j = i % out, image = i / out;
  float sum = dot(bias[j], x + image * in, w + j * in, in);
  if (x2) sum = dot(sum, x2 + image * in, w2 + j * in, in);
  y[i] = sum;
}

// dx = dy·W + dy2·W2. One thread an input. n = images·in.
KERNEL(256, linear_backward_data, float *dx, const float *dy, const float *w, const float *dy2, const float *w2, int in,
       int out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int k = i % in, image = i / in;
  float sum = 0.f;
  for (int j = 0; j < out; j++) sum = fmaf(dy[image * out + j], w[j * in + k], sum);
  if (dy2)
    for (int j = 0; j < out; j++) sum = fmaf(dy2[image * out + j], w2[j * in + k], sum);
  dx[i] = sum;
}

// dw = dyᵀ·x + dy2ᵀ·x2 and db = Σ dy. A block is 32 inputs of one output
// (blockIdx.y), times 8 rows of threads with images of their own; the bias is
// the weight of an input that is 1.
KERNEL(256, linear_backward_weights, float *dw, float *db, const float *dy, const float *x, const float *dy2,
       const float *x2, int in, int out, int images) {
  DYNAMIC_SHARED(double, values);  // [8][32]
  int lane = threadIdx.x % 32, row = threadIdx.x / 32;
  int k = 32 * blockIdx.x + lane, j = blockIdx.y;
  Sum sum;
  sum.clear();
  if (k <= in) {
    for (int i = row; i < images; i += 8) {
      if (k == in) {
        sum.add(dy[i * out + j]);
        continue;
      }
      sum.addProduct(dy[i * out + j], x[i * in + k]);
      if (dy2) sum.addProduct(dy2[i * out + j], x2[i * in + k]);
    }
  }
  values[row * 32 + lane] = sum.total();
  reduce(values, 8, 32);
  if (row != 0 || k > in) return;
  if (k == in) db[j] = float(values[lane]);
  else dw[j * in + k] = float(values[lane]);
}
