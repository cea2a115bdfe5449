package curvature

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// wantedValues sorts a known spectrum as an order asks.
func wantedValues(values []float64, order Order, k int) []float64 {
	var s []float64
	for _, i := range order.sorted(values)[:k] {
		s = append(s, values[i])
	}
	return s
}

// checkPairs compares a result with a known spectrum.
func checkPairs(t *testing.T, m *matrix, r *Result, want []float64, tol float64) {
	t.Helper()
	if !r.Converged {
		t.Errorf("not converged after %d steps", r.Steps)
	}
	if len(r.Pairs) != len(want) {
		t.Fatalf("%d pairs, want %d", len(r.Pairs), len(want))
	}
	scale := mat.Norm(m.a, 2)
	for i, p := range r.Pairs {
		// An eigenvalue lies within the residual; its error is far smaller unless
		// values crowd.
		if bound := max(tol*math.Abs(want[i]), 1e-5*scale); !close64(p.Value, want[i], bound) {
			t.Errorf("pair %d: value %.9g, want %.9g", i, p.Value, want[i])
		}
		residual, size := trueResidual(m, p)
		if !close64(size, 1, 1e-6) {
			t.Errorf("pair %d: vector of norm %g", i, size)
		}
		if bound := max(1.05*tol*math.Abs(p.Value), 1e-5*scale); residual > bound {
			t.Errorf("pair %d: residual %g exceeds %g", i, residual, bound)
		}
		if !close64(residual, p.Residual, 1e-5*scale) {
			t.Errorf("pair %d: residual %g reported, %g found", i, p.Residual, residual)
		}
	}
	for i := range r.Pairs {
		for j := range i {
			var ip float64
			for c := range r.Pairs[i].Vector {
				ip += float64(r.Pairs[i].Vector[c]) * float64(r.Pairs[j].Vector[c])
			}
			if math.Abs(ip) > 1e-5 {
				t.Errorf("vectors %d and %d: inner product %g", i, j, ip)
			}
		}
	}
	if r.HVPs != m.count {
		t.Errorf("%d products reported, %d counted", r.HVPs, m.count)
	}
}

func TestLanczosKnownSpectra(t *testing.T) {
	decaying := spectrum(200, func(i int) float64 { return 50 * math.Pow(0.9, float64(i)) })
	clustered := spectrum(150, func(i int) float64 {
		if i < 5 {
			return 10 - 0.01*float64(i)
		}
		return float64(i) / 200
	})
	negative := spectrum(120, func(i int) float64 {
		if i == 0 {
			return -30
		}
		return float64(i) / 20
	})
	lowRank := spectrum(100, func(i int) float64 {
		if i < 4 {
			return float64(i + 1)
		}
		return 0
	})
	network := spectrum(300, func(i int) float64 { // few outliers, a bulk about zero
		switch {
		case i < 9:
			return 40 / float64(i+1)
		case i%3 == 0:
			return -0.05 * float64(i) / 300
		}
		return 0.3 * float64(i) / 300
	})
	for _, c := range []struct {
		name   string
		values []float64
		k      int
		order  Order
	}{
		{"decaying", decaying, 1, LargestAlgebraic},
		{"decaying", decaying, 5, LargestAlgebraic},
		{"clustered", clustered, 2, SmallestAlgebraic},
		{"clustered", clustered, 5, LargestAlgebraic},
		{"clustered", clustered, 7, LargestMagnitude},
		{"negative", negative, 1, LargestAlgebraic},
		{"negative", negative, 1, SmallestAlgebraic},
		{"negative", negative, 1, LargestMagnitude},
		{"negative", negative, 3, LargestMagnitude},
		{"low rank", lowRank, 4, LargestAlgebraic},
		{"low rank", lowRank, 6, LargestAlgebraic},
		{"low rank", lowRank, 1, SmallestAlgebraic},
		{"network", network, 10, LargestAlgebraic},
		{"network", network, 3, SmallestAlgebraic},
		{"1×1", []float64{-3}, 1, LargestAlgebraic},
		{"k = D", []float64{3, -1, 2, 0.5, -7}, 5, LargestMagnitude},
		{"k = D", []float64{3, 1, 2, 0.5, 7}, 5, SmallestAlgebraic},
		{"zero", make([]float64, 30), 2, LargestAlgebraic},
		{"identity", spectrum(40, func(int) float64 { return 2 }), 3, LargestAlgebraic},
		{"threefold", append(spectrum(57, func(int) float64 { return 1 }), 5, 5, 5), 3, LargestAlgebraic},
	} {
		for _, tol := range []float64{1e-3, 1e-5} {
			for _, shape := range []string{"diagonal", "rotated"} {
				name := fmt.Sprintf("%s %s%d %g %s", c.name, c.order, c.k, tol, shape)
				t.Run(name, func(t *testing.T) {
					m := diagonal(c.values)
					if shape == "rotated" {
						m = rotated(c.values, 7)
					}
					r, err := Lanczos(m, Options{K: c.k, Order: c.order, Tol: tol, Seed: 3, Verify: true})
					if err != nil {
						t.Fatal(err)
					}
					checkPairs(t, m, r, wantedValues(c.values, c.order, c.k), tol)
				})
			}
		}
	}
}

// TestLanczosRestart holds few vectors, so that several restarts are needed,
// and compares with a dense solver.
func TestLanczosRestart(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, c := range []struct {
		dim, k, krylov int
		order          Order
	}{
		{90, 1, 2, LargestAlgebraic},
		{90, 1, 6, LargestAlgebraic},
		{90, 3, 8, LargestAlgebraic},
		{120, 4, 12, SmallestAlgebraic},
		{120, 6, 16, LargestMagnitude},
	} {
		a := mat.NewSymDense(c.dim, nil)
		for i := range c.dim {
			for j := i; j < c.dim; j++ {
				a.SetSym(i, j, r.NormFloat64())
			}
		}
		m := &matrix{a: a}
		var eigen mat.EigenSym
		if !eigen.Factorize(a, false) {
			t.Fatal("no dense solution")
		}
		got, err := Lanczos(m, Options{K: c.k, Order: c.order, Krylov: c.krylov, Tol: 1e-4, MaxSteps: 5000, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Restarts < 2 {
			t.Errorf("%+v: %d restarts tell nothing", c, got.Restarts)
		}
		if got.Kept > c.krylov+2*(1+got.Rounds) {
			t.Errorf("%+v: %d vectors kept", c, got.Kept)
		}
		checkPairs(t, m, got, wantedValues(eigen.Values(nil), c.order, c.k), 1e-4)
	}
}

// TestLanczosResidualOfRecurrence checks β·|s| against the true residual,
// before and after restarts, where it is not small.
func TestLanczosResidualOfRecurrence(t *testing.T) {
	values := spectrum(100, func(i int) float64 { return float64(i) - 30 })
	for _, steps := range []int{3, 8, 20, 33} {
		m := rotated(values, 2)
		r, err := Lanczos(m, Options{K: 2, Krylov: 10, Tol: 1e-9, MaxSteps: steps})
		if err != nil {
			t.Fatal(err)
		}
		if r.Converged {
			t.Fatalf("converged after %d steps", steps)
		}
		for i, p := range r.Pairs {
			if want, _ := trueResidual(m, p); math.Abs(p.Residual-want) > 1e-4*want {
				t.Errorf("%d steps, pair %d: residual %g, in truth %g", steps, i, p.Residual, want)
			}
		}
		if r.Steps != steps || r.HVPs != steps {
			t.Errorf("%d steps, %d products, want %d", r.Steps, r.HVPs, steps)
		}
	}
}

func TestLanczosWarmStart(t *testing.T) {
	values := spectrum(400, func(i int) float64 { return 100 / (1 + 0.2*float64(i)) })
	m := rotated(values, 11)
	cold, err := Lanczos(m, Options{Tol: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	warm, err := Lanczos(m, Options{Tol: 1e-4, Start: [][]float32{cold.Pairs[0].Vector}})
	if err != nil {
		t.Fatal(err)
	}
	if !close64(warm.Pairs[0].Value, values[0], 1e-4*values[0]) {
		t.Errorf("warm: %g after %d steps; cold: %g after %d", warm.Pairs[0].Value, warm.Steps, cold.Pairs[0].Value, cold.Steps)
	}

	// A guess that is an eigenvector, but not the wanted one, must not be taken.
	wrong := make([]float32, 50)
	wrong[10] = 1
	d := diagonal(spectrum(50, func(i int) float64 { return float64(50 - i) }))
	r, err := Lanczos(d, Options{Tol: 1e-4, Start: [][]float32{wrong}})
	if err != nil {
		t.Fatal(err)
	}
	if !close64(r.Pairs[0].Value, 50, 1e-2) {
		t.Errorf("from a wrong eigenvector: %g, want 50", r.Pairs[0].Value)
	}
}

func TestLanczosDeterministic(t *testing.T) {
	m := rotated(spectrum(80, func(i int) float64 { return float64(i * i) }), 1)
	run := func(seed uint64) *Result {
		r, err := Lanczos(m, Options{K: 3, Seed: seed, Krylov: 12})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if !reflect.DeepEqual(run(1), run(1)) {
		t.Error("equal seeds, unequal results")
	}
	if reflect.DeepEqual(run(1).Pairs[0].Vector, run(2).Pairs[0].Vector) {
		t.Error("the seed makes no difference")
	}
}

func TestLanczosErrors(t *testing.T) {
	five := diagonal([]float64{1, 2, 3, 4, 5})
	hundred := diagonal(spectrum(100, func(i int) float64 { return float64(i) }))
	for _, c := range []struct {
		op   Operator
		opt  Options
		want string
	}{
		{five, Options{K: 6}, "6 eigenpairs wanted of an operator of dimension 5"},
		{five, Options{K: -1}, "-1 eigenpairs"},
		{five, Options{Order: "xx"}, `order "xx"`},
		{five, Options{Tol: 2}, "tolerance 2"},
		{five, Options{Start: [][]float32{make([]float32, 4)}}, "4 elements"},
		{five, Options{Start: [][]float32{make([]float32, 5)}}, "norm 0"},
		{five, Options{K: 3, MaxSteps: 2}, "2 steps"},
		{hundred, Options{K: 5, Krylov: 5}, "at least 6"},
	} {
		if _, err := Lanczos(c.op, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.opt, err, c.want)
		}
	}
}

func TestNotFinite(t *testing.T) {
	m := diagonal([]float64{1, math.NaN(), 3})
	if _, err := Lanczos(m, Options{}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("Lanczos: %v", err)
	}
	if _, err := PowerIteration(m, Options{}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("power iteration: %v", err)
	}
}

func TestOnStep(t *testing.T) {
	m := diagonal(spectrum(50, func(i int) float64 { return float64(i) }))
	stop := errors.New("stop")
	var seen []int
	_, err := Lanczos(m, Options{K: 2, OnStep: func(s Step) error {
		seen = append(seen, len(s.Values))
		if s.Steps == 4 {
			return stop
		}
		return nil
	}})
	if !errors.Is(err, stop) || !reflect.DeepEqual(seen, []int{2, 2}) {
		t.Errorf("error %v, values %v", err, seen)
	}
}

func TestPowerIteration(t *testing.T) {
	for _, values := range [][]float64{
		spectrum(60, func(i int) float64 { return 20 * math.Pow(0.7, float64(i)) }),
		spectrum(60, func(i int) float64 { return -20 * math.Pow(-0.7, float64(i)) }), // negative dominant
		{4},
		{0, 0, 0},
	} {
		m := rotated(values, 4)
		r, err := PowerIteration(m, Options{Tol: 1e-4})
		if err != nil {
			t.Fatal(err)
		}
		checkPairs(t, m, r, wantedValues(values, LargestMagnitude, 1), 1e-4)
	}
	if _, err := PowerIteration(diagonal([]float64{1, 2}), Options{Order: LargestAlgebraic}); err == nil {
		t.Error("another order accepted")
	}
}

func TestPowerDeflation(t *testing.T) {
	values := spectrum(60, func(i int) float64 { return 20 * math.Pow(-0.6, float64(i)) })
	m := rotated(values, 5)
	var last Step
	r, err := PowerIteration(m, Options{K: 4, Tol: 1e-4, OnStep: func(s Step) error { last = s; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, m, r, wantedValues(values, LargestMagnitude, 4), 1e-4)
	if last.Steps != r.Steps || len(last.Values) != 4 || r.HVPs != m.count {
		t.Errorf("last step %+v of %d; %d products counted, %d taken", last, r.Steps, r.HVPs, m.count)
	}
	if r, err = PowerIteration(m, Options{K: 4, Tol: 1e-4, MaxSteps: 5}); err != nil || r.Converged || r.Steps != 5 {
		t.Errorf("out of steps: %+v, %v", r, err)
	}
	// A whole space leaves no direction over.
	three := diagonal([]float64{3, -2, 1})
	if r, err = PowerIteration(three, Options{K: 3, Tol: 1e-4}); err != nil {
		t.Fatal(err)
	}
	checkPairs(t, three, r, []float64{3, -2, 1}, 1e-4)
}

func TestBothEnds(t *testing.T) {
	for k, want := range map[int][]int{1: {0}, 2: {0, 5}, 3: {0, 5, 1}, 6: {0, 5, 1, 4, 2, 3}} {
		if got := BothEnds.sorted([]float64{9, 7, 3, 1, -2, -8})[:k]; !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", k, got, want)
		}
	}
	values := spectrum(150, func(i int) float64 {
		switch {
		case i < 4:
			return 30 - 4*float64(i)
		case i < 8:
			return -2 - float64(i-4)
		}
		return 0.01 * float64(i%17)
	})
	m := rotated(values, 8)
	for _, krylov := range []int{0, 14} { // without and with restarts
		m.count = 0
		r, err := Lanczos(m, Options{K: 5, Order: BothEnds, Tol: 1e-4, Krylov: krylov, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		checkPairs(t, m, r, []float64{30, -5, 26, -4, 22}, 1e-4)
		if largest, smallest := Extremes(r.Pairs, BothEnds); largest != r.Pairs[0].Value || smallest != r.Pairs[1].Value {
			t.Errorf("extremes %g, %g", largest, smallest)
		}
	}
}
