package guidance

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/run"
	"srn/pkg/srn/surrogate"
)

// cycle computes one block of ∇u at a step, so that none is older than one
// cycle.
type cycle struct {
	*surrogate.Blocks
	next int // block
}

func newCycle(s surrogate.Surrogate, blocks int) (*cycle, error) {
	b, err := surrogate.NewBlocks(s, blocks)
	if err != nil {
		return nil, run.Refuse("guidance_refresh", "cyclic: %v", err)
	}
	return &cycle{Blocks: b}, nil
}

// turn computes the next block, or all, and writes ∇_Θ u.
func (c *cycle) turn(gradient, params device.Buffer, all bool) surrogate.Value {
	first, n := c.next, 1
	if all {
		first, n = 0, len(c.Shares())
	}
	c.next = (first + n) % len(c.Shares())
	return c.Gradient(gradient, params, first, n)
}

const stateCycle = "state.guidance.cycle"

func (c *cycle) state() artifact.Tensor {
	v := append([]float64{float64(c.next)}, c.Shares()...)
	return artifact.Float64(stateCycle, []int{len(v)}, v)
}

func (c *cycle) restore(f *artifact.File, path string) error {
	share := c.Shares()
	v := make([]float64, len(share)+1)
	if err := f.ReadFinite(path, stateCycle, v); err != nil {
		return err
	}
	if !(v[0] >= 0 && v[0] < float64(len(share)) && v[0] == math.Trunc(v[0])) {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", stateCycle), Problem: fmt.Sprintf("%g is no block", v[0])}
	}
	c.next = int(v[0])
	copy(share, v[1:])
	return nil
}
