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

// Each block's share of Σ x·y. Where a product is too large for float32 the
// thread begins anew in float64.
KERNEL(256, vector_dot, double *partial, const float *x, const float *y, long long n) {
  DYNAMIC_SHARED(double, values);
  Sum sum;
  sum.clear();
  for (long long i = element(); i < n; i += (long long)(gridDim.x) * blockDim.x) sum.addProduct(x[i], y[i]);
  double total = sum.total();
  if (!bounded(total)) {
    total = 0;
    for (long long i = element(); i < n; i += (long long)(gridDim.x) * blockDim.x) total = fma(double(x[i]), double(y[i]), total);
  }
  values[threadIdx.x] = total;
  reduce(values, blockDim.x, 1);
  if (threadIdx.x == 0) partial[blockIdx.x] = values[0];
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
