package method

import (
	"math"

	"srn/pkg/artifact"
)

// adam is Adam (Kingma & Ba 2015) with β of 0.9 and 0.999, ε 1e-8, and weight
// decay added to the gradient.
type adam struct {
	rate, decay float64
	m, v        []float64
	t           []float64 // steps taken
}

func newAdam(n int, rate, decay float64) adam {
	return adam{rate, decay, make([]float64, n), make([]float64, n), make([]float64, 1)}
}

func (a *adam) step(p, grad []float64) {
	const b1, b2 = 0.9, 0.999
	a.t[0]++
	c1, c2 := 1-math.Pow(b1, a.t[0]), 1-math.Pow(b2, a.t[0])
	for i, g := range grad {
		g += a.decay * p[i]
		a.m[i] = b1*a.m[i] + (1-b1)*g
		a.v[i] = b2*a.v[i] + (1-b2)*g*g
		p[i] -= a.rate * (a.m[i] / c1) / (math.Sqrt(a.v[i]/c2) + 1e-8)
	}
}

func (a *adam) state(name string) []artifact.Tensor {
	n := []int{len(a.m)}
	return []artifact.Tensor{artifact.Float64(name+".m", n, a.m), artifact.Float64(name+".v", n, a.v), artifact.Float64(name+".t", []int{1}, a.t)}
}

func (a *adam) restore(f *artifact.File, path, name string) error {
	for key, to := range map[string][]float64{".m": a.m, ".v": a.v, ".t": a.t} {
		if err := restoreFloats(f, path, name+key, to); err != nil {
			return err
		}
	}
	return nil
}
