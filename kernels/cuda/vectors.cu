// Arithmetic on flat vectors. One thread an element: what these cost is the
// memory they touch.
#include "sum.cuh"

DEVICE long long element() { return (long long)(blockIdx.x) * blockDim.x + threadIdx.x; }

KERNEL(256, vector_fill, float *dst, float value, long long n) {
  long long i = element();
  if (i < n) dst[i] = value;
}

KERNEL(256, vector_copy, float *dst, const float *src, long long n) {
  long long i = element();
  if (i < n) dst[i] = src[i];
}

KERNEL(256, vector_scale, float *x, float a, long long n) {
  long long i = element();
  if (i < n) x[i] *= a;
}

KERNEL(256, vector_axpy, float *y, float a, const float *x, long long n) {
  long long i = element();
  if (i < n) y[i] = fmaf(a, x[i], y[i]);
}

KERNEL(256, vector_multiply, float *x, const float *by, long long n) {
  long long i = element();
  if (i < n) x[i] *= by[i];
}

// A step of stochastic gradient descent as PyTorch takes it.
KERNEL(256, vector_sgd, float *p, float *v, const float *g, float lr, float momentum, float weightDecay, long long n) {
  long long i = element();
  if (i >= n) return;
  float u = fmaf(momentum, v[i], fmaf(weightDecay, p[i], g[i]));
  v[i] = u;
  p[i] = fmaf(-lr, u, p[i]);
}

// A block's share of Σ x·y, of so many blocks. Where a product is too large for
// float32 the thread begins anew in float64.
DEVICE void dotShare(double *values, double *partial, const float *x, const float *y, long long n, int blocks) {
  Sum sum;
  sum.clear();
  long long step = (long long)(blocks) * blockDim.x;
  for (long long i = element(); i < n; i += step) sum.addProduct(x[i], y[i]);
  double total = sum.total();
  if (!bounded(total)) {
    total = 0;
    for (long long i = element(); i < n; i += step) total = fma(double(x[i]), double(y[i]), total);
  }
  values[threadIdx.x] = total;
  reduce(values, blockDim.x, 1);
  if (threadIdx.x == 0) partial[blockIdx.x] = values[0];
}

KERNEL(256, vector_dot, double *partial, const float *x, const float *y, long long n) {
  DYNAMIC_SHARED(double, values);
  dotShare(values, partial, x, y, n, gridDim.x);
}

// 256 shares of Σ x² of each of several vectors (blockIdx.y), those of
// vector_dot. A short one has fewer.
KERNEL(256, vector_squares, double *partial, const float *x0, long long n0, const float *x1, long long n1, const float *x2,
       long long n2, const float *x3, long long n3) {
  DYNAMIC_SHARED(double, values);
  const float *x = x0;
  long long n = n0;
  if (blockIdx.y == 1) x = x1, n = n1;
  if (blockIdx.y == 2) x = x2, n = n2;
  if (blockIdx.y == 3) x = x3, n = n3;
  int blocks = n <= 256 ? 1 : n < 256 * 256 ? int((n + 255) / 256) : 256;
  if (int(blockIdx.x) < blocks) dotShare(values, partial + 256 * blockIdx.y, x, x, n, blocks);
}

// result = Σ partial, one block.
KERNEL(256, vector_total, double *result, const double *partial, int n) {
  DYNAMIC_SHARED(double, values);
  double sum = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) sum += partial[i];
  values[threadIdx.x] = sum;
  reduce(values, blockDim.x, 1);
  if (threadIdx.x == 0) *result = values[0];
}
