package cpu

import (
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

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
