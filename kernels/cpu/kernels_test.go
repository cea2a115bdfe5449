package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// forEachSet runs a test once for every set that this machine supports, with
// the same random numbers.
func forEachSet(t *testing.T, test func(t *testing.T, set *Set, rng *rand.Rand)) {
	t.Helper()
	for _, set := range Sets() {
		t.Run(set.Name, func(t *testing.T) {
			test(t, set, rand.New(rand.NewPCG(1, 2)))
		})
	}
}

const (
	guardLen  = 64
	guardBits = 0x7fc0beef // a NaN: read by mistake, it spoils the result
)

// An arena hands out slices between guards.
type arena struct {
	t   *testing.T
	rng *rand.Rand
	all [][]float32
}

// zeros returns n zeros with guards on both sides and no spare capacity.
func (a *arena) zeros(n int) []float32 {
	whole := make([]float32, n+2*guardLen)
	for i := range guardLen {
		whole[i] = math.Float32frombits(guardBits)
		whole[guardLen+n+i] = math.Float32frombits(guardBits)
	}
	a.all = append(a.all, whole)
	return whole[guardLen : guardLen+n : guardLen+n]
}

// random returns n normally distributed values.
func (a *arena) random(n int) []float32 {
	v := a.zeros(n)
	for i := range v {
		v[i] = float32(a.rng.NormFloat64())
	}
	return v
}

// check fails the test if a guard was overwritten.
func (a *arena) check() {
	a.t.Helper()
	for _, whole := range a.all {
		n := len(whole) - 2*guardLen
		for i := range guardLen {
			if math.Float32bits(whole[i]) != guardBits {
				a.t.Fatalf("wrote %d floats before a slice of %d", guardLen-i, n)
			}
			if math.Float32bits(whole[guardLen+n+i]) != guardBits {
				a.t.Fatalf("wrote %d floats behind a slice of %d", i+1, n)
			}
		}
	}
}

// between returns a random integer from low to high, both included.
func (a *arena) between(low, high int) int { return low + a.rng.IntN(high-low+1) }

// A sum is a float64 sum with the sum of its terms' magnitudes, which bounds
// the rounding error of any float32 evaluation.
type sum struct {
	value, magnitude float64
	terms            int
}

func (s *sum) add(v float64) {
	s.value += v
	s.magnitude += math.Abs(v)
	s.terms++
}

// activated is ReLU(shift + scale·s + residual).
func (s sum) activated(shift, scale, residual float32) sum {
	s.value = float64(shift) + float64(scale)*s.value + float64(residual)
	s.magnitude = math.Abs(float64(shift)) + math.Abs(float64(scale))*s.magnitude + math.Abs(float64(residual))
	s.value, s.terms = max(s.value, 0), s.terms+2
	return s
}

// near reports whether a float32 evaluation of the sum may give got.
func (s *sum) near(got float32) bool {
	const eps = 1.2e-7
	return math.Abs(float64(got)-s.value) <= float64(s.terms+2)*eps*s.magnitude
}

// sameBits reports the first index at which two slices differ in a bit.
func sameBits(a, b []float32) (int, bool) {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i, false
		}
	}
	return 0, true
}

func clone(v []float32) []float32 { return append([]float32(nil), v...) }
