package landscape

import (
	"math"
	"testing"
)

func TestR2(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6}
	y := []float64{2.1, 3.9, 6.2, 7.8, 10.1, 11.7}
	var pearson float64
	{
		var mx, my, sxy, sxx, syy float64
		for i := range x {
			mx += x[i] / 6
			my += y[i] / 6
		}
		for i := range x {
			sxy += (x[i] - mx) * (y[i] - my)
			sxx += (x[i] - mx) * (x[i] - mx)
			syy += (y[i] - my) * (y[i] - my)
		}
		pearson = sxy * sxy / (sxx * syy)
	}
	r2, adjusted := R2(y, x)
	if math.Abs(r2-pearson) > 1e-12 || math.Abs(adjusted-(1-(1-pearson)*5/4)) > 1e-12 {
		t.Errorf("R² %g, adjusted %g; squared correlation %g", r2, adjusted, pearson)
	}
	// A combination of predictors is found exactly, at any scale of them.
	z := []float64{1e9, -2e9, 0, 1e9, 4e9, -3e9}
	sum := make([]float64, 6)
	for i := range sum {
		sum[i] = 3*x[i] - z[i]*1e-9 + 7
	}
	if r2, _ := R2(sum, x, z); math.Abs(r2-1) > 1e-12 {
		t.Errorf("R² %g of a sum, want 1", r2)
	}
	nan := math.NaN()
	for name, got := range map[string]func() (float64, float64){
		"constant y":         func() (float64, float64) { return R2([]float64{1, 1, 1, 1}, x[:4]) },
		"constant predictor": func() (float64, float64) { return R2(x[:4], []float64{3, 3, 3, 3}) },
		"collinear":          func() (float64, float64) { return R2(y, x, sum, z) },
		"too few":            func() (float64, float64) { return R2(x[:2], y[:2]) },
		"a NaN":              func() (float64, float64) { return R2(x[:4], []float64{1, 2, nan, 4}) },
	} {
		if a, b := got(); a == a || b == b {
			t.Errorf("%s: %g %g, want NaN", name, a, b)
		}
	}
}
