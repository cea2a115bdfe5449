// The loss −Σ_k t_k·log softmax(z)_k of each image, the gradient of its mean
// in the logits z, p·Σt − t, and that gradient's tangent. One thread an image:
// there are few classes.
#include "real.cuh"

// softmax returns the largest logit and Σ exp(z − largest).
DEVICE void softmax(const float *z, int classes, double *largest, double *sum) {
  double most = z[0];
  for (int k = 1; k < classes; k++) {
    double v = z[k];
    if (!(v <= most)) most = v;  // a NaN makes everything NaN
  }
  double total = 0;
  for (int k = 0; k < classes; k++) total += exponential(z[k] - most);
  *largest = most;
  *sum = total;
}

KERNEL(32, cross_entropy, float *loss, float *dlogits, const float *logits, const float *targets, int classes, int images) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= images) return;
  const float *z = logits + (long long)(i) * classes, *t = targets + (long long)(i) * classes;
  double largest, sum, value = 0, total = 0;
  softmax(z, classes, &largest, &sum);
  double logSum = largest + logarithm(sum);
  for (int k = 0; k < classes; k++) {
    total += t[k];
    if (t[k] != 0.f) value -= t[k] * (z[k] - logSum);
  }
  loss[i] = float(value);
  for (int k = 0; k < classes; k++)
    dlogits[(long long)(i) * classes + k] = float((total * exponential(z[k] - logSum) - t[k]) / images);
}

KERNEL(32, cross_entropy_tangent, float *dlogitsDot, const float *logitsDot, const float *logits, const float *targets,
       int classes, int images) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= images) return;
  long long at = (long long)(i) * classes;
  double largest, sum, mean = 0, total = 0;
  softmax(logits + at, classes, &largest, &sum);
  for (int k = 0; k < classes; k++) {
    mean += exponential(logits[at + k] - largest) / sum * logitsDot[at + k];
    total += targets[at + k];
  }
  for (int k = 0; k < classes; k++) {
    double p = exponential(logits[at + k] - largest) / sum;
    dlogitsDot[at + k] = float(total * p * (logitsDot[at + k] - mean) / images);
  }
}
