package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// consistency asks for the same prediction of a slightly changed image:
//
//	CE(x) + λ·KL(p(x) ‖ p(x + d)),  d uniform in ±ε per pixel and channel,
//
// means over the images, with gradients through both predictions.
type consistency struct {
	pair
	lambda, epsilon float64
	std             [3]float32
	seed            uint64
	random          rng.Rand
	images          []float32

	divergences, steps float64 // sums of the epoch
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
		"The work that the paper cites, Andriushchenko & Flammarion 2020, is GradAlign, a regularizer of adversarial training that has no such name; this is what the row's name says.",
		"Both copies are one batch of twice the size, so that batch statistics are over both.",
	},
	needs: func(values) Needs { return Needs{Copies: 2} },
	make: func(o Options, v values) (part, error) {
		return &consistency{pair: newPair(o.Net), lambda: v.number("lambda"), epsilon: v.number("epsilon"),
			std: o.Std, seed: o.Seed, images: make([]float32, o.Net.Input().Len()/2)}, nil
	},
}

var consistencyStream = rng.Stream("consistency")

func (c *consistency) gradient(s *Step, p *passes) error {
	n, k := s.Images, p.classes
	c.double(n)
	c.shake(s)
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
			c.divergences += c.divergence(gradA, gradB, c.a, c.b) / float64(n)
			for j := range k {
				grads[i*k+j] += float32(scale * gradA[j])
				grads[(n+i)*k+j] += float32(scale * gradB[j])
			}
		}
		p.writeGrads(2 * n)
		c.net.Backward(2 * n)
	})
	c.steps++
	return nil
}

// shake adds d to the second copy.
func (c *consistency) shake(s *Step) {
	second := c.net.Input().Slice(s.Images*pixels, 2*s.Images*pixels)
	images := c.images[:s.Images*pixels]
	c.be.Read(images, second)
	c.random.Reset(c.seed, consistencyStream, uint64(s.Number))
	for i := range images {
		images[i] += float32(c.epsilon*(2*c.random.Float64()-1)) / c.std[i%3]
	}
	c.be.Write(second, images)
}

func (c *consistency) report() artifact.Fields {
	f := artifact.Fields{{Key: "divergence", Value: c.divergences / c.steps}}
	c.divergences, c.steps = 0, 0
	return f
}

func (c *consistency) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.consistency", []int{2}, []float64{c.divergences, c.steps})}
}

func (c *consistency) restore(f *artifact.File, path string) error {
	v := make([]float64, 2)
	if err := restoreFloats(f, path, "state.consistency", v); err != nil {
		return err
	}
	c.divergences, c.steps = v[0], v[1]
	return nil
}
