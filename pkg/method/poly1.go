package method

import "math"

// poly1 adds to cross-entropy, a series in 1 − p_y whose first coefficient is
// 1, a multiple of its first term:
//
//	ℓ = CE + ε·Σ_k t_k·(1 − p_k),  ∂/∂z_k of the second = ε·p_k·(Σ_j t_j·p_j − t_k)
type poly1 struct {
	epsilon float64
	p       []float64
}

var poly1Info = Info{
	Name:      "poly1",
	Read:      Secondary,
	Kind:      "loss",
	Formula:   "mean of CE + ε·(1 − p_y)",
	Reference: "Leng, Tan, Liu et al. 2022 (PolyLoss), its Poly-1",
	Passes:    "1",
	Params:    []Param{number("epsilon", 1, -1, math.Inf(1), "ε, added to the first coefficient; 0 is cross-entropy")},
	Notes:     []string{"The publication tunes ε by task; 1 is the value that programs have by default. Mixed or smoothed targets: Σ t_k·(1 − p_k)."},
	make:      func(_ Options, v values) (part, error) { return &poly1{epsilon: v.number("epsilon")}, nil },
}

func (l *poly1) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	l.p = append(l.p[:0], z...)
	softmax(l.p, z)
	mean, first := 0.0, 0.0
	for k, p := range l.p {
		mean += t[k] * p
		first += t[k] * (1 - p)
	}
	for k, p := range l.p {
		d[k] += l.epsilon * p * (mean - t[k])
	}
	return loss + l.epsilon*first
}
