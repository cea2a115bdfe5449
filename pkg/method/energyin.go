package method

import "math"

// energyIn bounds the energy of training images from above:
//
//	ℓ = CE + w·max(0, E − m_in)²,  E = −log Σ_k exp z_k.
type energyIn struct {
	weight, bound float64
	p             []float64
}

var energyInInfo = Info{
	Name: "energy-in",
	Read: Code,
	Differs: []string{
		"One of the two hinges: there are no outliers.",
	},
	Kind:      "loss",
	Formula:   "mean of CE + w·max(0, E − m_in)², E = −log Σ exp z",
	Reference: "Liu, Wang, Owens & Li 2020, its first hinge",
	Passes:    "1",
	Params:    energyParams[:2],
	Notes:     []string{"What remains of energy-ood where there are no outliers.", energyNote},
	make:      func(_ Options, v values) (part, error) { return newEnergyIn(v), nil },
}

// energyParams are those of energy-in, then those of energy-ood alone.
var energyParams = []Param{
	number("weight", 0.1, 0, math.Inf(1), "w of the hinges"),
	number("m-in", -23, math.Inf(-1), math.Inf(1), "energy below which training images are left alone").onHundred(-27),
	number("m-out", -5, math.Inf(-1), math.Inf(1), "energy above which outliers are left alone"),
	word("outliers", "patches: the batch's images, each cut into 8×8 patches in random order; noise: uniform pixels; file: those of --outliers, which chooses it", "patches", "noise", "file"),
}

const energyNote = "The bounds are those of the authors' script: m_in −23 for CIFAR-10 and −27 for CIFAR-100, m_out −5 for both; their program's own defaults are −25 and −7."

func newEnergyIn(v values) *energyIn {
	return &energyIn{weight: v.number("weight"), bound: v.number("m-in")}
}

func (e *energyIn) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	e.p = append(e.p[:0], z...)
	excess := -softmax(e.p, z) - e.bound
	if excess <= 0 {
		return loss
	}
	for k, p := range e.p {
		d[k] -= 2 * e.weight * excess * p // ∂E/∂z = −p
	}
	return loss + e.weight*excess*excess
}
