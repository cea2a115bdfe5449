package method

import (
	"math"
	"strings"

	"srn/pkg/nn"
)

var asamInfo = Info{
	Name:      "asam",
	Read:      Code,
	Kind:      "passes",
	Formula:   sharpnessFormula + "e = ρ·T²g/‖Tg‖, T = |w| + η of weights, 1 of shifts",
	Reference: "Kwon, Kim, Park & Choi 2021",
	PaperRow:  "ASAM",
	Passes:    "2",
	Params: []Param{
		number("rho", 0.5, 0, math.Inf(1), "ρ").onHundred(1),
		number("eta", 0.01, 0, math.Inf(1), "η"),
	},
	Notes: []string{sharpnessNote,
		"ρ means nothing without T: as the authors have it, T is |w| + η of every weight, scales of batch normalisation among them, and 1 of biases and shifts. η is 0.01 in their class and 0 in their script's default."},
	make: func(o Options, v values) (part, error) {
		a := newSharpnessAware(o)
		rho, eta, scaled := v.number("rho"), v.number("eta"), weights(o.Net.Layout())
		a.perturb = func(_ *Step, e, g, w []float32) { adaptiveAscend(e, g, w, scaled, rho, eta) }
		return a, nil
	},
}

// weights tells the scaled parameters from biases and shifts.
func weights(l nn.Layout) []bool {
	is := make([]bool, l.Len())
	for _, p := range l {
		if strings.HasSuffix(p.Name, "weight") {
			for i := range p.Len() {
				is[p.Offset+i] = true
			}
		}
	}
	return is
}

// adaptiveAscend computes ρ·T²g/‖Tg‖.
func adaptiveAscend(e, g, w []float32, scaled []bool, rho, eta float64) {
	t := func(i int) float64 {
		if scaled[i] {
			return math.Abs(float64(w[i])) + eta
		}
		return 1
	}
	sum := 0.0
	for i, v := range g {
		tg := t(i) * float64(v)
		sum += tg * tg
	}
	scale := rho / (math.Sqrt(sum) + tiny)
	for i, v := range g {
		e[i] = float32(scale * t(i) * t(i) * float64(v))
	}
}
