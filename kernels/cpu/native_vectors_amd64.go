//go:build amd64 && !noasm

package cpu

import "unsafe"

// A dotCall is the argument of sums of products in assembly.
type dotCall struct {
	x, y, out unsafe.Pointer
	groups    int // of DotSums elements
}

// An sgdCall is the argument of a step in assembly, of a multiple of Lanes
// parameters.
type sgdCall struct {
	p, v, g             unsafe.Pointer
	count               int
	lr, momentum, decay float32
}

// maxVector is how many elements of a flat vector one call into assembly takes.
const maxVector = 1 << 16

func dotNative(s isa, d *Dot) {
	whole := len(d.X) / DotSums * DotSums
	for i := 0; i < whole; i += maxVector {
		call := dotCall{unsafe.Pointer(&d.X[i]), unsafe.Pointer(&d.Y[i]), unsafe.Pointer(&d.Out[0]), min(maxVector, whole-i) / DotSums}
		if s == isaAVX512 {
			dotAVX512(&call)
		} else {
			dotAVX2(&call)
		}
	}
	d.from(whole)
}

func sgdNative(s isa, d *SGD) {
	whole := len(d.P) / Lanes * Lanes
	for i := 0; i < whole; i += maxVector {
		call := sgdCall{unsafe.Pointer(&d.P[i]), unsafe.Pointer(&d.V[i]), unsafe.Pointer(&d.G[i]), min(maxVector, whole-i), d.LR, d.Momentum, d.Decay}
		if s == isaAVX512 {
			sgdAVX512(&call)
		} else {
			sgdAVX2(&call)
		}
	}
	d.from(whole)
}
