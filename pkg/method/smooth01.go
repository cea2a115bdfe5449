package method

import "math"

// smooth01 is a smooth form of the error rate:
//
//	ℓ = 1/(1 + exp(K·m)),  m = p_y − max_{j≠y} p_j
//
// whose sharpness K grows over training. Its gradient vanishes for confident
// mistakes, so that training begins with cross-entropy. For soft targets it is
// Σ_k t_k·ℓ(k).
type smooth01 struct {
	first, last, warmup float64

	sharpness float64 // of the step at hand; 0 is cross-entropy
	p         []float64
}

var smooth01Info = Info{
	Name: "smooth01",
	Read: Secondary,
	Differs: []string{
		"The original is for two classes and linear classifiers, and minimises by an algorithm of its own; the margin of probabilities is one of several forms for more classes.",
		"The stages of K and the warm-up with cross-entropy are chosen: for these networks none are given.",
	},
	Kind:      "loss",
	Formula:   "mean of 1/(1 + exp(K·m)), m = p_y − max_{j≠y} p_j, K growing; cross-entropy at first",
	Reference: "Nguyen & Sanner 2013 (binary)",
	PaperRow:  "Smooth",
	Passes:    "1",
	Params: []Param{
		number("k-first", 2, 1e-3, 1e4, "K when the warm-up ends"),
		number("k-last", 10, 1e-3, 1e4, "K at the end; in between it grows geometrically"),
		number("warmup", 0.1, 0, 1, "fraction of the steps that use cross-entropy"),
	},
	Notes: []string{"The paper describes the row as learning sample weights; the method it cites is a smoothed 0-1 loss for two classes."},
	make: func(_ Options, v values) (part, error) {
		return &smooth01{first: v.number("k-first"), last: v.number("k-last"), warmup: v.number("warmup")}, nil
	},
}

func (l *smooth01) begin(s *Step) {
	l.sharpness = 0
	if at := s.Progress(); at >= l.warmup && l.warmup < 1 {
		l.sharpness = l.first * math.Pow(l.last/l.first, (at-l.warmup)/(1-l.warmup))
	}
}

func (l *smooth01) row(d, z, t []float64) float64 {
	if l.sharpness == 0 {
		return crossEntropyRow(d, z, t)
	}
	l.p = append(l.p[:0], z...)
	softmax(l.p, z)
	clear(d)
	sum := 0.0
	for y, w := range t {
		if w != 0 {
			sum += w * l.label(d, y, w)
		}
	}
	return sum
}

// label returns the loss of one label and adds w times its gradient.
func (l *smooth01) label(d []float64, y int, w float64) float64 {
	p := l.p
	rival := -1
	for j := range p {
		if j != y && (rival < 0 || p[j] > p[rival]) {
			rival = j
		}
	}
	margin := p[y] - p[rival]
	loss := 1 / (1 + math.Exp(l.sharpness*margin))
	slope := -w * l.sharpness * loss * (1 - loss)
	for k := range p {
		d[k] -= slope * margin * p[k]
	}
	d[y] += slope * p[y]
	d[rival] -= slope * p[rival]
	return loss
}
