package surrogate

import (
	"fmt"
	"math"
	"testing"
)

func TestHeadDerivatives(t *testing.T) {
	const h = 1e-4
	for _, head := range []string{"softplus", "mean", "linear"} {
		for _, clamp := range []string{"hard", "soft", "none"} {
			c := DefaultConfig()
			c.Head, c.Clamp, c.RMax = head, clamp, 2
			for _, u := range []float64{-800, -3, -0.1, 0, 0.7, 1.5, 4, 900} {
				t.Run(fmt.Sprintf("%s %s %g", head, clamp, u), func(t *testing.T) {
					v, up, down := c.Score(u), c.Score(u+h), c.Score(u-h)
					if want := (up.R - down.R) / (2 * h); math.Abs(v.Slope-want) > 1e-6 {
						t.Errorf("slope %g, by differences %g", v.Slope, want)
					}
					if want := (up.Slope - down.Slope) / (2 * h); math.Abs(v.bend-want) > 1e-6 {
						t.Errorf("bend %g, by differences %g", v.bend, want)
					}
					if clamp != "none" && v.R > 2 {
						t.Errorf("r = %g above r_max", v.R)
					}
					if math.IsNaN(v.R) || math.IsInf(v.R, 0) {
						t.Errorf("r = %g", v.R)
					}
				})
			}
		}
	}
}

func TestHardCeilingStopsTheGradient(t *testing.T) {
	c := DefaultConfig()
	if v := c.Score(11); !v.Clipped || v.R != c.RMax || v.Slope != 0 {
		t.Errorf("%+v, want r_max, no slope, clipped", v)
	}
	if v := c.Score(9); v.Clipped || v.Slope < 0.99 {
		t.Errorf("%+v, want a slope near 1", v)
	}
}
