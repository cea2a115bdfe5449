package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/optim"
	"srn/pkg/rng"
)

// slf draws which of a group of losses to use:
//
//	ℓ = μ·CE + (1−μ)·Σ_m w_m·ℓ_m,  w = mean over draws of softmax((u + G)/T),
//
// G Gumbel noise, the same for all images of a step, T falling over training.
// u is a small network's of the image's cross-entropy, its margin and the
// fraction of the run done, through which the loss has no gradient. With hard
// weights each softmax is replaced by its largest entry, and its slopes are
// kept (straight-through). Held-out images teach the network through one step
// of the classifier, by Adam.
type slf struct {
	mlp
	mix, hot, cold float64 // μ, T at first and last
	hard           bool
	draws          int
	sums           []float64
	adam           *optim.Adam
	seed           uint64
	random         rng.Rand
	members        []loss

	progress, temperature float64
	gumbel                [][]float64 // by draw
	soft                  [][]float64 // the image's softmax of each draw
	d                     [][]float64 // the members' gradients
	losses, weights, p    []float64
	means
}

// slfMembers names the group's weights in the records.
var slfMembers = []string{"slf_ce", "slf_smooth01", "slf_focal", "slf_mae", "slf_margin"}

var slfInfo = Info{
	Name: "slf",
	Read: Abstract,
	Differs: []string{
		"The publication's method and experiments were not read. Members of the group, the network's inputs and sizes, and the temperature are chosen here.",
		"There the network is taught with the classifier in one backward pass; on training images the smallest loss would win, so that held-out images teach it here, through one step.",
	},
	Kind:       "loss+passes",
	Formula:    "mean of μ·CE + (1−μ)·Σ_m w_m·ℓ_m, w Gumbel-softmax draws of a network taught by held-out images through one step",
	Reference:  "Liu & Lai 2020 (Stochastic Loss Function)",
	PaperRow:   "SLF",
	Passes:     "4",
	Validation: true,
	Params: []Param{
		number("mix", 0, 0, 1, "μ, the share of cross-entropy whatever is drawn; 1 is cross-entropy"),
		word("weights", "hard: a draw is one loss, its slopes those of the softmax; soft: the softmax itself", "hard", "soft"),
		number("draws", 3, 1, 100, "draws a step, which are averaged"),
		number("t-first", 1, 0.01, 100, "temperature at first"),
		number("t-last", 0.1, 0.01, 100, "temperature at last; in between it falls geometrically"),
		number("hidden", 16, 1, 1e4, "hidden units of the network"),
		number("meta-lr", 1e-3, 0, 1, "Adam's learning rate of the network; 0 keeps it as it begins"),
		valBatch, valAugment("none", "training"),
	},
	Notes: []string{lookaheadNote,
		"The group is cross-entropy, smooth01 with K = 5, focal loss with γ = 2, mean absolute error 1 − p_y, and cross-entropy with 1 taken from the label's logit. One set of draws serves all images of a step.",
		"The paper describes the row as injecting label noise, which the cited abstract does not.",
		"train_loss is the plain cross-entropy; slf_… in the records are the mean weights."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		l := newSLF(o.Net.Logits().Len()/o.Net.Loss().Len(), int(v.number("hidden")), int(v.number("draws")), v.word("weights") == "hard", v.number("meta-lr"), o.Seed)
		l.mix, l.hot, l.cold = v.number("mix"), v.number("t-first"), v.number("t-last")
		return &learnedByLookahead{newLookahead(o, l, v)}, nil
	},
}

func newSLF(classes, hidden, draws int, hard bool, rate float64, seed uint64) *slf {
	m := len(slfMembers)
	l := &slf{mlp: newMLP(3, hidden, m, rng.New(seed, rng.Stream("slf"))), hard: hard, draws: draws, seed: seed, hot: 1, cold: 1,
		members: []loss{plainLoss{}, &smooth01{sharpness: 5}, &focal{}, &absoluteError{}, &logitMargin{}},
		losses:  make([]float64, m), weights: make([]float64, m), p: make([]float64, classes), means: newMeans("slf", slfMembers...)}
	l.sums, l.adam = make([]float64, len(l.phi)), optim.NewAdam(len(l.phi), rate, 0)
	for range draws {
		l.gumbel, l.soft = append(l.gumbel, make([]float64, m)), append(l.soft, make([]float64, m))
	}
	for range m {
		l.d = append(l.d, make([]float64, classes))
	}
	return l
}

var slfStream = rng.Stream("slf-draws")

func (l *slf) begin(s *Step) {
	l.progress = s.Progress()
	l.temperature = l.hot * math.Pow(l.cold/l.hot, l.progress)
	l.random.Reset(l.seed, slfStream, uint64(s.Number))
	for _, g := range l.gumbel {
		for i := range g {
			g[i] = -math.Log(-math.Log(1 - l.random.Float64()))
		}
	}
}

// evaluate computes the members' losses and gradients, and their weights.
func (l *slf) evaluate(z, t []float64) {
	for m, member := range l.members {
		l.losses[m] = member.row(l.d[m], z, t)
	}
	softmax(l.p, z)
	y := argmax(t)
	rival := 0.0
	for k, p := range l.p {
		if k != y {
			rival = max(rival, p)
		}
	}
	u := l.forward(l.losses[0], l.p[y]-rival, l.progress)
	clear(l.weights)
	for i, soft := range l.soft {
		for m := range soft {
			soft[m] = (u[m] + l.gumbel[i][m]) / l.temperature
		}
		best := argmax(soft)
		softmax(soft, soft)
		for m, w := range soft {
			if l.hard {
				w = 0
				if m == best {
					w = 1
				}
			}
			l.weights[m] += w / float64(l.draws)
		}
	}
}

func (l *slf) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	if l.mix == 1 {
		return loss
	}
	l.evaluate(z, t)
	loss *= l.mix
	for k := range d {
		d[k] *= l.mix
	}
	for m, w := range l.weights {
		loss += (1 - l.mix) * w * l.losses[m]
		for k := range d {
			d[k] += (1 - l.mix) * w * l.d[m][k]
		}
	}
	return loss
}

func (l *slf) mixed(z, t, zDot []float64) {
	l.evaluate(z, t)
	along, inU := make([]float64, len(l.weights)), make([]float64, len(l.weights))
	for m := range along { // of each loss along ż
		for k, v := range zDot {
			along[m] += (1 - l.mix) * l.d[m][k] * v
		}
	}
	l.count(l.weights...)
	for _, soft := range l.soft {
		mean := 0.0
		for m, w := range soft {
			mean += w * along[m]
		}
		for m, w := range soft {
			inU[m] += w * (along[m] - mean) / l.temperature / float64(l.draws)
		}
	}
	l.backward(l.sums, inU)
}

func (l *slf) learn(scale float64) {
	for i := range l.sums {
		l.sums[i] *= scale
	}
	l.adam.Step(l.phi, l.sums)
	clear(l.sums)
}

func (l *slf) state() []artifact.Tensor {
	return append(append(l.means.state(), l.adam.State("state.slf.adam")...), artifact.Float64("state.slf.phi", []int{len(l.phi)}, l.phi))
}

func (l *slf) restore(f *artifact.File, path string) error {
	if err := f.ReadFinite(path, "state.slf.phi", l.phi); err != nil {
		return err
	}
	if err := l.means.restore(f, path); err != nil {
		return err
	}
	return l.adam.Restore(f, path, "state.slf.adam")
}
