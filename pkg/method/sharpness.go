package method

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// sharpnessAware is what the SAM family has in common: a gradient g at w, a
// perturbation e(g, w) uphill, and the gradient at w + e to descend. Weight
// decay is no part of g; batch normalisation's running statistics are of the
// first pass alone.
type sharpnessAware struct {
	net Network
	be  device.Backend
	// perturb computes e from g and w, all flat and of one length.
	perturb func(s *Step, e, g, w []float32)
	// descend, unless nil, changes the gradient at w + e, knowing that at w.
	descend func(perturbed, g []float32)

	w, g, e []float32
}

const (
	sharpnessFormula = "gradient at w + e, "
	sharpnessNote    = "The ascent leaves weight decay out; batch normalisation's running statistics are those of the first pass."
	tiny             = 1e-12 // keeps norms from 0
)

func newSharpnessAware(o Options) *sharpnessAware {
	n := o.Net.Params().Len()
	return &sharpnessAware{net: o.Net, be: o.Net.Backend(),
		w: make([]float32, n), g: make([]float32, n), e: make([]float32, n)}
}

func (a *sharpnessAware) gradient(s *Step, p *passes) error {
	p.run(nn.Train)
	params, grad := a.net.Params(), a.net.Grad()
	a.be.Read(a.w, params)
	a.be.Read(a.g, grad)
	a.perturb(s, a.e, a.g, a.w)
	for i, w := range a.w {
		a.e[i] += w
	}
	a.be.Write(params, a.e)
	a.net.Load()
	p.run(nn.TrainFrozen)
	a.be.Write(params, a.w)
	a.net.Load()
	if a.descend != nil {
		a.be.Read(a.e, grad)
		a.descend(a.e, a.g)
		a.be.Write(grad, a.e)
	}
	return nil
}

// dot is ⟨a, b⟩ in float64.
func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func norm(a []float32) float64 { return math.Sqrt(dot(a, a)) }
