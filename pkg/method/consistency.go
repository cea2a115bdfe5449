package method

import (
	"math"

	"srn/pkg/nn"
)

// consistency asks for the same prediction of a slightly changed image:
//
//	CE(x) + λ·KL(p(x) ‖ p(x + d)),  d uniform in ±ε per pixel and channel,
//
// means over the images, with gradients through both predictions.
type consistency struct {
	pair
	lambda float64
	shaker *shaker
	means
}

var consistencyInfo = Info{
	Name:      "consistency",
	Kind:      "passes",
	Formula:   "CE(x) + λ·KL(p(x) ‖ p(x + d)), d uniform in ±ε",
	Reference: "the plain reading of the paper's \"Implicit-Consistency\"",
	PaperRow:  "Implicit",
	Passes:    "2",
	Params: []Param{
		number("lambda", 1, 0, math.Inf(1), "λ"),
		number("epsilon", 8./255, 0, 1, "ε, in pixels scaled to 0…1"),
	},
	Notes: []string{
		"The work that the paper cites, Andriushchenko & Flammarion 2020, is GradAlign, a regularizer of adversarial training that has no such name; this is what the row's name says, gradalign what it cites.",
		"Both copies are one batch of twice the size, so that batch statistics are over both.",
	},
	needs: func(values) Needs { return Needs{Copies: 2} },
	make: func(o Options, v values) (part, error) {
		return &consistency{pair: newPair(o.Net), lambda: v.number("lambda"), shaker: newShaker(o, "consistency", v.number("epsilon")),
			means: newMeans("consistency", "divergence")}, nil
	},
}

func (c *consistency) gradient(s *Step, p *passes) error {
	n, k := s.Images, p.classes
	c.double(n)
	c.shaker.shake(s, c.net.Input().Slice(n*pixels, 2*n*pixels))
	divergence := 0.0
	p.within(func() {
		c.net.Forward(2*n, nn.Train)
		p.evaluate(n)
		logits, grads := p.readLogits(2*n), p.readGrads(2*n)
		clear(grads[n*k:])
		gradA, gradB := make([]float64, k), make([]float64, k)
		scale := c.lambda / float64(n)
		for i := range n {
			for j := range k {
				c.a[j], c.b[j] = float64(logits[i*k+j]), float64(logits[(n+i)*k+j])
			}
			divergence += c.divergence(gradA, gradB, c.a, c.b) / float64(n)
			for j := range k {
				grads[i*k+j] += float32(scale * gradA[j])
				grads[(n+i)*k+j] += float32(scale * gradB[j])
			}
		}
		p.writeGrads(2 * n)
		c.net.Backward(2 * n)
	})
	c.count(divergence)
	return nil
}
