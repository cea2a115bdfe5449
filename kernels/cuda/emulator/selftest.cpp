// selftest runs kernels, right and wrong, and checks that the emulator tells
// them apart. With the name of a kernel it runs that alone: one with races, for
// ThreadSanitizer to report.
#include "memory.h"
#include "module.h"
#include "tensor.h"
#include <cstdio>
#include <cstdlib>

using namespace emulator;

// sum adds up a block's numbers; barriers counts those of the loop's barriers
// that are left out.
static void sum(float *out, const float *in, bool without_barriers) {
	DYNAMIC_SHARED(float, s);
	unsigned t = threadIdx.x;
	s[t] = in[blockIdx.x * blockDim.x + t];
	for (unsigned step = blockDim.x / 2; step > 0; step /= 2) {
		if (!without_barriers)
			__syncthreads();
		if (t < step)
			s[t] += s[t + step];
	}
	if (t == 0)
		out[blockIdx.x] = s[0];
}

KERNEL(256, sums, float *out, const float *in) { sum(out, in, false); }
KERNEL(256, no_barriers, float *out, const float *in) { sum(out, in, true); }

KERNEL(256, warp_sums, float *out, const float *in) {
	float v = in[threadIdx.x];
	for (int d = 16; d > 0; d /= 2)
		v += __shfl_xor_sync(0xffffffffu, v, d);
	if (threadIdx.x % 32 == 0)
		out[(blockIdx.x * blockDim.x + threadIdx.x) / 32] = v;
}

KERNEL(256, two_barriers, float *out, const float *in) {
	if (threadIdx.x < 32)
		__syncthreads();
	else
		__syncthreads();
	out[0] = in[0];
}

KERNEL(256, some_leave, float *out, const float *in) {
	if (threadIdx.x == 7)
		return;
	__syncthreads();
	out[0] = in[0];
}

KERNEL(256, half_a_warp, float *out, const float *in) {
	if (threadIdx.x % 32 < 16)
		out[threadIdx.x] = __shfl_down_sync(0xffffffffu, in[threadIdx.x], 1);
}

KERNEL(256, beyond, float *out, const float *in) { out[threadIdx.x + 1] = in[threadIdx.x]; }

// same_place is a race between blocks.
KERNEL(256, same_place, float *out, const float *in) { out[threadIdx.x] = in[threadIdx.x] + float(blockIdx.x); }

KERNEL(256, uninitialised, float *out, const float *) {
	DYNAMIC_SHARED(float, s);
	out[threadIdx.x] = s[threadIdx.x];
}

// copies reads what another thread copies; leaves_copies does not wait for it.
static void copied(float *out, const float *in, bool wait, bool late) {
	DYNAMIC_SHARED(float4, s);
	unsigned t = threadIdx.x;
	if (t < 32)
		copyAsync(s + t, in + 4 * t);
	if (wait && !late)
		waitForCopies();
	__syncthreads();
	if (t < 32)
		out[32 * blockIdx.x + t] = s[t ^ 1].y;
	if (wait && late)
		waitForCopies();
}
KERNEL(256, copies, float *out, const float *in) { copied(out, in, true, false); }
KERNEL(256, late_copies, float *out, const float *in) { copied(out, in, true, true); }
KERNEL(256, leaves_copies, float *out, const float *in) { copied(out, in, false, false); }

// product is (r + k) × (k − c) + 1 for r < 16, k and c < 8, by lanes that are
// not more than so many.
static void product(float *out, int lanes, float a00) {
	int lane = threadIdx.x, r = lane / 4, c = lane % 4;
	if (blockIdx.x > 0 || lane >= lanes)
		return;
	float a[4] = {float(r + c) + (lane ? 0 : a00), float(r + 8 + c), float(r + c + 4), float(r + 8 + c + 4)}, b[2] = {float(c - r), float(c + 4 - r)};
	float4 d = make_float4(1, 1, 1, 1);
	mma(d, a, b);
	out[8 * r + 2 * c] = d.x, out[8 * r + 2 * c + 1] = d.y;
	out[8 * (r + 8) + 2 * c] = d.z, out[8 * (r + 8) + 2 * c + 1] = d.w;
}
KERNEL(256, products, float *out, const float *) { product(out, 32, 0); }
KERNEL(256, unrounded, float *out, const float *) { product(out, 32, 1 + 0x1p-11f); }
KERNEL(256, lane_missing, float *out, const float *) { product(out, 31, 0); }

static bool right_products(const float *out) {
	for (int r = 0; r < 16; r++)
		for (int c = 0; c < 8; c++) {
			float want = 1;
			for (int k = 0; k < 8; k++)
				want += float((r + k) * (k - c));
			if (out[8 * r + c] != want)
				return false;
		}
	return true;
}

KERNEL(256, kinds, float *out, const double *in, int a, float b, long long c, double d) {
	*out = float(*in) + float(a) + b + float(c) + float(d);
}

static Memory memory(1 << 20);
static int failures;

static void check(bool good, const char *what) {
	if (!good) {
		fprintf(stderr, "selftest: %s\n", what);
		failures++;
	}
}

static float *array(size_t n) { return reinterpret_cast<float *>(memory.allocate(4 * n)); }

// launch runs a kernel of 2 blocks of 128 threads on new arrays.
static Fault launch(const char *name, float *out, float *in) {
	void *arguments[] = {&out, &in};
	return run(*find(name), {2, 1, 1}, {128, 1, 1}, 4 * 128, arguments);
}

static const char *ptx = ".version 6.3\n.target sm_75\n.visible .entry kinds(\n.param .u64 a,\n.param .u64 b,\n"
	".param .u32 c,\n.param .f32 d,\n.param .u64 e,\n.param .f64 f\n)\n";

static std::string replaced(std::string s, const std::string &from, const std::string &to) {
	return s.replace(s.find(from), from.size(), to);
}

int main(int count, char **arguments) {
	float *in = array(256), *out = array(256);
	for (int i = 0; i < 256; i++)
		in[i] = float(i);
	if (count > 1)
		return launch(arguments[1], out, in);
	for (Order o : {Order::forward, Order::reverse, Order::shuffled}) {
		order = o;
		check(launch("sums", out, in) == none && out[0] == 8128 && out[1] == 24512, "sums are wrong");
		check(launch("warp_sums", out, in) == none && out[0] == 496 && out[3] == 3568, "sums by shuffles are wrong");
		check(launch("copies", out, in) == none && out[0] == 5 && out[33] == 1, "what is copied does not arrive");
		check(launch("products", out, in) == none && right_products(out), "products of matrices are wrong");
#if !defined(SRN_RACES)
		check(launch("uninitialised", out, in) == none && std::isnan(out[5]), "shared memory is not poisoned");
		check(launch("two_barriers", out, in) == launch_failed, "two barriers at once are not noticed");
		check(launch("some_leave", out, in) == launch_failed, "a barrier without a thread is not noticed");
		check(launch("half_a_warp", out, in) == launch_failed, "a shuffle without half the lanes is not noticed");
		check(launch("late_copies", out, in) == none && (std::isnan(out[0]) || std::isnan(out[1])), "a copy that nobody waits for is there");
		check(launch("leaves_copies", out, in) == launch_failed, "a thread that leaves before its copies is not noticed");
		check(launch("unrounded", out, in) == none && std::isnan(out[0]), "a factor that is not rounded is not noticed");
		check(launch("lane_missing", out, in) == launch_failed, "a product without a lane is not noticed");
		float *end = array(128);
		check(launch("beyond", end, in) == illegal_address, "a write beyond an array is not noticed");
		check(launch("beyond", out, end) == none, "what is allowed is taken for a fault");
		bool right = launch("no_barriers", out, in) == none && out[0] == 8128 && out[1] == 24512;
		check(right == (o == Order::reverse), "missing barriers do not show");
#endif
	}
	check(tf32(1 + 0x1p-11f) == 1 + 0x1p-10f && tf32(-1 - 0x1p-12f) == -1, "TF32 is rounded to wrongly");
	check(std::isnan(*array(1)), "memory is not poisoned");
	Module m;
	check(load(m, ptx).empty() && m.functions.count("kinds") && ptx_version(ptx) == 63 && ptx_target(ptx) == 75, "a PTX that agrees is refused");
	check(!load(m, replaced(ptx, ".u32", ".u64")).empty(), "a parameter of another size is not noticed");
	check(!load(m, replaced(ptx, ".f32", ".u32")).empty(), "a parameter of another kind is not noticed");
	check(!load(m, replaced(ptx, ",\n.param .f64 f", "")).empty(), "a parameter that is missing is not noticed");
	check(!load(m, replaced(ptx, "kinds", "kind")).empty(), "a kernel that is missing is not noticed");
	if (!failures)
		printf("selftest: ok\n");
	return failures > 0;
}
