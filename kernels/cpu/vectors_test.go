package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// All sets have the same bits, those of exact products in 32 sums.
func TestDot(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, n := range []int{0, 1, 15, 31, 32, 33, 64, 100, 4096, 1<<16 + 77, 3<<16 + 5} {
			a := arena{t: t, rng: rng}
			d := Dot{X: a.random(n), Y: a.random(n), Out: make([]float64, DotSums+1)}
			for i := range d.Out {
				d.Out[i] = rng.NormFloat64()
			}
			want := append([]float64(nil), d.Out...)
			for i, x := range d.X {
				want[i%DotSums] += float64(x) * float64(d.Y[i])
			}
			set.Dot(&d)
			a.check()
			for i := range want {
				if d.Out[i] != want[i] {
					t.Fatalf("n=%d: sum %d is %v, want %v", n, i, d.Out[i], want[i])
				}
			}
		}
	})
}

// All sets have the same bits, and those are near float64's.
func TestSGD(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, n := range []int{0, 1, 15, 16, 17, 100, 4096, 1<<16 + 7} {
			a := arena{t: t, rng: rng}
			s := SGD{P: a.random(n), V: a.random(n), G: a.random(n), LR: 0.06, Momentum: 0.9, Decay: 5e-4}
			p, v := append([]float32(nil), s.P...), append([]float32(nil), s.V...)
			plain := s
			plain.P, plain.V = append([]float32(nil), p...), append([]float32(nil), v...)
			set.SGD(&s)
			genericSGD(&plain)
			a.check()
			for i := range s.P {
				if s.P[i] != plain.P[i] || s.V[i] != plain.V[i] {
					t.Fatalf("n=%d: parameter %d is %v, velocity %v; plain Go has %v and %v", n, i, s.P[i], s.V[i], plain.P[i], plain.V[i])
				}
				u := 0.9*float64(v[i]) + float64(s.G[i]) + 5e-4*float64(p[i])
				if want := float64(p[i]) - 0.06*u; math.Abs(float64(s.V[i])-u) > 1e-5 || math.Abs(float64(s.P[i])-want) > 1e-6 {
					t.Fatalf("n=%d: parameter %d is %v, velocity %v; want %v and %v", n, i, s.P[i], s.V[i], want, u)
				}
			}
		}
	})
}
