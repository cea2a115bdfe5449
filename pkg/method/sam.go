package method

import "math"

var samInfo = Info{
	Name:      "sam",
	Read:      Code,
	Kind:      "passes",
	Formula:   sharpnessFormula + "e = ρ·g/‖g‖",
	Reference: "Foret, Kleiner, Mobahi & Neyshabur 2021",
	PaperRow:  "SAM",
	Passes:    "2",
	Params:    []Param{number("rho", 0.05, 0, math.Inf(1), "ρ").onHundred(0.1)},
	Notes:     []string{sharpnessNote, "One norm over all parameters.", "ρ is 0.05 for CIFAR-10 and 0.1 for CIFAR-100 in the setting of ASAM's authors."},
	make: func(o Options, v values) (part, error) {
		a := newSharpnessAware(o)
		rho := v.number("rho")
		a.perturb = func(_ *Step, e, g, _ []float32) { ascend(e, g, rho) }
		return a, nil
	},
}

// ascend computes ρ·g/‖g‖.
func ascend(e, g []float32, rho float64) {
	scale := float32(rho / (norm(g) + tiny))
	for i, v := range g {
		e[i] = scale * v
	}
}
