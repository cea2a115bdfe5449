package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/rng"
)

// metaWeightNet weighs each example by a small network of its loss:
//
//	ℓ = weight(sg(CE))·CE,  weight(c) = σ(W₂·relu(W₁·c + b₁) + b₂),
//
// where sg stops the gradient. Held-out images teach the small network through
// one step of the classifier, by Adam.
type metaWeightNet struct {
	hidden int
	phi    []float64 // w1, b1, w2, b2
	sums   []float64
	adam   adam

	d []float64
}

var metaWeightNetInfo = Info{
	Name:       "meta-weight-net",
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
		number("val-batch", 100, 2, 1e6, "held-out images of a step, at most the batch size"),
	},
	Notes: []string{lookaheadNote, "Weights are not normalised over the batch, as in the authors' code.", "train_loss is the plain cross-entropy."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		return &learnedByLookahead{newLookahead(o, newMetaWeightNet(int(v.number("hidden")), v.number("meta-lr"), v.number("meta-decay"), o.Seed), int(v.number("val-batch")))}, nil
	},
}

// newMetaWeightNet starts as PyTorch's linear layers do.
func newMetaWeightNet(hidden int, rate, decay float64, seed uint64) *metaWeightNet {
	m := &metaWeightNet{hidden: hidden, phi: make([]float64, 3*hidden+1), sums: make([]float64, 3*hidden+1)}
	m.adam = newAdam(len(m.phi), rate, decay)
	r := rng.New(seed, rng.Stream("meta-weight-net"))
	for i := range m.phi {
		bound := 1.0
		if i >= 2*hidden {
			bound = 1 / math.Sqrt(float64(hidden))
		}
		m.phi[i] = bound * (2*r.Float64() - 1)
	}
	return m
}

// weight computes the weight of a loss, and with grad, unless nil, adds scale
// times the weight's gradient in φ.
func (m *metaWeightNet) weight(c float64, grad []float64, scale float64) float64 {
	h := m.hidden
	w1, b1, w2 := m.phi[:h], m.phi[h:2*h], m.phi[2*h:3*h]
	u := m.phi[3*h]
	for j, w := range w2 {
		u += w * max(0, w1[j]*c+b1[j])
	}
	weight := 1 / (1 + math.Exp(-u))
	if grad == nil {
		return weight
	}
	du := scale * weight * (1 - weight)
	grad[3*h] += du
	for j, w := range w2 {
		a := w1[j]*c + b1[j]
		if a > 0 {
			grad[2*h+j] += du * a
			grad[h+j] += du * w
			grad[j] += du * w * c
		}
	}
	return weight
}

func (m *metaWeightNet) row(d, z, t []float64) float64 {
	c := crossEntropyRow(d, z, t)
	w := m.weight(c, nil, 0)
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
	m.weight(c, m.sums, along)
}

func (m *metaWeightNet) learn(scale float64) {
	for i := range m.sums {
		m.sums[i] *= scale
	}
	m.adam.step(m.phi, m.sums)
	clear(m.sums)
}

func (m *metaWeightNet) state() []artifact.Tensor {
	return append(m.adam.state("state.mwn.adam"), artifact.Float64("state.mwn.phi", []int{len(m.phi)}, m.phi))
}

func (m *metaWeightNet) restore(f *artifact.File, path string) error {
	if err := restoreFloats(f, path, "state.mwn.phi", m.phi); err != nil {
		return err
	}
	return m.adam.restore(f, path, "state.mwn.adam")
}
