package method

import "math"

var fsamInfo = Info{
	Name: "fsam",
	Read: Secondary,
	Differs: []string{
		"No program of the authors' is known, and the publication was not read: the formula and its constants are those of independent ports, which differ in normalisation and constants from each other.",
	},
	Kind:      "passes",
	Formula:   sharpnessFormula + "e = γ·F⁻¹g/√(gᵀF⁻¹g), F⁻¹ = 1/(1 + η·g²)",
	Reference: "Kim, Li, Hu & Hospedales 2022 (Fisher SAM), arXiv 2206.04920",
	PaperRow:  "FSAM",
	Passes:    "2",
	Params: []Param{
		number("gamma", 0.1, 0, math.Inf(1), "γ, the radius"),
		number("eta", 1, 0, math.Inf(1), "η of the diagonal Fisher's regularised inverse; 0 is SAM"),
	},
	Notes: []string{sharpnessNote,
		"F is the diagonal of the batch gradient's square. Not Friendly-SAM, which is abbreviated the same."},
	make: func(o Options, v values) (part, error) {
		a := newSharpnessAware(o)
		gamma, eta := v.number("gamma"), v.number("eta")
		a.perturb = func(_ *Step, e, g, _ []float32) { fisherAscend(e, g, gamma, eta) }
		return a, nil
	},
}

// fisherAscend computes γ·F⁻¹g/√(gᵀF⁻¹g).
func fisherAscend(e, g []float32, gamma, eta float64) {
	sum := 0.0
	for _, v := range g {
		f := float64(v)
		sum += f * f / (1 + eta*f*f)
	}
	scale := gamma / (math.Sqrt(sum) + tiny)
	for i, v := range g {
		f := float64(v)
		e[i] = float32(scale * f / (1 + eta*f*f))
	}
}
