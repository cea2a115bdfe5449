package srn

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
					v, up, down := c.value(u), c.value(u+h), c.value(u-h)
					if want := (up.R - down.R) / (2 * h); math.Abs(v.slope-want) > 1e-6 {
						t.Errorf("slope %g, by differences %g", v.slope, want)
					}
					if want := (up.slope - down.slope) / (2 * h); math.Abs(v.bend-want) > 1e-6 {
						t.Errorf("bend %g, by differences %g", v.bend, want)
					}
					if clamp != "none" && v.R > 2 {
						t.Errorf("r = %g above r_max", v.R)
					}
					if !finite(v.R) {
						t.Errorf("r = %g", v.R)
					}
				})
			}
		}
	}
}

func TestHardCeilingStopsTheGradient(t *testing.T) {
	c := DefaultConfig()
	if v := c.value(11); !v.Clipped || v.R != c.RMax || v.slope != 0 {
		t.Errorf("%+v, want r_max, no slope, clipped", v)
	}
	if v := c.value(9); v.Clipped || v.slope < 0.99 {
		t.Errorf("%+v, want a slope near 1", v)
	}
}
