package surrogate

import (
	"fmt"

	"srn/pkg/device"
)

// Blocks computes ∇u of a convolutional surrogate block by block of its
// sequence. The stack is local and the cotangent of its features, w/n, is
// constant, so that a block's gradient is exact at the Θ at which it is
// computed: what is stale is that of the other blocks, and with them their
// share of u.
type Blocks struct {
	s     *Scorer
	parts device.Conv1DParts
	dx    device.Buffer // of all blocks, in the sequence
	share []float64     // of each block in u
}

// NewBlocks divides the sequence of a surrogate into n blocks.
func NewBlocks(s Surrogate, n int) (*Blocks, error) {
	scorer, _ := s.(*Scorer)
	if scorer == nil || scorer.Surrogate != "conv" {
		return nil, fmt.Errorf("parts of ∇r are of the surrogate conv: what another computes is cheap enough for every step")
	}
	parts, ok := scorer.stack.(device.Conv1DParts)
	if !ok {
		return nil, fmt.Errorf("%s does not compute parts of ∇r", scorer.be.Name())
	}
	return &Blocks{s: scorer, parts: parts, dx: scorer.be.New(scorer.in.length()), share: make([]float64, n)}, nil
}

// Gradient computes n blocks anew, writes ∇_Θ u as it then is, and returns r.
func (b *Blocks) Gradient(gradient, params device.Buffer, first, n int) Value {
	x := b.s.in.read(params)
	for i := first; i < first+n; i++ {
		b.share[i] = b.parts.GradientPart(b.dx, x, b.s.cotangent, i, len(b.share))
	}
	b.s.be.Copy(b.s.in.grad(gradient), b.dx)
	b.s.in.finish(gradient)
	b.s.exchangeScales(gradient)
	u := b.s.bias()
	for _, v := range b.share {
		u += v
	}
	return b.s.Score(u)
}

// Sequence is the gradient in the sequence, block by block as of when it was
// computed, and Shares are the blocks' shares of u. With them a run resumes.
func (b *Blocks) Sequence() device.Buffer { return b.dx }
func (b *Blocks) Shares() []float64       { return b.share }
