// Package optim holds optimisers of small parameter vectors in host memory:
// those of what is learned about training, not of the networks.
package optim

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"srn/pkg/artifact"
)

// Adam is the optimiser of Kingma & Ba 2015 with β of 0.9 and 0.999, ε 1e-8,
// and weight decay added to the gradient.
type Adam struct {
	Rate, Decay float64
	m, v        []float64
	t           []float64 // steps taken
}

// NewAdam starts the optimiser of n parameters.
func NewAdam(n int, rate, decay float64) *Adam {
	return &Adam{rate, decay, make([]float64, n), make([]float64, n), make([]float64, 1)}
}

// Step descends a gradient.
func (a *Adam) Step(p, grad []float64) {
	const b1, b2 = 0.9, 0.999
	a.t[0]++
	c1, c2 := 1-math.Pow(b1, a.t[0]), 1-math.Pow(b2, a.t[0])
	for i, g := range grad {
		g += a.Decay * p[i]
		a.m[i] = b1*a.m[i] + (1-b1)*g
		a.v[i] = b2*a.v[i] + (1-b2)*g*g
		p[i] -= a.Rate * (a.m[i] / c1) / (math.Sqrt(a.v[i]/c2) + 1e-8)
	}
}

// State returns the moments and the number of steps, as tensors whose names
// begin with name.
func (a *Adam) State(name string) []artifact.Tensor {
	n := []int{len(a.m)}
	return []artifact.Tensor{artifact.Float64(name+".m", n, a.m), artifact.Float64(name+".v", n, a.v), artifact.Float64(name+".t", []int{1}, a.t)}
}

// Restore takes them back. Path is the file's name for the error, which is an
// *artifact.FormatError.
func (a *Adam) Restore(f *artifact.File, path, name string) error {
	if err := cmp.Or(f.ReadFinite(path, name+".m", a.m), f.ReadFinite(path, name+".v", a.v), f.ReadFinite(path, name+".t", a.t)); err != nil {
		return err
	}
	if t := a.t[0]; t < 0 || t != math.Trunc(t) || slices.Min(a.v) < 0 {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensors %q and %q", name+".v", name+".t"),
			Problem: "a mean square, or a number of steps, is none"}
	}
	return nil
}
