package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSums(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 32, 48, 64, 80, 128, 240} {
			for _, pixels := range []int{0, 1, 2, 3, 4, 5, 7, 64, 255, 256, 257, 1030} {
				for _, pairs := range []int{1, 2} {
					a := arena{t: t, rng: rng}
					s := Sums{A: a.random(c * pixels), B: a.random(c * pixels), C: c, Pixels: pixels}
					if pairs == 2 {
						s.A2, s.B2 = a.random(c*pixels), a.random(c*pixels)
					}
					s.Out = make([]float64, 2*c+2)
					for i := range s.Out {
						s.Out[i] = rng.NormFloat64()
					}
					start := append([]float64(nil), s.Out...)
					set.Sums(&s)
					a.check()
					for ch := range c {
						var sumA, dot sum
						for p := range pixels {
							i := p*c + ch
							sumA.add(float64(s.A[i]))
							dot.add(float64(s.A[i]) * float64(s.B[i]))
							if pairs == 2 {
								dot.add(float64(s.A2[i]) * float64(s.B2[i]))
							}
						}
						sumA.terms, dot.terms = min(sumA.terms, 512), min(dot.terms, 512)
						if got := s.Out[ch] - start[ch]; !sumA.near(float32(got)) {
							t.Fatalf("C=%d Pixels=%d pairs=%d: sum of channel %d is %v, want %v", c, pixels, pairs, ch, got, sumA.value)
						}
						if got := s.Out[c+ch] - start[c+ch]; !dot.near(float32(got)) {
							t.Fatalf("C=%d Pixels=%d pairs=%d: products of channel %d are %v, want %v", c, pixels, pairs, ch, got, dot.value)
						}
					}
					if s.Out[2*c] != start[2*c] || s.Out[2*c+1] != start[2*c+1] {
						t.Fatal("wrote behind Out")
					}
				}
			}
		}
	})
}

// Float32 partial sums are short: many pixels lose no precision to a large sum.
func TestSumsManyPixels(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, _ *rand.Rand) {
		const pixels = 1 << 18
		v := make([]float32, Lanes*pixels)
		for i := range v {
			v[i] = 0.1
		}
		s := Sums{A: v, B: v, C: Lanes, Pixels: pixels, Out: make([]float64, 2*Lanes)}
		set.Sums(&s)
		for c := range Lanes {
			want, wantDot := pixels*float64(float32(0.1)), pixels*float64(float32(0.1))*float64(float32(0.1))
			if math.Abs(s.Out[c]-want) > 1e-5*want || math.Abs(s.Out[Lanes+c]-wantDot) > 1e-5*wantDot {
				t.Fatalf("channel %d: %v and %v, want %v and %v", c, s.Out[c], s.Out[Lanes+c], want, wantDot)
			}
		}
	})
}
