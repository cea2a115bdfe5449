package landscape

import (
	"errors"
	"fmt"
	"math"

	"srn/pkg/rng"
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
	Steps int     // gradients of an ascent, after those of its starts
	// Tol ends an ascent at a point where [Worst.Gap] is at most this fraction of
	// the increase.
	Tol float64
	// Starts are directions, whose length does not matter, to the ends of which
	// the first ascent looks; it goes on from the best.
	Starts [][]float32
	// Restarts are further ascents, each from a random point of the sphere.
	Restarts int
	Seed     uint64 // of these points
}

// Worst is the worst case found, a lower bound of the true one.
type Worst struct {
	Base         float64   // value at the centre
	Value        float64   // at the displacement
	Displacement []float32 // of norm Rho at most
	// Start is the direction that the best ascent went on from: an index of
	// Starts, len(Starts) and more for random points, or -1 for the centre.
	Start     int
	Gradients int // in all
	// Gap is ρ‖g‖ − ⟨g, ε⟩ at the displacement ε with the gradient g there: the
	// most that the slope promises for another point of the ball. It is 0 at
	// stationary points, inside and on the sphere, and nowhere else.
	Gap float64
	// Converged says that Gap is at most Tol of the increase, and that the values
	// at all points tried were finite.
	Converged bool
	// NotFinite counts points of the ball where the value is not finite. The worst
	// case is then no number, and Value the largest of those found.
	NotFinite int
	// Increases are those of the ascents, from the starts first and then from
	// each random point.
	Increases []float64
}

// Increase is how much worse than the centre it is.
func (w *Worst) Increase() float64 { return w.Value - w.Base }

// ErrNotFinite says that the value at the centre of a ball is not finite.
var ErrNotFinite = errors.New("the loss is not finite (NaN or Inf): the network has diverged")

// Ascend maximises a function over a ball (Eq. 12) by projected gradient ascent
// with steps that never lower the value: a step that does is halved, one that
// does not is doubled for the next time. It ascends from the best of the starts,
// and from random points.
func Ascend(f Function, b Ball) (*Worst, error) {
	if !(b.Rho > 0) || math.IsInf(b.Rho, 0) {
		return nil, fmt.Errorf("radius ρ: %g is not above 0", b.Rho)
	}
	a := &ascent{f: f, ball: b, w: &Worst{Start: -1}, next: newPlace(f.Dim())}
	centre := newPlace(f.Dim())
	if ok, err := a.look(centre); err != nil {
		return nil, err
	} else if !ok {
		return nil, ErrNotFinite
	}
	a.w.Base, a.w.Value = centre.value, math.Inf(-1)
	best, start := centre, -1
	for i, s := range b.Starts {
		size := norm(s)
		if size == 0 {
			continue
		}
		p := newPlace(f.Dim())
		for k, x := range s {
			p.at[k] = float32(b.Rho / size * float64(x))
		}
		ok, err := a.look(p)
		if err != nil {
			return nil, err
		}
		if ok && p.value > best.value {
			best, start = p, i
		}
	}
	if err := a.climb(best, start); err != nil {
		return nil, err
	}
	for i := range b.Restarts {
		p := newPlace(f.Dim())
		random(p.at, b.Rho, b.Seed, uint64(i))
		ok, err := a.look(p)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := a.climb(p, len(b.Starts)+i); err != nil {
			return nil, err
		}
	}
	a.w.Converged = a.w.Converged && a.w.NotFinite == 0
	return a.w, nil
}

// random fills v with a random vector of that norm.
func random(v []float32, size float64, seed, number uint64) {
	r := rng.New(seed, rng.Stream("worst start"), number)
	wide := make([]float64, len(v))
	for i := range wide {
		wide[i] = r.NormFloat64()
	}
	scale := size / norm(wide)
	for i, x := range wide {
		v[i] = float32(scale * x)
	}
}

// place is a point of the ball.
type place struct {
	at, gradient []float32
	value        float64
}

func newPlace(dim int) *place {
	return &place{at: make([]float32, dim), gradient: make([]float32, dim)}
}

// ascent is the state of [Ascend].
type ascent struct {
	f    Function
	ball Ball
	w    *Worst
	next *place // to try
}

// look computes a place's value and gradient, and says whether they are finite.
func (a *ascent) look(p *place) (finite bool, err error) {
	a.w.Gradients++
	if p.value, err = a.f.Gradient(p.gradient, p.at); err != nil {
		return false, err
	}
	if size := norm(p.gradient); math.IsNaN(p.value+size) || math.IsInf(p.value, 0) || math.IsInf(size, 0) {
		a.w.NotFinite++
		return false, nil
	}
	return true, nil
}

// gap is the most that the slope at a place promises for another of the ball.
func (a *ascent) gap(p *place) float64 {
	return max(a.ball.Rho*norm(p.gradient)-Dot(p.gradient, p.at), 0)
}

// climb ascends from a place, and keeps what it finds if that is the best.
func (a *ascent) climb(p *place, start int) error {
	const largest, smallest = 64.0, 1.0 / 1024 // of a step, in radii
	step, rho := 2.0, a.ball.Rho
	done := func() bool { return a.gap(p) <= a.ball.Tol*max(p.value-a.w.Base, 0) }
	for range a.ball.Steps {
		size := norm(p.gradient)
		if done() || size == 0 || step < smallest {
			break
		}
		for k, g := range p.gradient {
			a.next.at[k] = float32(float64(p.at[k]) + step*rho/size*float64(g))
		}
		if length := norm(a.next.at); length > rho {
			for k := range a.next.at {
				a.next.at[k] = float32(float64(a.next.at[k]) * rho / length)
			}
		}
		ok, err := a.look(a.next)
		if err != nil {
			return err
		}
		if !ok || !(a.next.value > p.value) {
			step /= 2
			continue
		}
		*p, *a.next = *a.next, *p
		step = min(2*step, largest)
	}
	a.w.Increases = append(a.w.Increases, p.value-a.w.Base)
	if p.value > a.w.Value {
		a.w.Value, a.w.Displacement, a.w.Start = p.value, p.at, start
		a.w.Gap, a.w.Converged = a.gap(p), done()
	}
	return nil
}
