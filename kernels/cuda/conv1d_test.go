package cuda

import (
	"fmt"
	"math"
	"testing"

	"srn/pkg/device"
)

func TestConv1D(t *testing.T) {
	for _, c := range []Conv1D{
		{Channels: []int{16}, Kernel: 9, Length: 300},
		{Channels: []int{32, 16}, Kernel: 3, Length: 150},
		{Channels: []int{16, 64, 32}, Kernel: 9, Length: 250, chunk: 100},
		{Channels: []int{16, 16, 16}, Kernel: 13, Length: 7},
		{Channels: []int{144, 16}, Kernel: 1, Length: 33, chunk: 32},
		{Channels: []int{16, 16}, Kernel: 11, Length: 130, chunk: 129},
	} {
		t.Run(fmt.Sprintf("%v,%d,%d", c.Channels, c.Kernel, c.Length), func(t *testing.T) {
			testConv1D(t, newHarness(t, "conv1d", "conv1d_first", "filter", "vectors"), c)
		})
	}
}

// On tensor cores numbers that TF32 holds, in all layers, give what they give in
// float32.
func TestConv1DTF32(t *testing.T) {
	for _, c := range []Conv1D{
		{Channels: []int{16, 16}, Kernel: 9, Length: 300},
		{Channels: []int{32, 32}, Kernel: 3, Length: 330, chunk: 290},
		{Channels: []int{16, 64}, Kernel: 13, Length: 150},
		{Channels: []int{16, 144, 16}, Kernel: 1, Length: 33},
	} {
		c.TF32 = true
		t.Run(fmt.Sprintf("%v,%d,%d", c.Channels, c.Kernel, c.Length), func(t *testing.T) {
			h := newHarness(t, "conv1d", "conv1d_tf32", "conv1d_first", "filter", "filter_tf32", "vectors")
			h.whole = true
			testConv1D(t, h, c)
		})
	}
}

func testConv1D(t *testing.T, h *harness, c Conv1D) {
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	shape := device.Conv1DShape{Channels: c.Channels, Kernel: c.Kernel, Length: c.Length}
	if shape.Weights() != c.Weights() || shape.Features() != c.Features() {
		t.Fatalf("%d weights, %d features; want %d, %d", c.Weights(), c.Features(), shape.Weights(), shape.Features())
	}
	op := h.cpu.Conv1D(shape)
	x, xDot, w := h.random(c.Length), h.random(c.Length), h.of(conv1DWeights(h, c))
	dx, dw := h.new(c.Length), h.new(c.Weights())
	n := c.Features()
	cotangent := make([]float64, n)
	small := h.numbers(n)
	for i, v := range small {
		cotangent[i] = float64(v)
	}
	device32 := h.of(small).at
	features, filter, scratch := h.scratch(8*n), h.scratch(4*c.FilterLen()), h.scratch(c.Scratch())
	want, got := make([]float64, n), make([]float64, n)
	compare := func(pass string) {
		t.Helper()
		h.machine.ReadFloat64(got, uint64(features))
		largest := 0.0
		for _, v := range want {
			largest = max(largest, math.Abs(v))
		}
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-5*largest) {
				t.Fatalf("%s: feature %d is %g, the CPU's %g", pass, i, got[i], want[i])
			}
		}
	}
	op.Load(w.host)
	h.launch(c.Load(filter, w.at)...)

	op.Forward(want, x.host)
	h.launch(c.Forward(features, filter, scratch, x.at)...)
	compare("forward")

	op.Gradient(want, dx.host, dw.host, x.host, cotangent)
	h.launch(c.Gradient(features, dx.at, dw.at, filter, scratch, x.at, device32)...)
	compare("gradient")
	h.same("dx", dx, 1e-5)
	h.same("dw", dw, 1e-5)

	op.Tangent(want, dw.host, x.host, xDot.host, cotangent)
	h.launch(c.Tangent(features, dw.at, filter, scratch, x.at, xDot.at, device32)...)
	compare("tangent")
	h.same("dẇ", dw, 1e-5)
}

// conv1DWeights draws weights. Whole ones have biases that keep outputs from
// being 0, where both sides' rounding would decide the gradient.
func conv1DWeights(h *harness, c Conv1D) []float32 {
	w := h.numbers(c.Weights())
	for l, out := range c.Channels {
		_, _, _, bias := c.layer(l)
		for i := bias; h.whole && i < bias+out; i++ {
			w[i] += 1 / float32(int(2)<<l)
		}
	}
	return w
}
