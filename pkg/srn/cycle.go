package srn

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

// cycle computes ∇u of a convolutional surrogate block by block, one block of
// its sequence at a step. The stack is local and the cotangent of its features,
// w/n, is constant, so that a block's gradient is exact at the Θ at which it is
// computed: what is stale is that of the other blocks, which is up to one cycle
// old, and with them their share of u.
type cycle struct {
	s     *Scorer
	parts device.Conv1DParts
	dx    device.Buffer // of all blocks, in the sequence
	share []float64     // of each block in u
	next  int           // block
}

func newCycle(s Surrogate, blocks int) (*cycle, error) {
	scorer, _ := s.(*Scorer)
	if scorer == nil || scorer.Surrogate != "conv" {
		return nil, fmt.Errorf("guidance-refresh: cyclic is of the surrogate conv: what another computes is cheap enough for --guidance-every 1")
	}
	parts, ok := scorer.stack.(device.Conv1DParts)
	if !ok {
		return nil, fmt.Errorf("guidance-refresh: %s does not compute parts of ∇r", scorer.be.Name())
	}
	return &cycle{s: scorer, parts: parts, dx: scorer.be.New(scorer.in.length()), share: make([]float64, blocks)}, nil
}

// turn computes the next block, or all, and writes ∇_Θ u.
func (c *cycle) turn(gradient, params device.Buffer, all bool) Value {
	x := c.s.in.read(params)
	first, n := c.next, 1
	if all {
		first, n = 0, len(c.share)
	}
	for i := first; i < first+n; i++ {
		c.share[i] = c.parts.GradientPart(c.dx, x, c.s.cotangent, i, len(c.share))
	}
	c.next = (first + n) % len(c.share)
	c.s.be.Copy(c.s.in.grad(gradient), c.dx)
	c.s.in.finish(gradient)
	c.s.exchangeScales(gradient)
	u := c.s.bias()
	for _, v := range c.share {
		u += v
	}
	return c.s.value(u)
}

const stateCycle = "state.guidance.cycle"

func (c *cycle) state() artifact.Tensor {
	v := append([]float64{float64(c.next)}, c.share...)
	return artifact.Float64(stateCycle, []int{len(v)}, v)
}

func (c *cycle) restore(f *artifact.File, path string) error {
	v := make([]float64, len(c.share)+1)
	if err := f.ReadFinite(path, stateCycle, v); err != nil {
		return err
	}
	if !(v[0] >= 0 && v[0] < float64(len(c.share)) && v[0] == math.Trunc(v[0])) {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", stateCycle), Problem: fmt.Sprintf("%g is no block", v[0])}
	}
	c.next = int(v[0])
	copy(c.share, v[1:])
	return nil
}
