// Tensor cores, and copies to shared memory that go past registers:
// instructions of sm_80.
#pragma once
#include "common.cuh"

#ifdef SRN_EMULATOR
#include "tensor.h"
#else
// tf32 rounds to the nearest number with 11 significant bits, halves away from
// zero.
DEVICE float tf32(float v) {
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(v));
  return __builtin_bit_cast(float, bits);
}

// mma adds the product of a, 16 rows × 8, and b, 8 × 8 columns, to the 16 × 8
// sums d. Of lane 4r + c of the warp are
//
//	a: [r][c], [r+8][c], [r][c+4], [r+8][c+4]
//	b: [c][r], [c+4][r]
//	d: [r][2c], [r][2c+1], [r+8][2c], [r+8][2c+1]
//
// a and b have been rounded by tf32; their products are exact, and added up
// in float32 in an order that only the hardware knows.
DEVICE void mma(float4 &d, const float (&a)[4], const float (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d.x), "+f"(d.y), "+f"(d.z), "+f"(d.w)
      : "r"(__builtin_bit_cast(unsigned, a[0])), "r"(__builtin_bit_cast(unsigned, a[1])),
        "r"(__builtin_bit_cast(unsigned, a[2])), "r"(__builtin_bit_cast(unsigned, a[3])),
        "r"(__builtin_bit_cast(unsigned, b[0])), "r"(__builtin_bit_cast(unsigned, b[1])));
}

// copyAsync begins to copy 16 bytes to shared memory, through the cache that the
// blocks of a multiprocessor share. They are there for the
// thread itself after waitForCopies, for others after a barrier besides.
DEVICE void copyAsync(float4 *to, const float *from) {
  unsigned long long address;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(to));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" : : "l"(address), "l"(from) : "memory");
}

DEVICE void waitForCopies() { asm volatile("cp.async.wait_all;" : : : "memory"); }
#endif
