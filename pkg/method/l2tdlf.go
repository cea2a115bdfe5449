package method

import (
	"math"

	"srn/pkg/artifact"
)

// l2tDLF learns a loss that is bilinear in the target and the log-probabilities:
//
//	ℓ = μ·CE − (1−μ)·σ(A),  A = [Wᵀ·log p + b]_y,
//
// with W, K×K, the identity and b zero at first, so that at first σ(A) is the
// logistic function of the log-likelihood. For soft targets A is averaged.
type l2tDLF struct {
	classes   int
	mix, rate float64
	phi       []float64 // W by rows, then b
	sums      []float64
	p, d      []float64
}

var l2tDLFInfo = Info{
	Name:       "l2t-dlf-like",
	Kind:       "loss+passes",
	Formula:    "mean of μ·CE − (1−μ)·σ([Wᵀ·log p + b]_y), W and b taught by held-out images through one step",
	Reference:  "Wu, Tian, Xia et al. 2018 (L2T-DLF)",
	PaperRow:   "L2T-DLF",
	Passes:     "4",
	Validation: true,
	Params: []Param{
		number("mix", 0.5, 0, 1, "μ, the share of cross-entropy; 1 is cross-entropy"),
		number("meta-lr", 0.01, 0, 1e6, "learning rate of W and b; 0 keeps them"),
		number("val-batch", 100, 2, 1e6, "held-out images of a step, at most the batch size"),
	},
	Notes: []string{lookaheadNote,
		"Like the original in the loss alone: there a teacher network sets W and b from the state of training and is taught through the whole path of training; here W and b are taught themselves, through one step.",
		"The held-out loss is cross-entropy; the original's is a smooth error rate.",
		"train_loss is the plain cross-entropy."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		l := newL2TDLF(o.Net.Logits().Len()/o.Net.Loss().Len(), v.number("mix"), v.number("meta-lr"))
		return &learnedByLookahead{newLookahead(o, l, int(v.number("val-batch")))}, nil
	},
}

func newL2TDLF(classes int, mix, rate float64) *l2tDLF {
	n := classes*classes + classes
	l := &l2tDLF{classes: classes, mix: mix, rate: rate, phi: make([]float64, n), sums: make([]float64, n), p: make([]float64, classes), d: make([]float64, classes)}
	for k := range classes {
		l.phi[k*classes+k] = 1
	}
	return l
}

// column is Σ_y t_y·W_ky.
func (l *l2tDLF) column(k int, t []float64) (sum float64) {
	for y, w := range t {
		if w != 0 {
			sum += w * l.phi[k*l.classes+y]
		}
	}
	return sum
}

// argument is A, after which p holds the probabilities.
func (l *l2tDLF) argument(z, t []float64) (a, logSum float64) {
	logSum = softmax(l.p, z)
	for y, w := range t {
		a += w * l.phi[l.classes*l.classes+y]
	}
	for k, v := range z {
		a += l.column(k, t) * (v - logSum)
	}
	return a, logSum
}

func (l *l2tDLF) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	if l.mix == 1 {
		return loss
	}
	a, _ := l.argument(z, t)
	s := 1 / (1 + math.Exp(-a))
	total := 0.0
	for k := range z {
		total += l.column(k, t)
	}
	for k, p := range l.p {
		d[k] = l.mix*d[k] - (1-l.mix)*s*(1-s)*(l.column(k, t)-total*p)
	}
	return l.mix*loss - (1-l.mix)*s
}

// mixed differentiates −(1−μ)·σ′(A)·D, where D = Σ_k column_k·(ż_k − ⟨p, ż⟩)
// is the derivative of A along ż.
func (l *l2tDLF) mixed(z, t, zDot []float64) {
	a, logSum := l.argument(z, t)
	s := 1 / (1 + math.Exp(-a))
	first, second := s*(1-s), s*(1-s)*(1-2*s)
	mean := 0.0
	for k, p := range l.p {
		mean += p * zDot[k]
	}
	along := 0.0
	for k, v := range zDot {
		along += l.column(k, t) * (v - mean)
	}
	for y, w := range t {
		if w == 0 {
			continue
		}
		scale := -(1 - l.mix) * w
		for k, v := range zDot {
			l.sums[k*l.classes+y] += scale * (second*(z[k]-logSum)*along + first*(v-mean))
		}
		l.sums[l.classes*l.classes+y] += scale * second * along
	}
}

func (l *l2tDLF) learn(scale float64) {
	for i, g := range l.sums {
		l.phi[i] -= l.rate * scale * g
	}
	clear(l.sums)
}

func (l *l2tDLF) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.l2t-dlf", []int{len(l.phi)}, l.phi)}
}

func (l *l2tDLF) restore(f *artifact.File, path string) error {
	return restoreFloats(f, path, "state.l2t-dlf", l.phi)
}
