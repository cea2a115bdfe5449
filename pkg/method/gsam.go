package method

import "math"

var gsamInfo = Info{
	Name:      "gsam",
	Read:      Code,
	Kind:      "passes",
	Formula:   "g_p − α·(part of g orthogonal to g_p), g_p at w + ρ·g/‖g‖, ρ falling with the learning rate",
	Reference: "Zhuang, Gong, Yuan et al. 2022",
	Passes:    "2",
	Params: []Param{
		number("rho-max", 0.05, 0, math.Inf(1), "ρ at the initial learning rate"),
		number("rho-min", 0.01, 0, math.Inf(1), "ρ at learning rate 0; in between it is linear in the rate"),
		number("alpha", 0.4, 0, math.Inf(1), "α"),
	},
	Notes: []string{sharpnessNote, "The authors give no constants for these networks."},
	make: func(o Options, v values) (part, error) {
		a := newSharpnessAware(o)
		most, least, alpha := v.number("rho-max"), v.number("rho-min"), v.number("alpha")
		a.perturb = func(s *Step, e, g, _ []float32) { ascend(e, g, least+(most-least)*s.LR/s.MaxLR) }
		a.descend = func(perturbed, g []float32) { surrogateGap(perturbed, g, alpha) }
		return a, nil
	},
}

// surrogateGap subtracts from p α times the part of g orthogonal to p.
func surrogateGap(p, g []float32, alpha float64) {
	along := dot(p, g) / (dot(p, p) + tiny*tiny)
	for i, v := range p {
		p[i] = float32(float64(v) - alpha*(float64(g[i])-along*float64(v)))
	}
}
