package method

import (
	"srn/pkg/artifact"
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

	used, steps float64 // sums of the epoch
}

var valGuidedInfo = Info{
	Name:       "val-guided",
	Kind:       "passes",
	Formula:    "gradient of Σ w_i·ℓ_i, w_i ∝ max(0, ⟨∇ℓ_i, ∇L_val⟩)",
	Reference:  "Ren, Zeng, Yang & Urtasun 2018",
	PaperRow:   "Val-Guided",
	Passes:     "3",
	Validation: true,
	Params:     []Param{number("val-batch", 100, 2, 1e6, "held-out images of a step, at most the batch size")},
	Notes: []string{
		"Needs --split meta_train: the held-out images are meta_val, which must not be trained on. The paper does not say where its come from.",
		"The inner products are exact, by a Jacobian-vector product; batch normalisation takes part with the batch's statistics. First order, as the original is.",
		"A step on which no inner product is positive has no task gradient, as in the original.",
	},
	needs: func(values) Needs { return Needs{Tangents: true} },
	make: func(o Options, v values) (part, error) {
		return &valGuided{net: o.Net, validation: newValidator(o, int(v.number("val-batch"))),
			v: o.Net.Backend().New(o.Net.Params().Len()), zDot: make([]float32, o.Net.Logits().Len())}, nil
	},
}

func (g *valGuided) gradient(s *Step, p *passes) error {
	n, k := s.Images, p.classes
	g.validation.gradient(g.v, s)
	p.forward(n, nn.Train)
	g.net.ForwardTangent(n, g.v)
	zDot, grads := p.read(g.zDot, g.net.LogitsDot(), n), p.readGrads(n)
	u := make([]float64, n)
	sum := 0.0
	for i := range u {
		u[i] = max(0, float64(n)*dot(grads[i*k:][:k], zDot[i*k:][:k]))
		sum += u[i]
		if u[i] > 0 {
			g.used += 1 / float64(n)
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
	g.steps++
	return nil
}

func (g *valGuided) report() artifact.Fields {
	f := artifact.Fields{{Key: "fraction_weighted", Value: g.used / g.steps}}
	g.used, g.steps = 0, 0
	return f
}

func (g *valGuided) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.val-guided", []int{2}, []float64{g.used, g.steps})}
}

func (g *valGuided) restore(f *artifact.File, path string) error {
	v := make([]float64, 2)
	if err := restoreFloats(f, path, "state.val-guided", v); err != nil {
		return err
	}
	g.used, g.steps = v[0], v[1]
	return nil
}
