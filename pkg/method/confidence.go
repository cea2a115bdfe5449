package method

import "math"

// confidencePenalty rewards entropy of the prediction:
//
//	ℓ = CE − β·H(p),  ∂ℓ/∂z_k = p_k − t_k + β·p_k·(log p_k + H).
type confidencePenalty struct {
	beta float64
	p    []float64
}

var confidencePenaltyInfo = Info{
	Name:      "confidence-penalty",
	Read:      Secondary,
	Kind:      "loss",
	Formula:   "mean of CE − β·H(p)",
	Reference: "Pereyra, Tucker, Chorowski, Kaiser & Hinton 2017, arXiv 1701.06548",
	PaperRow:  "Confidence",
	Passes:    "1",
	Params:    []Param{number("beta", 0.1, 0, math.Inf(1), "β, the weight of the entropy")},
	Notes:     []string{"The paper gives no β; 0.1 is common for images."},
	make: func(_ Options, v values) (part, error) {
		return &confidencePenalty{beta: v.number("beta")}, nil
	},
}

func (c *confidencePenalty) row(d, z, t []float64) float64 {
	c.p = append(c.p[:0], z...)
	logSum := softmax(c.p, z)
	entropy := 0.0
	for k, p := range c.p {
		entropy -= p * (z[k] - logSum)
	}
	loss := crossEntropyRow(d, z, t)
	for k, p := range c.p {
		d[k] += c.beta * p * (z[k] - logSum + entropy)
	}
	return loss - c.beta*entropy
}
