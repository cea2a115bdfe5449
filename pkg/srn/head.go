package srn

import "math"

// Value is what the surrogate says of one vector of parameters.
type Value struct {
	R       float64 // r(Θ;φ), after the clamp
	Clipped bool    // a hard clamp holds r at r_max
	// u is the head's argument, r = h(u); slope and bend are h′(u) and h″(u).
	u, slope, bend float64
}

// Slope is h′(u), the factor between the gradients of the head's linear
// argument, which the surrogate computes, and those of r.
func (v Value) Slope() float64 { return v.slope }

// value applies the head's nonlinearities to its linear argument.
func (c Config) value(u float64) Value {
	v := Value{u: u, R: u, slope: 1}
	if c.Head != "linear" {
		// log(1+eᵘ), without overflow.
		v.R = max(u, 0) + math.Log1p(math.Exp(-math.Abs(u)))
		v.slope = 1 / (1 + math.Exp(-u))
		v.bend = v.slope * (1 - v.slope)
	}
	switch c.Clamp {
	case "hard":
		if v.R >= c.RMax {
			v.R, v.slope, v.bend, v.Clipped = c.RMax, 0, 0, true
		}
	case "soft":
		t := math.Tanh(v.R / c.RMax)
		outer := 1 - t*t
		v.bend = v.bend*outer - 2*t*outer/c.RMax*v.slope*v.slope
		v.slope *= outer
		v.R = c.RMax * t
	}
	return v
}
