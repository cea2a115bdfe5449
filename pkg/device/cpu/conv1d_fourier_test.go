package cpu

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// relativeRMS is ‖got − want‖/‖want‖.
func relativeRMS(got, want []float64) float64 {
	var difference, norm float64
	for i := range want {
		difference += (got[i] - want[i]) * (got[i] - want[i])
		norm += want[i] * want[i]
	}
	return math.Sqrt(difference / norm)
}

// The surrogate of the paper, initialised as PyTorch does, on parameters of
// the size that trained ones have.
func TestConv1DPrecision(t *testing.T) {
	shape := device.Conv1DShape{Channels: []int{128, 64, 32}, Kernel: 9, Length: conv1DChunk + 25}
	r := rng.New(5)
	w := make([]float64, shape.Weights())
	for l, out := range shape.Channels {
		in, weight, bias := shape.Layer(l)
		for i := weight; i < bias+out; i++ {
			w[i] = float64(float32((2*r.Float64() - 1) / math.Sqrt(float64(in*shape.Kernel))))
		}
	}
	x, c := normals(r, shape.Length, 0.1), normals(r, shape.Features(), 0.1)
	o := newConv1DOracle(shape, w, x)
	wantDx, wantDw := o.backward(c, nil)
	s := testBackend(t, 1).Conv1D(shape)
	s.Load(toVec(w))
	features, dx, dw := make([]float64, shape.Features()), vec(alloc(shape.Length)), vec(alloc(shape.Weights()))
	s.Gradient(features, dx, dw, toVec(x), c)
	for _, result := range []struct {
		name      string
		got, want []float64
	}{
		{"features", features, o.mean(o.a[len(o.a)-1])},
		{"gradient in the sequence", toFloat64(dx), wantDx},
		{"gradient in the weights", toFloat64(dw), wantDw},
	} {
		if e := relativeRMS(result.got, result.want); !(e < 5e-6) {
			t.Errorf("%s: relative error %g", result.name, e)
		}
	}
}

// What two chunks both compute, the activations beside their border, has the
// same bits in both.
func TestConv1DChunksAgree(t *testing.T) {
	for _, shape := range []device.Conv1DShape{
		{Channels: []int{32, 16, 48}, Kernel: 9, Length: 3*conv1DChunk - 100},
		{Channels: []int{16, 16, 16}, Kernel: 5, Length: 2*conv1DChunk + 5},
		{Channels: []int{16, 32, 16}, Kernel: 19, Length: 2*conv1DChunk + 30},
	} {
		t.Run(conv1DName(shape), func(t *testing.T) {
			r := rng.New(6)
			c := testBackend(t, 1).Conv1D(shape).(*conv1D)
			c.Load(toVec(normals(r, shape.Weights(), 0.2)))
			c.x = toVec(normals(r, shape.Length, 1))
			s := c.worker(0)
			activations := func(chunk int) (a [][]float32) {
				first, count := c.span(chunk)
				c.forward(s, first, count)
				for _, l := range s.a {
					a = append(a, slices.Clone(l))
				}
				return a
			}
			for chunk := range c.chunks - 1 {
				left, right := activations(chunk), activations(chunk+1)
				_, count := c.span(chunk + 1)
				for l, layer := range c.layers {
					// The right one's first row is this row of the left one.
					rows := min(2*c.reach(l), c.rows(l, count))
					border := left[l][conv1DChunk*layer.out:][:rows*layer.out]
					if !slices.Equal(border, right[l][:len(border)]) {
						t.Errorf("layer %d: chunks %d and %d differ", l, chunk, chunk+1)
					}
				}
			}
		})
	}
}
