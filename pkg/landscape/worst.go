package landscape

import (
	"fmt"
	"math"
)

// Function is a differentiable function of a displacement.
type Function interface {
	Dim() int
	// Gradient computes the value and gradient at a displacement.
	Gradient(dst, at []float32) (value float64, err error)
}

// Around is a surface as a function of the displacement from parameters.
type Around struct {
	*Surface
	Params []float32
	moved  []float32
}

// Gradient moves the network and leaves it there.
func (a *Around) Gradient(dst, at []float32) (float64, error) {
	if a.moved == nil {
		a.moved = make([]float32, len(a.Params))
	}
	for i, x := range a.Params {
		a.moved[i] = x + at[i]
	}
	a.Move(a.moved, nil)
	p, err := a.Surface.Gradient(dst)
	return p.Loss, err
}

// Ball says where a worst case is looked for, and how long.
type Ball struct {
	Rho   float64 // radius, in the Euclidean norm
	Steps int     // gradients after those of the starts
	// Tol ends the ascent when two steps running raised the increase by less
	// than this fraction of it.
	Tol float64
	// Starts are directions, whose length does not matter, to the ends of which
	// the ascent looks first; it goes on from the best.
	Starts [][]float32
}

// Worst is the worst case found, a lower bound of the true one.
type Worst struct {
	Base         float64   // value at the centre
	Value        float64   // at the displacement
	Displacement []float32 // of norm Rho at most
	Start        int       // which start the ascent went on from
	Gradients    int       // in all
	Converged    bool      // by Tol, or no step along the gradient rises
}

// Increase is how much worse than the centre it is.
func (w Worst) Increase() float64 { return w.Value - w.Base }

// Ascend maximises a function over a ball (Eq. 12) by projected gradient
// ascent with steps that never lower the value: a step that does is halved,
// one that does not is doubled for the next time.
func Ascend(f Function, b Ball) (*Worst, error) {
	if !(b.Rho > 0) || math.IsInf(b.Rho, 0) {
		return nil, fmt.Errorf("radius ρ: %g is not above 0", b.Rho)
	}
	dim := f.Dim()
	at, gradient := make([]float32, dim), make([]float32, dim)
	next, nextGradient := make([]float32, dim), make([]float32, dim)
	w := &Worst{Start: -1}
	var err error
	if w.Base, err = f.Gradient(gradient, at); err != nil {
		return nil, err
	}
	w.Gradients, w.Value = 1, w.Base
	try := func() (better bool, err error) {
		v, err := f.Gradient(nextGradient, next)
		w.Gradients++
		if err != nil || !(v > w.Value) || math.IsInf(v, 0) {
			return false, err // a NaN is not better
		}
		w.Value = v
		at, next, gradient, nextGradient = next, at, nextGradient, gradient
		return true, nil
	}
	for i, s := range b.Starts {
		size := norm(s)
		if size == 0 {
			continue
		}
		for k, x := range s {
			next[k] = float32(b.Rho / size * float64(x))
		}
		better, err := try()
		if err != nil {
			return nil, err
		}
		if better {
			w.Start = i
		}
	}
	const largest, smallest = 64.0, 1.0 / 256 // of a step, in radii
	step, slow := 2.0, 0
	for range b.Steps {
		size := norm(gradient)
		if size == 0 || step < smallest {
			w.Converged = true
			break
		}
		for k, g := range gradient {
			next[k] = float32(float64(at[k]) + step*b.Rho/size*float64(g))
		}
		if length := norm(next); length > b.Rho {
			for k := range next {
				next[k] = float32(float64(next[k]) * b.Rho / length)
			}
		}
		before := w.Value
		better, err := try()
		if err != nil {
			return nil, err
		}
		if !better {
			step /= 2
			continue
		}
		step = min(2*step, largest)
		if w.Value-before < b.Tol*w.Increase() {
			if slow++; slow == 2 {
				w.Converged = true
				break
			}
		} else {
			slow = 0
		}
	}
	w.Displacement = at
	return w, nil
}
