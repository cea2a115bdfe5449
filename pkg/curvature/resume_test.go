package curvature

import (
	"errors"
	"reflect"
	"testing"
)

// limited is an operator that fails after so many products.
type limited struct {
	*matrix
	most int
}

var errLimit = errors.New("no more products")

func (l *limited) Apply(dst, v []float32) error {
	if l.count >= l.most {
		return errLimit
	}
	return l.matrix.Apply(dst, v)
}

// A density that resumes after any of its runs is the same to the bit, and
// takes the products of the others alone.
func TestDensityResumes(t *testing.T) {
	for _, values := range [][]float64{decaying(60), {3, 3, 3, -1, -1, -1}} {
		m := rotated(values, 2)
		opt := DensityOptions{Runs: 5, Steps: 7, Seed: 3}
		want, err := SpectralDensity(m, opt)
		if err != nil {
			t.Fatal(err)
		}
		if m.count != want.HVPs {
			t.Errorf("%d products reported, %d taken", want.HVPs, m.count)
		}
		for most := range want.HVPs {
			m.count = 0
			var done []Quadrature
			opt := opt
			opt.OnRun = func(q Quadrature) error { done = append(done, q); return nil }
			if _, err := SpectralDensity(&limited{m, most}, opt); !errors.Is(err, errLimit) {
				t.Fatal(err)
			}
			opt.Done, opt.OnRun = done, nil
			m.count = 0
			for _, q := range done {
				m.count += len(q.Nodes)
			}
			got, err := SpectralDensity(m, opt)
			if err != nil || !reflect.DeepEqual(got, want) || m.count != want.HVPs {
				t.Errorf("after %d products: %+v (%v, %d products), want %+v", most, got, err, m.count, want)
			}
		}
		opt.Done = append(want.Runs, want.Runs[0])
		if _, err := SpectralDensity(m, opt); err == nil {
			t.Error("more runs done than there are")
		}
	}
}

// A trace that resumes after any product is the same to the bit, and takes none
// again but those that were computed together.
func TestTraceResumes(t *testing.T) {
	stop := errors.New("stop")
	for name, algorithm := range map[string]func(Operator, TraceOptions) (*Trace, error){"hutchinson": Hutchinson, "hutch++": HutchPP} {
		for _, values := range [][]float64{decaying(60), {3, -1, 2.5, 0.25}, {5, -2, 0, 0, 0, 0, 0, 0, 0, 0}} {
			for _, tol := range []float64{0, 0.2} {
				m := rotated(values, 4)
				opt := TraceOptions{Products: 40, Probe: Normal, Seed: 5, Tol: tol}
				want, err := algorithm(m, opt)
				if err != nil {
					t.Fatal(err)
				}
				products := m.count
				for most := range products {
					state := &TraceState{}
					opt := opt
					opt.State = state
					m.count = 0
					if _, err := algorithm(&limited{m, most}, opt); !errors.Is(err, errLimit) {
						t.Fatal(err)
					}
					if n := state.Products(); n > most || n <= most-together {
						t.Errorf("%s: a state of %d products after %d", name, n, most)
					}
					m.count = state.Products()
					got, err := algorithm(m, opt)
					if err != nil || !reflect.DeepEqual(got, want) || m.count != products {
						t.Errorf("%s of %d values, tolerance %g, after %d products: %+v (%v, %d products), want %+v", name, len(values), tol, most, got, err, m.count, want)
					}
				}
				for most := 1; most <= want.Products; most++ { // stopped at a product, and again at the next
					opt := opt
					opt.State = &TraceState{}
					for n := most; n <= want.Products; n += 5 {
						opt.OnProduct = func(products int, _ Estimate) error {
							if products >= n {
								return stop
							}
							return nil
						}
						if _, err := algorithm(m, opt); err != nil && !errors.Is(err, stop) {
							t.Fatal(err)
						}
					}
					opt.OnProduct = nil
					got, err := algorithm(m, opt)
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("%s of %d values, tolerance %g, stopped at product %d: %+v (%v), want %+v", name, len(values), tol, most, got, err, want)
					}
				}
			}
		}
	}
}

// A state that no estimate comes to is refused.
func TestTraceStateRefused(t *testing.T) {
	m := rotated(decaying(9), 1)
	basis := func(n, dim int) [][]float32 {
		b := make([][]float32, n)
		for i := range b {
			b[i] = make([]float32, dim)
		}
		return b
	}
	for name, s := range map[string]TraceState{
		"another matrix":         {Sketched: 1, Basis: basis(1, 8)},
		"a longer sketch":        {Sketched: 5},
		"fewer than none":        {Sketched: -1},
		"exact before its end":   {Sketched: 3, Basis: basis(3, 9), Exact: 1},
		"a basis of nothing":     {Sketched: 3, Basis: basis(4, 9)},
		"exact beyond the basis": {Sketched: 4, Basis: basis(3, 9), Exact: 4},
		"samples before exact":   {Sketched: 4, Basis: basis(3, 9), Exact: 2, Forms: []float64{1}, Norms: []float64{1}},
		"samples without norms":  {Sketched: 4, Basis: basis(3, 9), Exact: 3, Forms: []float64{1}},
		"too many samples":       {Sketched: 4, Basis: basis(3, 9), Exact: 3, Forms: make([]float64, 6), Norms: make([]float64, 6)},
	} {
		if _, err := HutchPP(m, TraceOptions{Products: 12, State: &s}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
