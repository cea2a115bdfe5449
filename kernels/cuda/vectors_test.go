package cuda

import (
	"math"
	"testing"
)

func TestVectors(t *testing.T) {
	for _, n := range []int{1, 255, 1000} {
		h := newHarness(t, "vectors")
		x, y := h.random(n), h.random(n)
		h.cpu.Axpy(y.host, -0.75, x.host)
		h.launch(Axpy(y.at, -0.75, x.at, n))
		h.same("axpy", y, 1e-6)

		h.cpu.Scale(x.host, 1.5)
		h.launch(Scale(x.at, 1.5, n))
		h.same("scale", x, 0)

		z := h.new(n)
		h.cpu.Copy(z.host, x.host)
		h.launch(Copy(z.at, x.at, n))
		h.same("copy", z, 0)

		h.launch(Multiply(z.at, y.at, n))
		for i, v := range h.read(z.at, n) {
			if want := h.read(x.at, n)[i] * h.read(y.at, n)[i]; v != want {
				t.Fatalf("multiply: %g, want %g", v, want)
			}
		}

		v, g := h.random(n), h.random(n)
		h.cpu.SGD(x.host, v.host, g.host, 0.1, 0.9, 5e-4)
		h.launch(SGD(x.at, v.at, g.at, 0.1, 0.9, 5e-4, n))
		h.same("velocity", v, 1e-6)
		h.same("parameters", x, 1e-6)

		h.cpu.Fill(z.host, 0.25)
		h.launch(Fill(z.at, 0.25, n))
		h.same("fill", z, 0)
	}
}

// Dot is as good as float64: the terms cancel to a millionth of their size.
func TestDot(t *testing.T) {
	for _, n := range []int{1, 300, 2 * dotBlocks * threads} {
		h := newHarness(t, "vectors")
		x, y := h.random(n), h.random(n)
		result, scratch := h.scratch(8), h.scratch(DotScratch)
		dot := Dot(result, scratch, x.at, y.at, n)
		h.launch(dot[:]...)
		got := make([]float64, 1)
		h.machine.ReadFloat64(got, uint64(result))
		want, size := h.cpu.Dot(x.host, y.host), math.Sqrt(h.cpu.Dot(x.host, x.host)*h.cpu.Dot(y.host, y.host))
		if math.Abs(got[0]-want) > 1e-12*size {
			t.Errorf("%d elements: %.17g, want %.17g", n, got[0], want)
		}
	}
}
