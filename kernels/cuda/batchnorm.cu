// Batch normalisation. With x̂ = (y−μ)/σ and z = γ·x̂ + β everything is a
// combination of stored images with coefficients per channel: a pass over the
// images adds up Σa and Σ(a·b + a2·b2) per channel, and a second kernel makes
// coefficients of them, in float64. The formulas are those of the CPU backend.
#include "sum.cuh"

// Sums per channel of one slice of pixels: partial[slice][2][channels].
// A block has up to 64 groups of four channels (blockIdx.y) and as many rows
// of threads as fit, each with pixels of its own.
KERNEL(256, batchnorm_sums, double *partial, const float *a, const float *b, const float *a2, const float *b2,
       int channels, int pixels) {
  DYNAMIC_SHARED(double, values);  // [row][2·4·groups]
  int groups = least(channels / 4 - 64 * blockIdx.y, 64), rows = blockDim.x / groups;
  int group = threadIdx.x % groups, row = threadIdx.x / groups;
  int c = 4 * (64 * blockIdx.y + group);
  Sum sum[4], product[4];
  for (int k = 0; k < 4; k++) sum[k].clear(), product[k].clear();
  if (row < rows) {
    for (int p = blockIdx.x * rows + row; p < pixels; p += gridDim.x * rows) {
      long long at = (long long)(p) * channels + c;
      float4 v = read4(a + at), w = read4(b + at);
      sum[0].add(v.x), sum[1].add(v.y), sum[2].add(v.z), sum[3].add(v.w);
      product[0].addProduct(v.x, w.x), product[1].addProduct(v.y, w.y);
      product[2].addProduct(v.z, w.z), product[3].addProduct(v.w, w.w);
      if (a2) {
        v = read4(a2 + at), w = read4(b2 + at);
        product[0].addProduct(v.x, w.x), product[1].addProduct(v.y, w.y);
        product[2].addProduct(v.z, w.z), product[3].addProduct(v.w, w.w);
      }
    }
    double *to = values + (row * groups + group) * 8;
    for (int k = 0; k < 4; k++) to[k] = sum[k].total(), to[4 + k] = product[k].total();
  }
  reduce(values, rows, 8 * groups);
  for (int i = threadIdx.x; i < 8 * groups; i += blockDim.x) {
    int k = i % 8, channel = 4 * (64 * blockIdx.y + i / 8) + k % 4;
    partial[(2LL * blockIdx.x + k / 4) * channels + channel] = values[i];
  }
}

// State of a normalisation: STATE arrays of float64 by channel.
enum { MEAN, SIGMA, GAMMA, MEAN_DOT, SIGMA_DOT, GAMMA_DOT, SUM, SUM_Y };

// totals adds up the slices of one channel, whose block this is, in an order
// of their number alone; all threads have the results.
DEVICE void totals(double *values, const double *partial, int slices, int channels, int c, double *sum, double *product) {
  double s = 0, p = 0;
  for (int i = threadIdx.x; i < slices; i += blockDim.x) {
    s += partial[2LL * i * channels + c];
    p += partial[(2LL * i + 1) * channels + c];
  }
  values[2 * threadIdx.x] = s;
  values[2 * threadIdx.x + 1] = p;
  reduce(values, blockDim.x, 2);
  *sum = values[0];
  *product = values[1];
}

// activate sets a channel's statistics and the coefficients of z.
DEVICE void activate(double *state, float *coef, int channels, int c, double mean, double variance, float gamma, float beta) {
  double sigma = sqrt(variance + 1e-5), scale = gamma / sigma;
  state[MEAN * channels + c] = mean;
  state[SIGMA * channels + c] = sigma;
  state[GAMMA * channels + c] = gamma;
  coef[c] = float(beta - scale * mean);
  coef[channels + c] = float(scale);
  coef[2 * channels + c] = 1.f;
}

// Statistics of the batch. Running ones may be null.
KERNEL(64, batchnorm_train, double *state, float *coef, const double *partial, int slices, const float *gamma,
       const float *beta, float *runningMean, float *runningVar, double count, int channels) {
  DYNAMIC_SHARED(double, values);
  int c = blockIdx.x;
  double sum, squares;
  totals(values, partial, slices, channels, c, &sum, &squares);
  if (threadIdx.x != 0) return;
  double mean = sum / count, variance = squares / count - mean * mean;
  if (variance < 0) variance = 0;
  if (runningMean) {
    runningMean[c] += 0.1f * (float(mean) - runningMean[c]);
    runningVar[c] += 0.1f * (float(variance * count / (count - 1)) - runningVar[c]);
  }
  activate(state, coef, channels, c, mean, variance, gamma[c], beta[c]);
}

KERNEL(128, batchnorm_eval, double *state, float *coef, const float *gamma, const float *beta, const float *runningMean,
       const float *runningVar, int channels) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c < channels) activate(state, coef, channels, c, runningMean[c], runningVar[c], gamma[c], beta[c]);
}

// ż = γ̇·x̂ + γ·x̂̇ + β̇ with x̂̇ = (ẏ − μ̇ − x̂·σ̇)/σ, from Σẏ and Σẏ·y. Fixed
// statistics have no tangents; then partial is not read.
KERNEL(64, batchnorm_tangent, double *state, float *coef, const double *partial, int slices, const float *gammaDot,
       const float *betaDot, double count, int fixed, int channels) {
  DYNAMIC_SHARED(double, values);
  int c = blockIdx.x;
  double sum, product;
  totals(values, partial, fixed ? 0 : slices, channels, c, &sum, &product);
  if (threadIdx.x != 0) return;
  double mean = state[MEAN * channels + c], sigma = state[SIGMA * channels + c];
  double meanDot = fixed ? 0 : sum / count, sigmaDot = fixed ? 0 : (product - mean * sum) / count / sigma;
  double scale = state[GAMMA * channels + c] / sigma;
  double ofY = gammaDot[c] / sigma - scale * sigmaDot / sigma;
  state[MEAN_DOT * channels + c] = meanDot;
  state[SIGMA_DOT * channels + c] = sigmaDot;
  state[GAMMA_DOT * channels + c] = gammaDot[c];
  coef[c] = float(betaDot[c] - scale * meanDot - ofY * mean);
  coef[channels + c] = float(scale);
  coef[2 * channels + c] = float(ofY);
  coef[3 * channels + c] = 1.f;
}

// dβ = Σdz, dγ = Σdz·x̂ and dy = γ/σ·(dz − (dβ + x̂·dγ)/count).
KERNEL(64, batchnorm_backward, double *state, float *coef, const double *partial, int slices, float *dgamma, float *dbeta,
       double count, int fixed, int channels) {
  DYNAMIC_SHARED(double, values);
  int c = blockIdx.x;
  double sum, product;
  totals(values, partial, slices, channels, c, &sum, &product);
  if (threadIdx.x != 0) return;
  double mean = state[MEAN * channels + c], sigma = state[SIGMA * channels + c];
  double ofGamma = (product - mean * sum) / sigma, scale = state[GAMMA * channels + c] / sigma;
  double ofY = fixed ? 0 : -scale * ofGamma / sigma / count;
  state[SUM * channels + c] = sum;
  state[SUM_Y * channels + c] = product;
  dbeta[c] = float(sum);
  dgamma[c] = float(ofGamma);
  coef[c] = float(fixed ? 0 : -scale * sum / count - ofY * mean);
  coef[channels + c] = float(scale);
  coef[2 * channels + c] = float(ofY);
}

// The tangents of batchnorm_backward's results, from Σdż and Σ(dż·y + dz·ẏ).
KERNEL(64, batchnorm_backward_tangent, double *state, float *coef, const double *partial, int slices, float *dgammaDot,
       float *dbetaDot, double count, int fixed, int channels) {
  DYNAMIC_SHARED(double, values);
  int c = blockIdx.x;
  double sumDot, productDot;
  totals(values, partial, slices, channels, c, &sumDot, &productDot);
  if (threadIdx.x != 0) return;
  double mean = state[MEAN * channels + c], sigma = state[SIGMA * channels + c], gamma = state[GAMMA * channels + c];
  double meanDot = state[MEAN_DOT * channels + c], sigmaDot = state[SIGMA_DOT * channels + c];
  double sum = state[SUM * channels + c];
  double ofGamma = (state[SUM_Y * channels + c] - mean * sum) / sigma;
  double ofGammaDot = (productDot - meanDot * sum - mean * sumDot) / sigma - ofGamma * sigmaDot / sigma;
  double scale = gamma / sigma, scaleDot = state[GAMMA_DOT * channels + c] / sigma - scale * sigmaDot / sigma;
  double constantDot = 0, ofY = 0, ofYDot = 0;
  if (!fixed) {
    ofY = -scale * ofGamma / sigma / count;
    ofYDot = -(scaleDot * ofGamma + scale * ofGammaDot) / sigma / count - ofY * sigmaDot / sigma;
    constantDot = -(scaleDot * sum + scale * sumDot) / count - ofYDot * mean - ofY * meanDot;
  }
  dbetaDot[c] = float(sumDot);
  dgammaDot[c] = float(ofGammaDot);
  coef[c] = float(constantDot);
  coef[channels + c] = float(scaleDot);
  coef[2 * channels + c] = float(scale);
  coef[3 * channels + c] = float(ofYDot);
  coef[4 * channels + c] = float(ofY);
}
