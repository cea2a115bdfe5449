package curvature

import (
	"fmt"
	"math"

	"srn/pkg/rng"
)

// Probe names the distribution of random vectors whose components are
// independent with mean 0 and variance 1.
type Probe string

const (
	Rademacher Probe = "rademacher" // ±1: the smaller variance of traces
	Normal     Probe = "normal"
)

// check returns an error where p names none.
func (p Probe) check() error {
	if p != Rademacher && p != Normal {
		return fmt.Errorf("probe %q is neither rademacher nor normal", p)
	}
	return nil
}

// draw fills w with the seed's random vector of that number.
func (p Probe) draw(w []float64, seed, number uint64) {
	r := rng.New(seed, rng.Stream("curvature probe"), number)
	if p == Normal {
		for i := range w {
			w[i] = r.NormFloat64()
		}
		return
	}
	var bits uint64
	for i := range w {
		if i%64 == 0 {
			bits = r.Uint64()
		}
		w[i] = float64(int(bits&1)*2 - 1)
		bits >>= 1
	}
}

// Estimate is a mean of independent samples.
type Estimate struct {
	Value float64
	// Error is the standard error of Value; NaN where one sample tells none.
	Error float64
}

// estimate is the mean of samples and its standard error.
func estimate(samples []float64) Estimate {
	n := float64(len(samples))
	var mean float64
	for _, x := range samples {
		mean += x / n
	}
	if len(samples) < 2 {
		return Estimate{mean, math.NaN()}
	}
	var squares float64
	for _, x := range samples {
		squares += (x - mean) * (x - mean)
	}
	return Estimate{mean, math.Sqrt(squares / (n - 1) / n)}
}

// root is the estimate of a square's root, its error to first order.
func (e Estimate) root() Estimate {
	value := math.Sqrt(max(e.Value, 0))
	if e.Error == 0 {
		return Estimate{value, 0}
	}
	return Estimate{value, e.Error / (2 * value)}
}
