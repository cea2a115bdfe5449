package main

import "fmt"

// Registers of the sums.
const (
	sumArgs   = "DI"
	sumStride = "R12" // bytes from pixel to pixel
	sumPixels = "CX"
	sumOut    = "AX"
)

// sumPairs are the pointers to A and B, and to A2 and B2.
var sumPairs = [2][2]string{{"SI", "R8"}, {"R9", "R10"}}

func writeSums(a *assembler) {
	for pairs := 1; pairs <= 2; pairs++ {
		for _, vectors := range []int{4, 2, 1} {
			if vectors*a.floats() >= 16 {
				sums(a, pairs, vectors, 4/vectors)
			}
		}
	}
}

func sumField(name string) string { return fmt.Sprintf("sumsCall_%s(%s)", name, sumArgs) }

// sums writes the sums over some vectors of channels. Several pixels at a time
// go to accumulators of their own, so that four sums and four sums of products
// are under way.
func sums(a *assembler, pairs, vectors, pixels int) {
	channels := vectors * a.floats()
	a.function(fmt.Sprintf("sums%dx%d%s", pairs, channels, a.name), "call", "sumsCall", sumArgs,
		fmt.Sprintf("sums up %d channels and the products of %d pairs.", channels, pairs))
	for i, name := range []string{"a", "b", "a2", "b2"}[:2*pairs] {
		a.op("MOVQ", sumField(name), sumPairs[i/2][i%2])
	}
	a.op("MOVQ", sumField("stride"), sumStride)
	// Registers 0 … 3 hold sums, 4 … 7 products, 8 … 11 the values of A.
	for i := range 8 {
		a.op("VXORPS", i, i, i)
	}
	pixel := func(u int) {
		for i := range vectors {
			r := u*vectors + i
			a.op("VMOVUPS", at(sumPairs[0][0], i*a.bytes), 8+r)
			a.op("VADDPS", 8+r, r, r)
			a.op("VFMADD231PS", at(sumPairs[0][1], i*a.bytes), 8+r, 4+r)
			if pairs == 2 {
				a.op("VMOVUPS", at(sumPairs[1][0], i*a.bytes), 8+r)
				a.op("VFMADD231PS", at(sumPairs[1][1], i*a.bytes), 8+r, 4+r)
			}
		}
		for _, pair := range sumPairs[:pairs] {
			a.op("ADDQ", sumStride, pair[0])
			a.op("ADDQ", sumStride, pair[1])
		}
	}
	if pixels > 1 {
		a.op("MOVQ", sumField("pixels"), sumPixels)
		a.op("SHRQ", imm(pixels/2), sumPixels)
		a.op("JZ", "rest")
		a.label("group")
		for u := range pixels {
			pixel(u)
		}
		a.op("DECQ", sumPixels)
		a.op("JNZ", "group")
		a.label("rest")
	}
	a.op("MOVQ", sumField("pixels"), sumPixels)
	if pixels > 1 {
		a.op("ANDQ", imm(pixels-1), sumPixels)
	} else {
		a.op("TESTQ", sumPixels, sumPixels)
	}
	a.op("JZ", "store")
	a.label("pixel")
	pixel(0)
	a.op("DECQ", sumPixels)
	a.op("JNZ", "pixel")
	a.label("store")
	a.op("MOVQ", sumField("out"), sumOut)
	for half := range 2 {
		for i := range vectors {
			r := 4*half + i
			for u := 1; u < pixels; u++ {
				a.op("VADDPS", r+u*vectors, r, r)
			}
			a.op("VMOVUPS", r, at(sumOut, (half*vectors+i)*a.bytes))
		}
	}
	a.ret()
}
