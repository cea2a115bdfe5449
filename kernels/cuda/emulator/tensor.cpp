#include "tensor.h"

namespace emulator {

static float number(uint32_t bits) { return std::bit_cast<float>(bits); }

// Operands that were not rounded would lose bits that the hardware ignores.
static float operand(uint32_t bits) {
	float v = number(bits);
	return bits & 0x1fff && !std::isnan(v) ? NAN : v;
}

void multiply(const Words &in, Words &out) {
	float a[16][8], b[8][8];
	for (int lane = 0; lane < 32; lane++) {
		int row = lane / 4, column = lane % 4;
		for (int i = 0; i < 4; i++)
			a[row + 8 * (i & 1)][column + 4 * (i >> 1)] = operand(in[i][lane]);
		for (int i = 0; i < 2; i++)
			b[column + 4 * i][row] = operand(in[4 + i][lane]);
	}
	for (int lane = 0; lane < 32; lane++)
		for (int i = 0; i < 4; i++) {
			int row = lane / 4 + 8 * (i >> 1), column = 2 * (lane % 4) + (i & 1);
			float d = number(in[6 + i][lane]);
			for (int k = 0; k < 8; k++)
				d = fmaf(a[row][k], b[k][column], d);
			out[i][lane] = std::bit_cast<uint32_t>(d);
		}
}

} // namespace emulator
