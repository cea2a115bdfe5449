package method

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// gradAlign asks that the loss's gradient in an image has the same direction
// nearby:
//
//	CE(x) + λ·(1 − mean_i cos(a_i, b_i)),  a = ∇_x L(x),  b = ∇_x L(x + d),
//
// d uniform in ±ε, L the mean cross-entropy. With u and v the gradients of the
// second term in a and b, its gradient in the parameters is
//
//	∇_θ ⟨u, ∇_x L(x)⟩ + ∇_θ ⟨v, ∇_x L(x + d)⟩,
//
// each the tangent of the parameters' gradient along a direction that changes
// the images alone by u or v: exact, without finite differences. Where a counts
// as a constant the first part is left out.
type gradAlign struct {
	net    Network
	be     device.Backend
	lambda float64
	both   bool // a is differentiated, too
	shake  func(s *Step, images device.Buffer)

	still, task, mixed device.Buffer // laid out as the parameters; still is zero
	images             device.Buffer // as they are
	a, b               []float32     // gradients in the images

	means
}

var gradAlignInfo = Info{
	Name: "gradalign",
	Read: Code,
	Differs: []string{
		"The authors add it to adversarial training, where the loss is that of perturbed images; here, as in the paper's setting, it is that of the images as they are.",
	},
	Kind:      "loss+passes",
	Formula:   "CE(x) + λ·(1 − mean cos(∇_x L(x), ∇_x L(x + d))), d uniform in ±ε",
	Reference: "Andriushchenko & Flammarion 2020 (GradAlign)",
	PaperRow:  "Implicit",
	Passes:    "7",
	Params: []Param{
		number("lambda", 0.2, 0, math.Inf(1), "λ; 0.2 in the authors' setting for CIFAR-10 with ε = 8/255"),
		number("epsilon", 8./255, 0, 1, "ε, in pixels scaled to 0…1"),
		word("through", "both: the gradient goes through a and b; one: through b alone, a counts as a constant", "both", "one"),
	},
	Notes: []string{
		"What the paper's \"Implicit-Consistency\" cites. consistency is what the row's name says.",
		"The authors' program differentiates through both gradients where it trains on images as they are; only in their adversarial training by FGSM, where a is the gradient that the attack was made of, is a cut off: through=one. Images whose gradient is 0 are left out of the mean.",
		"Second order and exact: two gradients and the tangent of each, which costs two more, and the first gradient again; with through=one 4 passes. Batch normalisation takes part with the batch's statistics; its running ones are those of the first pass, where the authors' program counts every pass.",
		"train_loss is the plain cross-entropy, the record's alignment the mean cosine.",
	},
	needs: func(values) Needs { return Needs{Tangents: true, InputGrad: true} },
	make: func(o Options, v values) (part, error) {
		be, n := o.Net.Backend(), o.Net.Params().Len()
		return &gradAlign{net: o.Net, be: be, lambda: v.number("lambda"), both: v.word("through") == "both", shake: newShaker(o, "gradalign", v.number("epsilon")).shake,
			still: be.New(n), task: be.New(n), mixed: be.New(n), images: be.New(o.Net.Input().Len()),
			a: make([]float32, o.Net.Input().Len()), b: make([]float32, o.Net.Input().Len()),
			means: newMeans("gradalign", "alignment")}, nil
	},
}

func (g *gradAlign) gradient(s *Step, p *passes) error {
	p.run(nn.Train)
	if g.lambda == 0 {
		return nil
	}
	n := s.Images
	images := func(b device.Buffer) device.Buffer { return b.Slice(0, n*pixels) }
	a, b := g.a[:n*pixels], g.b[:n*pixels]
	g.be.Copy(g.task, g.net.Grad())
	g.be.Read(a, images(g.net.InputGrad()))
	g.be.Copy(images(g.images), images(g.net.Input()))
	g.shake(s, images(g.net.Input()))
	p.run(nn.TrainFrozen)
	g.be.Read(b, images(g.net.InputGrad()))
	g.count(align(a, b, g.lambda))
	g.addTangent(n, images(g.net.InputDot()), b)
	g.be.Copy(images(g.net.Input()), images(g.images))
	if g.both {
		p.run(nn.TrainFrozen)
		g.addTangent(n, images(g.net.InputDot()), a)
	}
	g.be.Copy(g.net.Grad(), g.task)
	return nil
}

// addTangent adds to task the tangent of the latest pass's gradient along the
// direction that changes the images by v.
func (g *gradAlign) addTangent(n int, dot device.Buffer, v []float32) {
	g.be.Write(dot, v)
	g.net.ForwardTangent(n, g.still)
	g.net.CrossEntropyTangent(n)
	g.net.BackwardTangent(n, g.mixed)
	g.be.Axpy(g.task, 1, g.mixed)
}

// align returns the mean cosine of the images' a and b, and replaces both by
// the gradients in them of λ·(1 − mean).
func align(a, b []float32, lambda float64) (mean float64) {
	n := len(a) / pixels
	cosines, counted := make([]float64, n), 0.0
	for i := range n {
		a, b := a[i*pixels:][:pixels], b[i*pixels:][:pixels]
		if size := norm(a) * norm(b); size > 0 {
			cosines[i] = dot(a, b) / size
			mean += cosines[i]
			counted++
		}
	}
	for i, cosine := range cosines {
		a, b := a[i*pixels:][:pixels], b[i*pixels:][:pixels]
		normA, normB := norm(a), norm(b)
		if normA*normB == 0 {
			clear(a)
			clear(b)
			continue
		}
		scale := -lambda / counted
		for k := range a {
			x, y := float64(a[k])/normA, float64(b[k])/normB
			a[k], b[k] = float32(scale/normA*(y-cosine*x)), float32(scale/normB*(x-cosine*y))
		}
	}
	return mean / max(1, counted)
}
