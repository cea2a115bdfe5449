// What is counted along training steps, and vectors added in proportion to
// their norms. One block each: there is little to do, but the host need not see it.
#include "sum.cuh"

// total adds up one vector's n shares as vector_total does.
DEVICE double total(double *values, const double *partial, int n) {
  int i = threadIdx.x;
  __syncthreads();
  values[i] = i < n ? partial[i] : 0;
  reduce(values, blockDim.x, 1);
  return values[0];
}

// Adds a step to sums: of losses, in the order of images, or the step's sum by
// itself, of images whose largest logit (the first of equals) is that of their
// label, unless labels are null, and of the gradient's norm. Then come the number of the first step that is not finite
// and what in it is not: 0 for losses or gradient, 1 and more for the other
// vectors. squares has 256 shares of the gradient's Σ x², then of each of theirs.
DENSE_KERNEL(256, 1, tally, double *sums, const double *squares, int vectors, const float *loss, const float *logits, const float *labels,
       int classes, int images, int byStep, int step) {
  DYNAMIC_SHARED(double, values);
  int correct = 0;
  for (int i = threadIdx.x; labels && i < images; i += blockDim.x) {
    const float *z = logits + (long long)(i) * classes;
    int best = 0;
    for (int k = 1; k < classes; k++)
      if (z[k] > z[best]) best = k;
    if (best == int(labels[i])) correct++;
  }
  values[threadIdx.x] = correct;
  reduce(values, blockDim.x, 1);
  double right = values[0], norm = sqrt(total(values, squares, blockDim.x));
  int what = 0;
  for (int v = vectors - 1; v > 0; v--)
    if (!bounded(total(values, squares + v * blockDim.x, blockDim.x))) what = v;
  double sum = byStep ? 0 : sums[0];
  for (int from = 0; from < images; from += blockDim.x) {
    int n = least(images - from, blockDim.x), thread = threadIdx.x;
    __syncthreads();
    if (thread < n) values[thread] = loss[from + thread];
    __syncthreads();
    if (threadIdx.x == 0)
      for (int i = 0; i < n; i++) sum += values[i];
  }
  if (threadIdx.x != 0) return;
  if (byStep) sum += sums[0];
  sums[0] = sum;
  sums[1] += right;
  sums[2] += norm;
  bool faulty = !bounded(sum + norm);
  if (sums[3] == 0 && (faulty || what != 0)) {
    sums[3] = step;
    sums[4] = faulty ? 0 : what;
  }
}

// The factor of x, whose norm is given, in y + factor·x, from n shares of Σ y²:
// as it is, or so that the product has a share of y's norm. The ratio of the
// norms of product and y is added to ratios.
KERNEL(256, blend_factor, double *ratios, float *to, const double *squares, int n, double xNorm, double factor, double share) {
  DYNAMIC_SHARED(double, values);
  double norm = sqrt(total(values, squares, n));
  if (threadIdx.x != 0) return;
  if (share != 0) factor = share * norm / xNorm;
  *to = float(factor);
  if (factor != 0) *ratios += (factor < 0 ? -factor : factor) * xNorm / norm;
}

// y += factor·x
KERNEL(256, blend_add, float *y, const float *factor, const float *x, long long n) {
  long long i = (long long)(blockIdx.x) * blockDim.x + threadIdx.x;
  float a = *factor;
  if (i < n && a != 0.f) y[i] = fmaf(a, x[i], y[i]);
}
