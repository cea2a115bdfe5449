// A batch of images as an operation reads it: stored, or computed on the way
// in from up to four stored ones with coefficients per channel (see Operand in
// package device). Prologues are cheap: a convolution's tile is read once for
// its nine taps.
#pragma once
#include "common.cuh"

struct Operand {
  const float *src0, *src1, *src2, *src3;
  const float *coef;  // (sources+1) × channels; null: src0 as it is
  const float *maskSrc, *maskCoef;
  int kind;  // sources + 256·post
};

enum { PLAIN = 0, RELU = 1, MASK = 2 };

// OPERAND declares the parameters of a kernel that make an operand, and
// operand(x) puts them together.
#define OPERAND(x)                                                                                         \
  const float *x##_src0, const float *x##_src1, const float *x##_src2, const float *x##_src3,              \
      const float *x##_coef, const float *x##_maskSrc, const float *x##_maskCoef, int x##_kind
#define operand(x) \
  Operand { x##_src0, x##_src1, x##_src2, x##_src3, x##_coef, x##_maskSrc, x##_maskCoef, x##_kind }

// Raw4 is what was read ahead of four channels of a pixel. Third and fourth
// sources are rare, and would cost registers in every kernel.
struct Raw4 { float4 s0, s1, mask; };

// fetch reads, and combine computes: a kernel can work in between. Elements
// start at `at`, whose channel is c.
DEVICE Raw4 fetch(const Operand &o, long long at) {
  Raw4 r;
  int sources = o.kind & 255;
  r.s0 = read4(o.src0 + at);
  r.s1 = r.mask = zero4();
  if (sources > 1) r.s1 = read4(o.src1 + at);
  if (o.kind >> 8 == MASK) r.mask = read4(o.maskSrc + at);
  return r;
}

// relu keeps NaN, so that a diverged run is seen to be one.
DEVICE float relu(float v) { return v < 0.f ? 0.f : v; }

DEVICE float4 combine(const Operand &o, const Raw4 &r, long long at, int c, int channels) {
  float4 v = r.s0;
  if (o.coef) {
    int sources = o.kind & 255;
    const float *k = o.coef + c;
    v = fma4(read4(k + channels), v, read4(k));
    if (sources > 1) v = fma4(read4(k + 2 * channels), r.s1, v);
    if (sources > 2) v = fma4(read4(k + 3 * channels), read4(o.src2 + at), v);
    if (sources > 3) v = fma4(read4(k + 4 * channels), read4(o.src3 + at), v);
  }
  int post = o.kind >> 8;
  if (post == RELU) v = make_float4(relu(v.x), relu(v.y), relu(v.z), relu(v.w));
  if (post == MASK) {
    float4 m = fma4(read4(o.maskCoef + channels + c), r.mask, read4(o.maskCoef + c));
    v = make_float4(m.x > 0.f ? v.x : 0.f, m.y > 0.f ? v.y : 0.f, m.z > 0.f ? v.z : 0.f, m.w > 0.f ? v.w : 0.f);
  }
  return v;
}

DEVICE float4 load4(const Operand &o, long long at, int c, int channels) {
  return combine(o, fetch(o, at), at, c, channels);
}
