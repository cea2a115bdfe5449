package surrogate

import "math"

// Value is what the surrogate says of one vector of parameters.
type Value struct {
	R       float64 // r(Θ;φ), after the clamp
	Clipped bool    // a hard clamp holds r at r_max
	U       float64 // the head's linear argument, r = h(u)
	// Slope is h′(u), the factor between the gradients of u, which the surrogate
	// computes, and those of r.
	Slope float64
	bend  float64 // h″(u)
}

// Score applies the head's nonlinearities to its linear argument.
func (c Config) Score(u float64) Value {
	v := Value{U: u, R: u, Slope: 1}
	if c.Head != "linear" {
		// log(1+eᵘ), without overflow.
		v.R = max(u, 0) + math.Log1p(math.Exp(-math.Abs(u)))
		v.Slope = 1 / (1 + math.Exp(-u))
		v.bend = v.Slope * (1 - v.Slope)
	}
	switch c.Clamp {
	case "hard":
		if v.R >= c.RMax {
			v.R, v.Slope, v.bend, v.Clipped = c.RMax, 0, 0, true
		}
	case "soft":
		t := math.Tanh(v.R / c.RMax)
		outer := 1 - t*t
		v.bend = v.bend*outer - 2*t*outer/c.RMax*v.Slope*v.Slope
		v.Slope *= outer
		v.R = c.RMax * t
	}
	return v
}
