package curvature

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// mirrored is a matrix of known spectrum in many dimensions that costs little:
// a diagonal matrix between products of reflections, Q·D·Qᵀ. Its eigenvectors
// are the columns of Q.
type mirrored struct {
	values  []float64
	normals [][]float64 // of the reflections, of norm 1
	w       []float64
	count   int
}

func newMirrored(values []float64, seed uint64) *mirrored {
	m := &mirrored{values: values, w: make([]float64, len(values))}
	r := rand.New(rand.NewPCG(seed, 11))
	for range 2 {
		h := make([]float64, len(values))
		for i := range h {
			h[i] = r.NormFloat64()
		}
		size := norm(h)
		for i := range h {
			h[i] /= size
		}
		m.normals = append(m.normals, h)
	}
	return m
}

func (m *mirrored) Dim() int { return len(m.values) }

func (m *mirrored) reflect(h []float64) {
	var c float64
	for i, x := range h {
		c += x * m.w[i]
	}
	for i, x := range h {
		m.w[i] -= 2 * c * x
	}
}

func (m *mirrored) Apply(dst, v []float32) error {
	m.count++
	widen(m.w, v)
	for _, h := range m.normals {
		m.reflect(h)
	}
	for i, x := range m.values {
		m.w[i] *= x
	}
	for i := range m.normals {
		m.reflect(m.normals[len(m.normals)-1-i])
	}
	narrow(dst, m.w, 1)
	return nil
}

// eigenvector is the i-th.
func (m *mirrored) eigenvector(i int) []float32 {
	clear(m.w)
	m.w[i] = 1
	for j := range m.normals {
		m.reflect(m.normals[len(m.normals)-1-j])
	}
	v := make([]float32, len(m.w))
	narrow(v, m.w, 1)
	return v
}

// outliers is a spectrum as networks have it: some given values, and a bulk
// about zero of both signs below bulk.
func outliers(dim int, bulk float64, values ...float64) []float64 {
	all := make([]float64, dim)
	for i := range all {
		x := float64(i) / float64(dim)
		all[i] = bulk * math.Pow(x, 8)
		if i%3 == 0 {
			all[i] /= -4
		}
	}
	copy(all, values)
	return all
}

// manyfold is a spectrum with eigenvalues of given multiplicities above a bulk.
func manyfold(dim int, values []float64, times int) []float64 {
	var all []float64
	for _, x := range values {
		for range times {
			all = append(all, x)
		}
	}
	return outliers(dim, 0.3*values[len(values)-1], all...)
}

// TestLargeSpectra finds known eigenvalues, each as often as it is there, of
// matrices as large as a network's.
func TestLargeSpectra(t *testing.T) {
	const dim = 100_000
	singular := make([]float64, dim)
	copy(singular, []float64{862, 400, 90, 31, 9, 3, 1, 0.5})
	negative := outliers(dim, 0.5, 3, 2, -6, -5, -5, -1)
	for _, c := range []struct {
		name   string
		values []float64
		order  Order
		k      int
		want   []float64
	}{
		{"simple", outliers(dim, 0.4, 5, 4, 3, 2, 1), LargestAlgebraic, 4, []float64{5, 4, 3, 2}},
		{"close", outliers(dim, 0.5, 1, 0.99), LargestAlgebraic, 1, []float64{1}},
		{"cluster", outliers(dim, 0.5, 1, 0.999, 0.998, 0.997), LargestAlgebraic, 4, []float64{1, 0.999, 0.998, 0.997}},
		{"ninefold", manyfold(dim, []float64{7, 5}, 9), LargestAlgebraic, 10, []float64{7, 7, 7, 7, 7, 7, 7, 7, 7, 5}},
		{"ninefold twice", manyfold(dim, []float64{7, 5}, 9), LargestMagnitude, 18, append(slices.Repeat([]float64{7}, 9), slices.Repeat([]float64{5}, 9)...)},
		{"singular", singular, SmallestAlgebraic, 2, []float64{0, 0}},
		{"singular", singular, BothEnds, 4, []float64{862, 0, 400, 0}},
		{"singular", singular, LargestAlgebraic, 10, append(slices.Clone(singular[:8]), 0, 0)},
		{"negative", negative, SmallestAlgebraic, 3, []float64{-6, -5, -5}},
		{"negative", negative, BothEnds, 4, []float64{3, -6, 2, -5}},
		{"negative", negative, LargestMagnitude, 5, []float64{-6, -5, -5, 3, 2}},
	} {
		m := newMirrored(c.values, 1)
		for seed := range uint64(2) {
			r, err := Lanczos(m, Options{K: c.k, Order: c.order, Seed: seed, Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s%d: %d products, %d checks", c.name, c.order, c.k, r.HVPs, r.Rounds)
			if !r.Converged {
				t.Errorf("%s %s%d, seed %d: not converged", c.name, c.order, c.k, seed)
			}
			for i, p := range r.Pairs {
				if d := math.Abs(p.Value - c.want[i]); d > max(1e-3*math.Abs(c.want[i]), p.Floor) {
					t.Errorf("%s %s%d, seed %d: value %d is %.6g, want %.6g", c.name, c.order, c.k, seed, i, p.Value, c.want[i])
				}
				if p.Status == WithinTolerance != (p.Residual <= 1e-3*math.Abs(p.Value)) || p.Status == AtFloor && p.Residual > p.Floor {
					t.Errorf("%s %s%d, seed %d: pair %d is %+v", c.name, c.order, c.k, seed, i, p.Status)
				}
			}
		}
	}
}

// TestGuessesMislead starts at the second eigenvector, a percent below the
// first: a guess must not be taken for the answer.
func TestGuessesMislead(t *testing.T) {
	const dim = 100_000
	for name, values := range map[string][]float64{
		"gap of 1 %": outliers(dim, 0.5, 1, 0.99),
		"gap of 2 %": outliers(dim, 0.3, 1, 0.98, 0.8, 0.7, 0.6, 0.5, 0.4),
		"high bulk":  outliers(dim, 0.9, 1, 0.99),
	} {
		m := newMirrored(values, 1)
		second := m.eigenvector(1)
		cold, warm := 0, 0
		for seed := range uint64(5) {
			for _, start := range [][][]float32{nil, {second}, {m.eigenvector(0)}} {
				r, err := Lanczos(m, Options{Seed: seed, Start: start, Verify: true})
				if err != nil {
					t.Fatal(err)
				}
				if !r.Converged || math.Abs(r.Pairs[0].Value-1) > 1e-3 {
					t.Errorf("%s, seed %d, %d guesses: %.6g, want 1", name, seed, len(start), r.Pairs[0].Value)
				}
				if start == nil {
					cold += r.HVPs
				} else if r.Pairs[0].Value > 0.5 {
					warm += r.HVPs
				}
			}
		}
		t.Logf("%s: %d products without a guess, %d with one", name, cold/5, warm/10)
	}
}

// noisy adds to each product what rounding would, of a given relative norm.
type noisy struct {
	*mirrored
	size float64
	r    *rand.Rand
}

func (n *noisy) Apply(dst, v []float32) error {
	err := n.mirrored.Apply(dst, v)
	for i := range dst {
		dst[i] += float32(n.size * n.r.NormFloat64() / math.Sqrt(float64(len(dst))))
	}
	return err
}

// TestFloor asks for residuals that products do not resolve: pairs end at the
// floor, which is the noise that the products have; and noise beyond what
// float32 explains is not accepted.
func TestFloor(t *testing.T) {
	values := outliers(20_000, 0.5, 10, 8, -3)
	for _, c := range []struct {
		noise float64 // relative to the largest eigenvalue
		tol   float64
		want  Status
	}{
		{0, 1e-3, WithinTolerance},
		{0, 1e-8, AtFloor},
		{5e-6, 1e-8, AtFloor},
		{5e-6, 1e-3, WithinTolerance},
		{1e-4, 1e-6, NotConverged},
	} {
		m := &noisy{newMirrored(values, 1), 10 * c.noise, rand.New(rand.NewPCG(1, 2))}
		r, err := Lanczos(m, Options{Tol: c.tol, Verify: true, MaxSteps: 120})
		if err != nil {
			t.Fatal(err)
		}
		p := r.Pairs[0]
		if p.Status != c.want || r.Converged != (c.want != NotConverged) {
			t.Errorf("noise %g, tolerance %g: %s, want %s; residual %.2e, floor %.2e", c.noise, c.tol, p.Status, c.want, p.Residual, p.Floor)
		}
		if c.want == AtFloor && c.noise > 0 && (p.Floor < 0.7*10*c.noise || p.Floor > 2*10*c.noise) {
			t.Errorf("noise %g: floor %g", c.noise, p.Floor)
		}
	}
}

// TestMissing compares the bound with what happens: at the degree where it
// says that nothing is hidden, Ritz values of random starts show the eigenvalue.
func TestMissing(t *testing.T) {
	const dim = 20_000
	values := outliers(dim, 0.5, 1)
	m := newMirrored(values, 1)
	degree := 0
	for missing(dim, 2, float64(degree), 1, -0.125, 0.5) {
		degree++
	}
	if degree < 4 || degree > 12 {
		t.Errorf("degree %d", degree)
	}
	for seed := range uint64(20) {
		r, err := Lanczos(m, Options{Seed: seed, MaxSteps: 2 * degree, Tol: 1e-9})
		if err != nil {
			t.Fatal(err)
		}
		if r.Pairs[0].Value < 0.5 {
			t.Errorf("seed %d: %g after degree %d", seed, r.Pairs[0].Value, degree)
		}
	}
	if !missing(dim, 2, 1e6, 0.41, -0.125, 0.5) {
		t.Error("a value inside the rest of the spectrum is told apart from it")
	}
}
