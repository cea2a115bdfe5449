package landscape

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// quadratic is f(x) = g·x + ½·Σ h_i·x_i².
type quadratic struct{ g, h []float64 }

func (q quadratic) Dim() int { return len(q.g) }

func (q quadratic) Gradient(dst, at []float32) (float64, error) {
	var value float64
	for i, x := range at {
		value += (q.g[i] + 0.5*q.h[i]*float64(x)) * float64(x)
		dst[i] = float32(q.g[i] + q.h[i]*float64(x))
	}
	return value, nil
}

// worst is the maximum over a ball: where no h is negative it lies on the
// sphere, at x = g/(μ−h) with the μ > max h for which ‖x‖ = ρ.
func (q quadratic) worst(rho float64) float64 {
	top := 0.0
	for _, h := range q.h {
		top = max(top, h)
	}
	low, high := top, top+1e6
	at := func(mu float64) (size, value float64) {
		for i, g := range q.g {
			x := g / (mu - q.h[i])
			size += x * x
			value += (g + 0.5*q.h[i]*x) * x
		}
		return math.Sqrt(size), value
	}
	for range 200 {
		mid := (low + high) / 2
		if size, _ := at(mid); size > rho {
			low = mid
		} else {
			high = mid
		}
	}
	_, value := at(high)
	return value
}

func TestAscendQuadratic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for trial := range 20 {
		var q quadratic
		for range 30 {
			q.g = append(q.g, 0.1*r.NormFloat64())
			q.h = append(q.h, 10*r.Float64())
		}
		gradient := make([]float32, 30)
		for i, g := range q.g {
			gradient[i] = float32(g)
		}
		for _, rho := range []float64{0.01, 0.1, 3} {
			w, err := Ascend(q, Ball{Rho: rho, Steps: 400, Tol: 1e-7, Starts: [][]float32{gradient}})
			if err != nil {
				t.Fatal(err)
			}
			want := q.worst(rho)
			if math.Abs(w.Increase()-want) > 2e-3*want || norm(w.Displacement) > rho*(1+1e-6) {
				t.Errorf("trial %d, ρ %g: increase %g, want %g; ‖ε‖ %g, %d gradients", trial, rho, w.Increase(), want, norm(w.Displacement), w.Gradients)
			}
		}
	}
}

// TestAscendAtMinimum: without a gradient the worst case is ρ²λ_max/2, and a
// start along the eigenvector finds it at once (Eq. 13).
func TestAscendAtMinimum(t *testing.T) {
	q := quadratic{g: make([]float64, 3), h: []float64{1, 8, 2}}
	w, err := Ascend(q, Ball{Rho: 0.5, Steps: 50, Tol: 1e-6, Starts: [][]float32{{0, 0, 0}, {0, -3, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := 0.5 * 0.5 / 2 * 8; math.Abs(w.Increase()-want) > 1e-6 || w.Start != 1 || !w.Converged {
		t.Errorf("increase %g, want %g; start %d, converged %v", w.Increase(), want, w.Start, w.Converged)
	}
}

// TestAscendConcave: the worst case inside the ball is found there.
func TestAscendConcave(t *testing.T) {
	q := quadratic{g: []float64{1, -2}, h: []float64{-1, -4}} // maximum at (1, −0.5)
	w, err := Ascend(q, Ball{Rho: 10, Steps: 200, Tol: 1e-9, Starts: [][]float32{{1, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(w.Value-1) > 1e-3 {
		t.Errorf("value %g at %v, want 1 at (1, −0.5)", w.Value, w.Displacement)
	}
}

type failing struct{ quadratic }

var errStop = errors.New("stop")

func (failing) Gradient(_, _ []float32) (float64, error) { return 0, errStop }

func TestAscendRefuses(t *testing.T) {
	q := quadratic{g: []float64{1}, h: []float64{1}}
	for _, rho := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := Ascend(q, Ball{Rho: rho}); err == nil {
			t.Errorf("radius %g is taken", rho)
		}
	}
	if _, err := Ascend(failing{q}, Ball{Rho: 1, Steps: 1}); !errors.Is(err, errStop) {
		t.Errorf("error %v, want %v", err, errStop)
	}
}

// TestAscendStationary: what ends an ascent is the slope that is left, and not
// small steps, few of them, or a centre without slope.
func TestAscendStationary(t *testing.T) {
	q := quadratic{g: []float64{1e-3, 0, 0}, h: []float64{1, 30, 29}}
	short, err := Ascend(q, Ball{Rho: 0.5, Steps: 2, Tol: 1e-3, Starts: [][]float32{{1, 0.01, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	if short.Converged || short.Gap < 0 {
		t.Errorf("two steps: %+v", short)
	}
	// The largest curvature lies where neither gradient nor start points.
	long, err := Ascend(q, Ball{Rho: 0.5, Steps: 400, Tol: 1e-5, Starts: [][]float32{{1, 0, 0}}, Restarts: 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := q.worst(0.5); !long.Converged || math.Abs(long.Increase()-want) > 2e-3*want || long.Start < 1 {
		t.Errorf("with restarts: increase %g, want %g; %+v", long.Increase(), want, long)
	}
	if long.Increases[0] > 0.5*long.Increase() || len(long.Increases) != 4 {
		t.Errorf("increases %v: the start along the gradient should miss the largest", long.Increases)
	}
	minimum := quadratic{g: make([]float64, 3), h: []float64{1, 1, 1}}
	if w, err := Ascend(minimum, Ball{Rho: 1, Steps: 5, Tol: 1e-3}); err != nil || w.Increase() != 0 {
		t.Errorf("a centre without slope: %+v, %v", w, err)
	}
}

// cliff is not finite beyond a distance.
type cliff struct {
	quadratic
	edge float64
}

func (c cliff) Gradient(dst, at []float32) (float64, error) {
	v, err := c.quadratic.Gradient(dst, at)
	if norm(at) >= c.edge {
		v = math.Inf(1)
	}
	return v, err
}

// TestAscendNotFinite: where the loss overflows within the ball nothing has
// converged, least of all to an increase of 0; and at the centre it is an error.
func TestAscendNotFinite(t *testing.T) {
	q := quadratic{g: []float64{1, 0}, h: []float64{1, 2}}
	w, err := Ascend(cliff{q, 0.1}, Ball{Rho: 1, Steps: 40, Tol: 1e-3, Starts: [][]float32{{1, 0}, {0, 1}}, Restarts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if w.Converged || w.NotFinite == 0 || !(w.Increase() >= 0) {
		t.Errorf("beyond a cliff: %+v", w)
	}
	if _, err := Ascend(cliff{q, 0}, Ball{Rho: 1, Steps: 5}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("at a cliff: %v", err)
	}
}
