package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/optim"
	"srn/pkg/rng"
)

// l2tDLN learns a loss that is a network of its own, of the prediction and
// the target:
//
//	ℓ = μ·CE + (1−μ)·N(p, t),  N = w₃·h₂ + b₃, h₂ = f(W₂·h₁ + b₂), h₁ = f(W₁·(p, t) + b₁)
//
// with leaky ReLUs f. N is linear almost everywhere in what each layer is
// given, so that the derivative of ∂N/∂φ along ż needs no second slopes.
type l2tDLN struct {
	classes, units int
	mix            float64
	phi, sums      []float64 // W1 by rows, b1, W2 by rows, b2, w3, b3
	adam           *optim.Adam

	x, xDot, h1, h1Dot, s1, h2, h2Dot, s2, d1, d2 []float64
}

// leak is the slope of the leaky ReLU below 0.
const leak = 0.01

var l2tDLNInfo = Info{
	Name: "l2t-dln",
	Read: Abstract,
	Differs: []string{
		"The publication's method and experiments were not read. Sizes, inputs and rates of the loss network are chosen here.",
		"There an LSTM that sees the loss network's gradients teaches it, in three stages, through several steps of the student; here Adam does, through one.",
	},
	Kind:       "loss+passes",
	Formula:    "mean of μ·CE + (1−μ)·N(p, t), N a small network taught by held-out images through one step",
	Reference:  "Hai, Pan, Liu et al. 2023 (L2T-DLN), arXiv 2310.19313",
	PaperRow:   "L2T-DLN",
	Passes:     "4",
	Validation: true,
	Params: []Param{
		number("mix", 0.5, 0, 1, "μ, the share of cross-entropy; 1 is cross-entropy"),
		number("units", 40, 1, 1e4, "units of each of N's two hidden layers"),
		number("meta-lr", 1e-3, 0, 1, "Adam's learning rate of N; 0 keeps it as it begins"),
		valBatch, valAugment("none", "training"),
	},
	Notes: []string{lookaheadNote,
		"train_loss is the plain cross-entropy."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		l := newL2TDLN(o.Net.Logits().Len()/o.Net.Loss().Len(), int(v.number("units")), v.number("mix"), v.number("meta-lr"), o.Seed)
		return &learnedByLookahead{newLookahead(o, l, v)}, nil
	},
}

// newL2TDLN starts as PyTorch's linear layers do.
func newL2TDLN(classes, units int, mix, rate float64, seed uint64) *l2tDLN {
	l := &l2tDLN{classes: classes, units: units, mix: mix}
	r := rng.New(seed, rng.Stream("l2t-dln"))
	for _, fan := range []struct{ in, out int }{{2 * classes, units}, {units, units}, {units, 1}} {
		bound := 1 / math.Sqrt(float64(fan.in))
		for range (fan.in + 1) * fan.out {
			l.phi = append(l.phi, bound*(2*r.Float64()-1))
		}
	}
	l.sums = make([]float64, len(l.phi))
	l.adam = optim.NewAdam(len(l.phi), rate, 0)
	for _, v := range []*[]float64{&l.h1, &l.h1Dot, &l.s1, &l.h2, &l.h2Dot, &l.s2, &l.d1, &l.d2} {
		*v = make([]float64, units)
	}
	l.x, l.xDot = make([]float64, 2*classes), make([]float64, 2*classes)
	return l
}

// layers parts a vector like φ.
func (l *l2tDLN) layers(v []float64) (w1, b1, w2, b2, w3, b3 []float64) {
	n, m := 2*l.classes, l.units
	take := func(k int) []float64 { head := v[:k]; v = v[k:]; return head }
	return take(n * m), take(m), take(m * m), take(m), take(m), take(1)
}

// leaky computes h = f(W·x + b) and its slopes s.
func leaky(h, s, w, b, x []float64) {
	for j := range h {
		a := b[j]
		for i, v := range x {
			a += w[j*len(x)+i] * v
		}
		s[j] = 1
		if a < 0 {
			s[j] = leak
		}
		h[j] = s[j] * a
	}
}

// evaluate computes N at (p, t), and N's gradients in both hidden layers
// before their ReLUs, d1 and d2. x holds p and t.
func (l *l2tDLN) evaluate(z, t []float64) (n float64) {
	w1, b1, w2, b2, w3, b3 := l.layers(l.phi)
	softmax(l.x[:l.classes], z)
	copy(l.x[l.classes:], t)
	leaky(l.h1, l.s1, w1, b1, l.x)
	leaky(l.h2, l.s2, w2, b2, l.h1)
	n = b3[0]
	clear(l.d1)
	for j, h := range l.h2 {
		n += w3[j] * h
		l.d2[j] = w3[j] * l.s2[j]
		for i := range l.d1 {
			l.d1[i] += l.d2[j] * w2[j*l.units+i]
		}
	}
	for i, s := range l.s1 {
		l.d1[i] *= s
	}
	return n
}

func (l *l2tDLN) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	if l.mix == 1 {
		return loss
	}
	n := l.evaluate(z, t)
	w1, _, _, _, _, _ := l.layers(l.phi)
	p, inP := l.x[:l.classes], l.xDot[:l.classes] // ∂N/∂p
	mean := 0.0
	for k := range p {
		inP[k] = 0
		for j, g := range l.d1 {
			inP[k] += g * w1[j*len(l.x)+k]
		}
		mean += p[k] * inP[k]
	}
	for k := range p {
		d[k] = l.mix*d[k] + (1-l.mix)*p[k]*(inP[k]-mean)
	}
	return l.mix*loss + (1-l.mix)*n
}

func (l *l2tDLN) mixed(z, t, zDot []float64) {
	l.evaluate(z, t)
	w1, _, w2, _, _, _ := l.layers(l.phi)
	s1, _, s2, _, s3, _ := l.layers(l.sums)
	p := l.x[:l.classes]
	mean := 0.0
	for k, v := range zDot {
		mean += p[k] * v
	}
	clear(l.xDot)
	for k, v := range zDot {
		l.xDot[k] = p[k] * (v - mean)
	}
	tangent(l.h1Dot, l.s1, w1, l.xDot)
	tangent(l.h2Dot, l.s2, w2, l.h1Dot)
	share := 1 - l.mix
	for j := range l.units {
		s3[j] += share * l.h2Dot[j]
		for i, v := range l.h1Dot {
			s2[j*l.units+i] += share * l.d2[j] * v
		}
		for i, v := range l.xDot {
			s1[j*len(l.x)+i] += share * l.d1[j] * v
		}
	}
}

// tangent computes ḣ = s∘(W·ẋ).
func tangent(hDot, s, w, xDot []float64) {
	for j := range hDot {
		a := 0.0
		for i, v := range xDot {
			a += w[j*len(xDot)+i] * v
		}
		hDot[j] = s[j] * a
	}
}

func (l *l2tDLN) learn(scale float64) {
	for i := range l.sums {
		l.sums[i] *= scale
	}
	l.adam.Step(l.phi, l.sums)
	clear(l.sums)
}

func (l *l2tDLN) state() []artifact.Tensor {
	return append(l.adam.State("state.l2t-dln.adam"), artifact.Float64("state.l2t-dln.phi", []int{len(l.phi)}, l.phi))
}

func (l *l2tDLN) restore(f *artifact.File, path string) error {
	if err := f.ReadFinite(path, "state.l2t-dln.phi", l.phi); err != nil {
		return err
	}
	return l.adam.Restore(f, path, "state.l2t-dln.adam")
}
