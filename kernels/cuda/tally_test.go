package cuda

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
)

// Sums are those of the processor, and the first fault is held.
func TestTally(t *testing.T) {
	const classes, images, n, other = 5, 300, 1000, 20
	h := newHarness(t, "vectors", "tally")
	loss, logits, gradient, made := h.random(images), h.random(images*classes), h.random(n), h.random(other)
	labels := make([]float32, images)
	for i := range labels {
		labels[i] = float32(h.rand.IntN(classes))
	}
	label := h.of(labels)
	cpu := h.cpu.Tally(device.Figures{Loss: loss.host, Logits: logits.host, Labels: label.host, Classes: classes,
		Gradient: gradient.host, Made: []device.Buffer{made.host}})
	// What is read here is two float32 wide.
	sums, squares := h.of(make([]float32, 2*TallyLen)).at, h.of(make([]float32, 2*SquaresLen/4)).at
	step := 0
	add := func(images int) []float64 {
		step++
		cpu.Add(step, images)
		h.launch(Squares(squares, Vector{gradient.at, n}, Vector{made.at, other})...)
		h.launch(Tally(sums, squares, 2, loss.at, logits.at, label.at, classes, images, false, step))
		got := make([]float64, TallyLen)
		h.machine.ReadFloat64(got, uint64(sums))
		want, fault, _ := cpu.Read()
		if got[0] != want.Loss || got[1] != want.Correct || math.Abs(got[2]-want.GradNorm) > 1e-12*want.GradNorm || int(got[3]) != fault.Step {
			t.Fatalf("step %d: %v, want %+v and fault %+v", step, got, want, fault)
		}
		return got
	}
	add(images)
	add(1)
	add(256)
	h.set(made, append(make([]float32, other-1), float32(math.Inf(1))))
	add(images)
	h.set(loss, append(make([]float32, images-1), float32(math.NaN())))
	step++
	h.launch(Tally(sums, squares, 2, loss.at, logits.at, label.at, classes, images, false, step))
	got := make([]float64, TallyLen)
	h.machine.ReadFloat64(got, uint64(sums))
	if got[3] != 4 || got[4] != 1 {
		t.Errorf("the first fault is %v, want that of step 4 in the other vector", got[3:])
	}
}

// A multiple is added as it is, or in proportion to norms.
func TestBlend(t *testing.T) {
	const n = 700
	for _, c := range []struct{ factor, share float64 }{{-1.5, 0}, {0, 0.1}} {
		h := newHarness(t, "vectors", "tally")
		x, y := h.random(n), h.random(n)
		xNorm := math.Sqrt(h.cpu.Dot(x.host, x.host))
		cpu := h.cpu.Blend()
		ratios, factor, scratch := h.of(make([]float32, 2)).at, h.scratch(4), h.scratch(SquaresLen)
		for range 2 {
			cpu.Add(y.host, x.host, xNorm, c.factor, c.share)
			blend := Blend(ratios, factor, scratch, y.at, x.at, xNorm, c.factor, c.share, n)
			h.launch(blend[:]...)
		}
		h.same("blend", y, 1e-6)
		got := make([]float64, 1)
		h.machine.ReadFloat64(got, uint64(ratios))
		if want := cpu.Ratios(); math.Abs(got[0]-want) > 1e-6*want {
			t.Errorf("ratios %g, want %g", got[0], want)
		}
	}
}

// Each vector's squares are those of the product with itself, bit by bit.
func TestSquares(t *testing.T) {
	h := newHarness(t, "vectors")
	var vectors []Vector
	for _, n := range []int{1, 256, 257, 70000, 300, 65536} {
		vectors = append(vectors, Vector{h.random(n).at, n})
	}
	shares := h.scratch(len(vectors) * SquaresLen)
	h.launch(Squares(shares, vectors...)...)
	result, scratch := h.scratch(8), h.scratch(DotScratch)
	for i, v := range vectors {
		dot := Dot(result, scratch, v.At, v.At, v.N)
		h.launch(dot[:]...)
		got, want := make([]float64, dot[0].Grid[0]), make([]float64, dot[0].Grid[0])
		h.machine.ReadFloat64(got, uint64(shares.Bytes(i*SquaresLen)))
		h.machine.ReadFloat64(want, uint64(scratch))
		if !slices.Equal(got, want) {
			t.Errorf("%d elements: other shares than those of a product", v.N)
		}
	}
}
