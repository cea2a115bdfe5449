// exp and log in float64 from arithmetic alone, so that they give the same
// bits on every device and in every test.
#pragma once
#include "common.cuh"

DEVICE double fromBits(unsigned long long bits) {
  double v;
  __builtin_memcpy(&v, &bits, 8);
  return v;
}

DEVICE unsigned long long toBits(double v) {
  unsigned long long bits;
  __builtin_memcpy(&bits, &v, 8);
  return bits;
}

// exponential returns eˣ within 2 units in the last place, for x ≤ 0 or so
// (up to 709); below −708 it returns 0.
DEVICE double exponential(double x) {
  if (x < -708.0) return 0;
  if (!(x <= 709.0)) return x;  // not a number, or out of range for a softmax
  int k = int(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
  double r = fma(double(k), -1.90821492927058770002e-10, fma(double(k), -6.93147180369123816490e-01, x));
  // Taylor's series; |r| ≤ ln(2)/2.
  double sum = 1.0 / 6227020800.0;
  sum = fma(sum, r, 1.0 / 479001600.0);
  sum = fma(sum, r, 1.0 / 39916800.0);
  sum = fma(sum, r, 1.0 / 3628800.0);
  sum = fma(sum, r, 1.0 / 362880.0);
  sum = fma(sum, r, 1.0 / 40320.0);
  sum = fma(sum, r, 1.0 / 5040.0);
  sum = fma(sum, r, 1.0 / 720.0);
  sum = fma(sum, r, 1.0 / 120.0);
  sum = fma(sum, r, 1.0 / 24.0);
  sum = fma(sum, r, 1.0 / 6.0);
  sum = fma(sum, r, 0.5);
  sum = fma(sum, r, 1.0);
  sum = fma(sum, r, 1.0);
  return sum * fromBits((unsigned long long)(k + 1023) << 52);
}

// logarithm returns ln x for normal x > 0; what is not a number stays so.
DEVICE double logarithm(double x) {
  if (!(x < 1e300)) return x;
  unsigned long long bits = toBits(x);
  int e = int(bits >> 52) - 1023;
  double m = fromBits((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 1.4142135623730951) m *= 0.5, e++;
  // ln m = 2·artanh(s), |s| ≤ 0.172.
  double s = (m - 1) / (m + 1), q = s * s, sum = 1.0 / 21;
  sum = fma(sum, q, 1.0 / 19);
  sum = fma(sum, q, 1.0 / 17);
  sum = fma(sum, q, 1.0 / 15);
  sum = fma(sum, q, 1.0 / 13);
  sum = fma(sum, q, 1.0 / 11);
  sum = fma(sum, q, 1.0 / 9);
  sum = fma(sum, q, 1.0 / 7);
  sum = fma(sum, q, 1.0 / 5);
  sum = fma(sum, q, 1.0 / 3);
  return fma(double(e), 0.69314718055994530942, 2 * fma(sum * q, s, s));
}
