package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/nn"
	"srn/pkg/optim"
	"srn/pkg/record"
	"srn/pkg/rng"
)

// ala is a bilinear loss whose entries W_ky, k ≠ y, a policy moves:
//
//	ℓ = μ·CE − (1−μ)·σ([Wᵀ·log p]_y),  W_ky ← W_ky + {−β, 0, β}
//
// every so many steps, the move of each entry drawn from a small network's
// softmax of four numbers: how likely held-out images of class y are taken for
// k, the change of that, W_ky, and the fraction of the run done. The reward of
// a set of moves is the rise of held-out accuracy until the next; REINFORCE
// with a running mean as its baseline teaches the network, by Adam.
type ala struct {
	bilinear
	mlp        mlp
	adam       *optim.Adam
	every      int
	beta       float64
	batches    int
	validation *validator
	seed       uint64
	random     rng.Rand

	confusion, before []float64 // mean p_k of held-out images of class y, at k·K + y: now, and at the moves before
	pending           []float64 // ∂/∂φ log of the probability of the latest moves
	history           [4]float64
	counts            []float64
}

// What ala's history holds.
const (
	alaAccuracy = iota // held out, at the latest moves
	alaMoves           // sets of moves so far
	alaBaseline        // running mean of rewards
	alaReward          // the latest
)

var alaInfo = Info{
	Name: "ala",
	Read: Abstract,
	Differs: []string{
		"The publication's method and experiments were not read. The policy's inputs and size, the step of an entry and the length of an episode are chosen here.",
		"There several networks are trained at once and share the policy; here there is one.",
		"There is no cross-entropy beside the original's loss, which is mix=0; the default mixes half of each.",
	},
	Kind:       "loss+passes",
	Formula:    "mean of μ·CE − (1−μ)·σ([Wᵀ·log p]_y), W moved by a policy that rising held-out accuracy teaches",
	Reference:  "Huang, Zhai, Talbott et al. 2019 (ALA)",
	PaperRow:   "ALA",
	Passes:     "1",
	Validation: true,
	Params: []Param{
		number("mix", 0.5, 0, 1, "μ, the share of cross-entropy; 1 is cross-entropy"),
		number("every", 200, 1, 1e6, "steps from one set of moves to the next"),
		number("beta", 0.1, 0, 1, "β, the size of a move; entries stay within ±1"),
		number("hidden", 32, 1, 1e4, "hidden units of the policy"),
		number("meta-lr", 0.01, 0, 1, "Adam's learning rate of the policy; 0 keeps it as it begins"),
		number("val-images", 1000, 2, 1e6, "held-out images that a set of moves is judged by, in whole batches"),
	},
	Notes: []string{
		"Needs --split meta_train: the held-out images are meta_val. They are scored every so many steps, by the batches' statistics; a step itself is one pass.",
		"In the records, reward is that of the latest moves, w_drift the root mean square of W − I.",
	},
	make: func(o Options, v values) (part, error) {
		net := o.Net
		classes := net.Logits().Len() / net.Loss().Len()
		batch := net.Loss().Len()
		a := newALA(classes, v.number("mix"), v.number("beta"), int(v.number("hidden")), v.number("meta-lr"), o.Seed)
		a.every, a.validation = int(v.number("every")), newValidator(o, batch, dataset.Augment{})
		a.batches = max(1, min(int(v.number("val-images")), len(o.Validation.Indices))/a.validation.batch)
		return a, nil
	},
}

func newALA(classes int, mix, beta float64, hidden int, rate float64, seed uint64) *ala {
	n := classes * classes
	a := &ala{bilinear: newBilinear(classes, mix), mlp: newMLP(4, hidden, 3, rng.New(seed, rng.Stream("ala"))), beta: beta, seed: seed,
		confusion: make([]float64, n), before: make([]float64, n), counts: make([]float64, classes)}
	a.pending, a.adam = make([]float64, len(a.mlp.phi)), optim.NewAdam(len(a.mlp.phi), rate, 0)
	return a
}

func (a *ala) gradient(s *Step, p *passes) error {
	if s.Number%a.every == 0 && a.mix < 1 {
		accuracy := 0.0
		p.within(func() { accuracy = a.score(s) })
		a.reward(accuracy)
		a.move(s)
	}
	p.run(nn.Train)
	return nil
}

// score measures accuracy and confusion of held-out images.
func (a *ala) score(s *Step) (accuracy float64) {
	a.confusion, a.before = a.before, a.confusion
	clear(a.confusion)
	clear(a.counts)
	p := a.validation.passes
	for i := range a.batches {
		at := Step{Number: s.Number/a.every*a.batches + i}
		a.validation.within(&at, func(n int) {
			p.net.Forward(n, nn.TrainFrozen)
			accuracy += p.accuracy(n) / float64(a.batches)
			for j := range n {
				p.load(p.logits, p.targets, j)
				y := argmax(p.t)
				softmax(a.p, p.z)
				a.counts[y]++
				for k, v := range a.p {
					a.confusion[k*a.classes+y] += v
				}
			}
		})
	}
	for i := range a.confusion {
		a.confusion[i] /= max(1, a.counts[i%a.classes])
	}
	return accuracy
}

// reward teaches the policy what the latest moves led to.
func (a *ala) reward(accuracy float64) {
	h := &a.history
	if h[alaMoves] > 0 {
		h[alaReward] = accuracy - h[alaAccuracy]
		for i := range a.pending {
			a.pending[i] *= h[alaBaseline] - h[alaReward] // Adam descends
		}
		a.adam.Step(a.mlp.phi, a.pending)
		h[alaBaseline] += (h[alaReward] - h[alaBaseline]) / 10
	} else {
		copy(a.before, a.confusion)
	}
	h[alaAccuracy] = accuracy
	h[alaMoves]++
}

var alaStream = rng.Stream("ala-moves")

// move draws the moves.
func (a *ala) move(s *Step) {
	a.random.Reset(a.seed, alaStream, uint64(s.Number))
	clear(a.pending)
	pairs := float64(a.classes * (a.classes - 1))
	inOut := make([]float64, 3)
	for i := range a.w {
		if i%(a.classes+1) == 0 {
			continue
		}
		out := a.mlp.forward(a.confusion[i], a.confusion[i]-a.before[i], a.w[i], s.Progress())
		softmax(inOut, out)
		drawn, rest := 0, a.random.Float64()
		for drawn < 2 && rest >= inOut[drawn] {
			rest -= inOut[drawn]
			drawn++
		}
		a.w[i] = max(-1, min(1, a.w[i]+a.beta*float64(drawn-1)))
		for k, p := range inOut {
			inOut[k] = -p / pairs
		}
		inOut[drawn] += 1 / pairs
		a.mlp.backward(a.pending, inOut)
	}
}

func (a *ala) report() record.Figures {
	sum := 0.0
	for i, v := range a.w {
		if i%(a.classes+1) != 0 {
			sum += v * v
		}
	}
	return record.Figures{Own: map[string]float64{"w_drift": math.Sqrt(sum) / float64(a.classes),
		"val_top1": a.history[alaAccuracy], "reward": a.history[alaReward]}}
}

// carried are the vectors that a resumed run needs.
func (a *ala) carried() map[string][]float64 {
	return map[string][]float64{"w": a.w, "phi": a.mlp.phi, "confusion": a.confusion, "pending": a.pending, "history": a.history[:]}
}

func (a *ala) state() []artifact.Tensor {
	list := a.adam.State("state.ala.adam")
	for _, name := range []string{"w", "phi", "confusion", "pending", "history"} {
		v := a.carried()[name]
		list = append(list, artifact.Float64("state.ala."+name, []int{len(v)}, v))
	}
	return list
}

func (a *ala) restore(f *artifact.File, path string) error {
	for name, to := range a.carried() {
		if err := f.ReadFinite(path, "state.ala."+name, to); err != nil {
			return err
		}
	}
	return a.adam.Restore(f, path, "state.ala.adam")
}
