// Instructions of sm_80 on the host; ../tensor.cuh says what they do.
#pragma once
#include "emulator.h"

namespace emulator {

// Words are some words of each lane of a warp.
using Words = uint32_t[10][32];

// together returns to each lane of a warp what f makes of the words that all
// have handed in.
void together(const uint32_t *in, int words, uint32_t *out, int results, void (*f)(const Words &in, Words &out), int line);

// multiply is mma on a warp's fragments: a, b, d in, d out. Products are added
// one after another in the order of k.
void multiply(const Words &in, Words &out);

struct Copy { float4 *to; const float4 *from; };

// A thread's copies that are under way.
void put_off(Copy);
bool take_up(Copy &);

} // namespace emulator

static inline float tf32(float v) {
	if (std::isnan(v))
		return v;
	uint32_t bits = (std::bit_cast<uint32_t>(v) + 0x1000) & ~0x1fffu;
	return std::bit_cast<float>(bits);
}

static inline void mma(float4 &d, const float (&a)[4], const float (&b)[2]) {
	uint32_t in[10], out[4];
	memcpy(in, a, 16);
	memcpy(in + 4, b, 8);
	memcpy(in + 6, &d, 16);
	::emulator::together(in, 10, out, 4, ::emulator::multiply, __LINE__);
	memcpy(&d, out, 16);
}

// What is copied arrives when it is waited for, and what was there is lost before.
static inline void copyAsync(float4 *to, const float *from) {
	*to = make_float4(NAN, NAN, NAN, NAN);
	::emulator::put_off({to, reinterpret_cast<const float4 *>(from)});
}

static inline void waitForCopies() {
	for (::emulator::Copy c; ::emulator::take_up(c);)
		*c.to = *c.from;
}
