package meta

import (
	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/srn/surrogate"
)

// gap is the objective that guidance should lower the loss on validation
// images more than it lowers that on training images: φ descends
//
//	−⟨Σ_t decay^(T−t)·∂h_t/∂φ, v⟩,  v = ∇(L_val − L_train)(Θ′)
//
// where h_t is the guidance of step t and the training images of v are drawn
// apart from those of the steps. A step along −h_t changes the gap by −⟨h_t, v⟩
// to first order: how much of it is left at Θ′ is what the decay stands for,
// in place of the steps' Hessians.
type gap struct {
	m         *Meta
	influence surrogate.Influence
	v         device.Buffer
}

func newGap(m *Meta) *gap {
	return &gap{m: m, influence: m.Surrogate.Influence(m.InfluenceDecay), v: m.be.New(m.net.Layout().Len())}
}

func (g *gap) begin() {}

func (g *gap) follow(s innerStep) { g.influence.Add(s.At, s.Fresh) }

func (g *gap) gradient(r *record.Round, v validation) (surrogate.PhiGrad, error) {
	n := min(g.m.OuterN, len(g.m.data.MetaTrain))
	g.m.be.Fill(g.v, 0)
	g.m.addLossGradient(g.v, v.examples, 1)
	train := g.m.addLossGradient(g.v, g.m.draw(g.m.data.MetaTrain, n, g.m.stream("gap", g.m.round)), -1)
	difference := r.ValLoss - train
	r.Gap = &difference
	if !finite(difference) {
		return nil, g.m.diverged("the training loss beside the validation loss")
	}
	grad := g.influence.Pull(g.v)
	for i := range grad {
		grad[i] = -grad[i]
	}
	return grad, nil
}

func (g *gap) State() []artifact.Tensor { return g.influence.State() }

func (g *gap) Restore(f *artifact.File, path string) error { return g.influence.Restore(f, path) }
