package method

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// valGuided weighs each example by how much a step on it lowers the loss on
// held-out images:
//
//	u_i = max(0, ⟨∇ℓ_i, ∇L_val⟩),  w_i = u_i / Σu,  gradient of Σ w_i·ℓ_i.
//
// All inner products come from one tangent pass along v = ∇L_val:
// ⟨∇ℓ_i, v⟩ = ⟨∂ℓ_i/∂z_i, ż_i⟩ with ż the derivative of the logits along v.
type valGuided struct {
	net        Network
	validation *validator
	v          device.Buffer
	zDot       []float32
	means
}

var valGuidedInfo = Info{
	Name:       "val-guided",
	Read:       Code,
	Kind:       "passes",
	Formula:    "gradient of Σ w_i·ℓ_i, w_i ∝ max(0, ⟨∇ℓ_i, ∇L_val⟩)",
	Reference:  "Ren, Zeng, Yang & Urtasun 2018",
	PaperRow:   "Val-Guided",
	Passes:     "3",
	Validation: true,
	Params:     []Param{valBatch, valAugment("training", "none")},
	Notes: []string{
		"Needs --split meta_train: the held-out images are meta_val, which must not be trained on. The paper does not say where its come from.",
		"The inner products are exact, by a Jacobian-vector product; batch normalisation takes part with the batch's statistics. First order, as the original is.",
		valAugmentNote,
		"A step on which no inner product is positive has no task gradient, as in the original.",
	},
	needs: func(values) Needs { return Needs{Tangents: true} },
	make: func(o Options, v values) (part, error) {
		return &valGuided{net: o.Net, validation: heldOut(o, v),
			v: o.Net.Backend().New(o.Net.Params().Len()), zDot: make([]float32, o.Net.Logits().Len()),
			means: newMeans("val-guided", "fraction_weighted")}, nil
	},
}

func (g *valGuided) gradient(s *Step, p *passes) error {
	n, k := s.Images, p.classes
	g.validation.gradient(g.v, s)
	p.forward(n, nn.Train)
	g.net.ForwardTangent(n, g.v)
	zDot, grads := p.read(g.zDot, g.net.LogitsDot(), n), p.readGrads(n)
	u := make([]float64, n)
	sum, used := 0.0, 0.0
	for i := range u {
		u[i] = max(0, float64(n)*dot(grads[i*k:][:k], zDot[i*k:][:k]))
		sum += u[i]
		if u[i] > 0 {
			used += 1 / float64(n)
		}
	}
	for i := range u {
		w := 0.0
		if sum > 0 {
			w = u[i] / sum * float64(n) // the gradients are those of a mean
		}
		for j := range k {
			grads[i*k+j] = float32(w * float64(grads[i*k+j]))
		}
	}
	p.writeGrads(n)
	g.net.Backward(n)
	g.count(used)
	return nil
}
