package method

import (
	"math"

	"srn/pkg/nn"
)

// rDrop compares two passes with different dropout:
//
//	CE₁ + CE₂ + α·½·(KL(p₁‖p₂) + KL(p₂‖p₁)),
//
// each a mean over the images.
type rDrop struct {
	pair
	alpha float64
	mask  *maskDrawer
	means
}

var rDropInfo = Info{
	Name:      "r-drop",
	Read:      Code,
	Kind:      "passes",
	Formula:   "CE₁ + CE₂ + α·½·(KL(p₁‖p₂) + KL(p₂‖p₁)), two passes with dropout",
	Reference: "Liang, Wu, Li et al. 2021",
	PaperRow:  "R-Drop",
	Passes:    "2",
	Params: []Param{
		number("alpha", 0.6, 0, math.Inf(1), "α"),
		number("p", 0.3, 0, 0.99, "probability of dropout before the classifier"),
	},
	Notes: []string{
		"The networks have no dropout and the paper says nothing of it; this is before the classifier, at a rate of its own.",
		"The cross-entropies are added, as in the paper and in the authors' code, so that with α = 0 and p = 0 the gradient is twice that of cross-entropy.",
		"α is the paper's for images, on the mean over them of the halved sum of divergences. The authors' program for images adds the divergences of its batch up, where it takes the mean of the cross-entropies: its 0.3 without the half is an α of 0.6 times the images of a batch.",
		"Both copies are one batch of twice the size, so that batch statistics are over both. The record's divergence is ½·(KL + KL), train_loss the mean of both cross-entropies.",
	},
	needs: func(values) Needs { return Needs{FeatureMask: true, Copies: 2} },
	make: func(o Options, v values) (part, error) {
		return &rDrop{pair: newPair(o.Net), alpha: v.number("alpha"), mask: newMaskDrawer(o, v.number("p")), means: newMeans("r-drop", "divergence")}, nil
	},
}

func (r *rDrop) gradient(s *Step, p *passes) error {
	n, k := s.Images, p.classes
	r.double(n)
	r.mask.draw(s, 2*n)
	divergence := 0.0
	p.within(func() {
		p.forward(2*n, nn.Train)
		logits, grads := p.readLogits(2*n), p.readGrads(2*n)
		for i := range grads { // of a sum of two means, not of the mean of both
			grads[i] *= 2
		}
		for i := range n {
			for j := range k {
				r.a[j], r.b[j] = float64(logits[i*k+j]), float64(logits[(n+i)*k+j])
			}
			divergence += r.both(grads[i*k:][:k], grads[(n+i)*k:][:k], r.alpha/2/float64(n)) / 2 / float64(n)
		}
		p.writeGrads(2 * n)
		p.net.Backward(2 * n)
	})
	r.count(divergence)
	return nil
}

// both returns KL(a‖b) + KL(b‖a) and adds scale times its gradients.
func (r *rDrop) both(toA, toB []float32, scale float64) float64 {
	gradA, gradB := make([]float64, len(toA)), make([]float64, len(toA))
	add := func(to []float32, g []float64) {
		for j, v := range g {
			to[j] += float32(scale * v)
		}
	}
	kl := r.divergence(gradA, gradB, r.a, r.b)
	add(toA, gradA)
	add(toB, gradB)
	kl += r.divergence(gradB, gradA, r.b, r.a)
	add(toA, gradA)
	add(toB, gradB)
	return kl
}
