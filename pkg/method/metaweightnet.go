package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/optim"
	"srn/pkg/rng"
)

// metaWeightNet weighs each example by a small network of its loss:
//
//	ℓ = weight(sg(CE))·CE,  weight(c) = σ(W₂·relu(W₁·c + b₁) + b₂),
//
// where sg stops the gradient. Held-out images teach the small network through
// one step of the classifier, by Adam.
type metaWeightNet struct {
	mlp
	sums []float64
	adam *optim.Adam
	d    []float64
	means
}

var metaWeightNetInfo = Info{
	Name:       "meta-weight-net",
	Read:       Code,
	Kind:       "loss+passes",
	Formula:    "mean of weight(CE)·CE, the weight an MLP that held-out images teach through one step",
	Reference:  "Shu, Xie, Yi et al. 2019",
	PaperRow:   "Meta-Weight-Net",
	Passes:     "4",
	Validation: true,
	Params: []Param{
		number("hidden", 100, 1, 1e4, "hidden units of the MLP"),
		number("meta-lr", 1e-3, 0, 1, "Adam's learning rate; 0 keeps the MLP as it begins"),
		number("meta-decay", 1e-4, 0, 1, "weight decay of the MLP, added to its gradient"),
		valBatch, valAugment("training", "none"),
	},
	Notes: []string{lookaheadNote, "Weights are not normalised over the batch, as in the authors' code.", valAugmentNote, "train_loss is the plain cross-entropy."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		return &learnedByLookahead{newLookahead(o, newMetaWeightNet(int(v.number("hidden")), v.number("meta-lr"), v.number("meta-decay"), o.Seed), v)}, nil
	},
}

func newMetaWeightNet(hidden int, rate, decay float64, seed uint64) *metaWeightNet {
	m := &metaWeightNet{mlp: newMLP(1, hidden, 1, rng.New(seed, rng.Stream("meta-weight-net"))),
		means: newMeans("mwn", "mean_weight")}
	m.sums, m.adam = make([]float64, len(m.phi)), optim.NewAdam(len(m.phi), rate, decay)
	return m
}

// weight is that of a loss.
func (m *metaWeightNet) weight(c float64) float64 { return 1 / (1 + math.Exp(-m.forward(c)[0])) }

func (m *metaWeightNet) row(d, z, t []float64) float64 {
	c := crossEntropyRow(d, z, t)
	w := m.weight(c)
	for k := range d {
		d[k] *= w
	}
	return w * c
}

func (m *metaWeightNet) mixed(z, t, zDot []float64) {
	m.d = append(m.d[:0], z...)
	c := crossEntropyRow(m.d, z, t)
	along := 0.0
	for k, v := range m.d {
		along += v * zDot[k]
	}
	w := m.weight(c)
	m.backward(m.sums, []float64{along * w * (1 - w)})
	m.count(w)
}

func (m *metaWeightNet) learn(scale float64) {
	for i := range m.sums {
		m.sums[i] *= scale
	}
	m.adam.Step(m.phi, m.sums)
	clear(m.sums)
}

func (m *metaWeightNet) state() []artifact.Tensor {
	return append(append(m.means.state(), m.adam.State("state.mwn.adam")...), artifact.Float64("state.mwn.phi", []int{len(m.phi)}, m.phi))
}

func (m *metaWeightNet) restore(f *artifact.File, path string) error {
	if err := f.ReadFinite(path, "state.mwn.phi", m.phi); err != nil {
		return err
	}
	if err := m.means.restore(f, path); err != nil {
		return err
	}
	return m.adam.Restore(f, path, "state.mwn.adam")
}
