package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomGemm draws a product; every third has overlapping rows in A.
func randomGemm(a *arena, trial int) Gemm {
	g := Gemm{
		M: a.between(1, 40), N: Lanes * a.between(1, 8), K: a.between(0, 75),
		Segments: a.between(1, 4), Batch: a.between(1, 3),
		Accumulate: trial%2 == 0,
	}
	g.LdA = g.K + a.between(0, 5)
	if trial%3 == 0 {
		g.LdA = a.between(0, g.K)
	}
	g.SegA = a.between(0, 2*g.K+1)
	g.LdB, g.LdC = g.N+a.between(0, 20), g.N+a.between(0, 20)
	g.BatchA = a.between(0, 300)
	g.BatchB = a.between(0, 300)
	g.BatchC = g.M*g.LdC + a.between(0, 20)
	g.A = a.random(extent(g.K, dim{g.M, g.LdA}, dim{g.Segments, g.SegA}, dim{g.Batch, g.BatchA}))
	g.B = a.random(extent(g.N, dim{g.K * g.Segments, g.LdB}, dim{g.Batch, g.BatchB}))
	g.C = a.random(extent(g.N, dim{g.M, g.LdC}, dim{g.Batch, g.BatchC}))
	if trial%5 == 0 {
		g.Coef = a.random(2 * g.N)
	}
	switch trial % 4 {
	case 1:
		g.Prefetch1 = a.random(a.between(1, 5000))
	case 2:
		g.Prefetch1, g.Prefetch2 = g.A, g.C
	case 3:
		g.Prefetch2 = a.random(1)
	}
	return g
}

func (g *Gemm) String() string {
	return fmt.Sprintf("M=%d N=%d K=%d Ld=%d,%d,%d Segments=%d·%d Batch=%d·(%d,%d,%d) Accumulate=%t",
		g.M, g.N, g.K, g.LdA, g.LdB, g.LdC, g.Segments, g.SegA, g.Batch, g.BatchA, g.BatchB, g.BatchC, g.Accumulate)
}

func TestGemm(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for trial := range 300 {
			a := arena{t: t, rng: rng}
			g := randomGemm(&a, trial)
			before := clone(g.C)
			set.Gemm(&g)
			a.check()
			want := make([]sum, len(g.C))
			for i, v := range before {
				want[i].add(float64(v))
			}
			for b := range g.Batch {
				for i := range g.M {
					for j := range g.N {
						w := &want[b*g.BatchC+i*g.LdC+j]
						if !g.Accumulate {
							*w = sum{}
						}
						for s := range g.Segments {
							for k := range g.K {
								w.add(float64(g.A[b*g.BatchA+i*g.LdA+s*g.SegA+k]) * float64(g.B[b*g.BatchB+(s*g.K+k)*g.LdB+j]))
							}
						}
						if g.Coef != nil {
							*w = w.activated(g.Coef[j], g.Coef[g.N+j], 0)
						}
					}
				}
			}
			for i, got := range g.C {
				if !want[i].near(got) {
					t.Fatalf("%v: C[%d] = %v, want %v", &g, i, got, want[i].value)
				}
			}
		}
	})
}

// A row computed alone has the same bits as the row computed within a block,
// whatever the block; the same goes for columns and products of a batch.
func TestGemmSplitsExactly(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for trial := range 40 {
			a := arena{t: t, rng: rng}
			g := randomGemm(&a, trial)
			start := clone(g.C)
			set.Gemm(&g)
			whole := clone(g.C)
			copy(g.C, start)
			for b := range g.Batch {
				for i := range g.M {
					for j := 0; j < g.N; j += Lanes {
						one := g
						one.M, one.N, one.Batch = 1, Lanes, 1
						one.C = g.C[b*g.BatchC+i*g.LdC+j:]
						if g.K > 0 {
							one.A = g.A[b*g.BatchA+i*g.LdA:]
							one.B = g.B[b*g.BatchB+j:]
						}
						if g.Coef != nil {
							one.Coef = append(clone(g.Coef[j:j+Lanes]), g.Coef[g.N+j:g.N+j+Lanes]...)
						}
						set.Gemm(&one)
					}
				}
			}
			if i, ok := sameBits(whole, g.C); !ok {
				t.Fatalf("%v: C[%d] is %v in a block, %v alone", &g, i, whole[i], g.C[i])
			}
		}
	})
}

func randomGemmT(a *arena, trial int) GemmT {
	g := GemmT{
		M: a.between(1, 40), N: Lanes * a.between(1, 8), K: a.between(0, 40),
		Segments: a.between(1, 4), Batch: a.between(1, 3),
	}
	if trial%10 == 0 {
		g.M = []int{27, 48, 96}[a.between(0, 2)]
	}
	g.LdA = g.M + a.between(0, 5)
	if trial%3 == 0 {
		g.LdA = a.between(0, g.M)
	}
	g.LdB, g.LdC = g.N+a.between(0, 20), g.N+a.between(0, 20)
	g.SegA, g.SegB = a.between(0, 300), a.between(0, 300)
	g.BatchA, g.BatchB = a.between(0, 300), a.between(0, 300)
	g.BatchC = g.M*g.LdC + a.between(0, 20)
	g.A = a.random(extent(g.M, dim{g.K, g.LdA}, dim{g.Segments, g.SegA}, dim{g.Batch, g.BatchA}))
	g.B = a.random(extent(g.N, dim{g.K, g.LdB}, dim{g.Segments, g.SegB}, dim{g.Batch, g.BatchB}))
	g.C = a.random(extent(g.N, dim{g.M, g.LdC}, dim{g.Batch, g.BatchC}))
	switch trial % 4 {
	case 1:
		g.Prefetch1 = a.random(a.between(1, 5000))
	case 2:
		g.Prefetch1, g.Prefetch2 = g.A, g.C
	}
	return g
}

func (g *GemmT) String() string {
	return fmt.Sprintf("M=%d N=%d K=%d Ld=%d,%d,%d Segments=%d·(%d,%d) Batch=%d·(%d,%d,%d)",
		g.M, g.N, g.K, g.LdA, g.LdB, g.LdC, g.Segments, g.SegA, g.SegB, g.Batch, g.BatchA, g.BatchB, g.BatchC)
}

// A product of 16 columns has the same bits in place of its left factor.
func TestGemmInPlace(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for m := 1; m <= 40; m++ {
			a := arena{t: t, rng: rng}
			batch := m*Lanes + a.between(0, 20)
			g := Gemm{M: m, N: Lanes, K: Lanes, LdA: Lanes, LdB: Lanes, LdC: Lanes, Segments: 1,
				Batch: 3, BatchA: batch, BatchB: Lanes * Lanes, BatchC: batch,
				A: a.random(2*batch + m*Lanes), B: a.random(3 * Lanes * Lanes)}
			g.C = clone(g.A)
			inPlace := g
			set.Gemm(&g)
			inPlace.A = a.random(len(g.A))
			copy(inPlace.A, g.A)
			inPlace.C = inPlace.A
			set.Gemm(&inPlace)
			a.check()
			if i, ok := sameBits(inPlace.C, g.C); !ok {
				t.Fatalf("M=%d: element %d is %v in place, %v apart", m, i, inPlace.C[i], g.C[i])
			}
		}
	})
}

func TestGemmT(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for trial := range 300 {
			a := arena{t: t, rng: rng}
			g := randomGemmT(&a, trial)
			want := make([]sum, len(g.C))
			for i, v := range g.C {
				want[i].add(float64(v))
			}
			set.GemmT(&g)
			a.check()
			for b := range g.Batch {
				for i := range g.M {
					for j := range g.N {
						w := &want[b*g.BatchC+i*g.LdC+j]
						for s := range g.Segments {
							for k := range g.K {
								w.add(float64(g.A[b*g.BatchA+s*g.SegA+k*g.LdA+i]) * float64(g.B[b*g.BatchB+s*g.SegB+k*g.LdB+j]))
							}
						}
					}
				}
			}
			for i, got := range g.C {
				if !want[i].near(got) {
					t.Fatalf("%v: C[%d] = %v, want %v", &g, i, got, want[i].value)
				}
			}
		}
	})
}

// Single rows, single columns of lanes and single products of a batch give
// the bits of the whole.
func TestGemmTSplitsExactly(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for trial := range 40 {
			a := arena{t: t, rng: rng}
			g := randomGemmT(&a, trial)
			if g.K == 0 {
				continue
			}
			start := clone(g.C)
			set.GemmT(&g)
			whole := clone(g.C)
			copy(g.C, start)
			for b := range g.Batch {
				for i := range g.M {
					for j := 0; j < g.N; j += Lanes {
						one := g
						one.M, one.N, one.Batch = 1, Lanes, 1
						one.A = g.A[b*g.BatchA+i:]
						one.B = g.B[b*g.BatchB+j:]
						one.C = g.C[b*g.BatchC+i*g.LdC+j:]
						set.GemmT(&one)
					}
				}
			}
			if i, ok := sameBits(whole, g.C); !ok {
				t.Fatalf("%v: C[%d] is %v in a block, %v alone", &g, i, whole[i], g.C[i])
			}
		}
	})
}

// Products too long for one uninterrupted call are split without a seam.
func TestGemmLong(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		const m, n, k = 150, 48, 700
		x, y := a.random(2*m*k), a.random(2*k*n)
		c := a.zeros(2 * m * n)
		set.Gemm(&Gemm{A: x, B: y, C: c, M: m, N: n, K: k, LdA: k, LdB: n, LdC: n, Segments: 1,
			Batch: 2, BatchA: m * k, BatchB: k * n, BatchC: m * n})
		// The transposed product of the transposed factor is the same sum.
		xt := make([]float32, len(x))
		for b := range 2 {
			for i := range m {
				for j := range k {
					xt[b*m*k+j*m+i] = x[b*m*k+i*k+j]
				}
			}
		}
		ct := a.zeros(2 * m * n)
		set.GemmT(&GemmT{A: xt, B: y, C: ct, M: m, N: n, K: k / 7, LdA: m, LdB: n, LdC: n,
			Segments: 7, SegA: k / 7 * m, SegB: k / 7 * n,
			Batch: 2, BatchA: m * k, BatchB: k * n, BatchC: m * n})
		a.check()
		if i, ok := sameBits(c, ct); !ok {
			t.Fatalf("C[%d] = %v by Gemm, %v by GemmT", i, c[i], ct[i])
		}
		for _, at := range []int{0, 77*n + 5, m*n - 1, m * n, 2*m*n - 1} {
			b, i, j := at/(m*n), at/n%m, at%n
			var want sum
			for l := range k {
				want.add(float64(x[b*m*k+i*k+l]) * float64(y[b*k*n+l*n+j]))
			}
			if !want.near(c[at]) {
				t.Errorf("C[%d] = %v, want %v", at, c[at], want.value)
			}
		}
	})
}
