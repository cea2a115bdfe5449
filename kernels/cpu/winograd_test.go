package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

type matrix [][]float64

// The matrices of F(4×4, 3×3) with points 0, ±1, ±2, ∞ as printed by Lavin
// and Gray.
var (
	matBT = matrix{
		{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
		{0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1},
	}
	matG = matrix{
		{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
	}
	matAT = matrix{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}
)

func (m matrix) transposed() matrix {
	t := make(matrix, len(m[0]))
	for i := range t {
		for j := range m {
			t[i] = append(t[i], m[j][i])
		}
	}
	return t
}

// sandwich returns m·x·mᵀ for a square x, with error bounds.
func (m matrix) sandwich(x func(i, j int) float64) [][]sum {
	y := make([][]sum, len(m))
	for p := range m {
		y[p] = make([]sum, len(m))
		for q := range m {
			for i, mi := range m[p] {
				for j, mj := range m[q] {
					y[p][q].add(mi * mj * x(i, j))
				}
			}
		}
	}
	return y
}

func TestWinogradTransforms(t *testing.T) {
	cases := []struct {
		name    string
		m       matrix
		size    int // pixels of a patch, along an axis
		toImage bool
		active  bool
		kernel  func(*Set) func(*Winograd)
	}{
		{"input", matBT, 6, false, false, func(s *Set) func(*Winograd) { return s.WinogradInput }},
		{"output", matAT, 4, true, false, func(s *Set) func(*Winograd) { return s.WinogradOutput }},
		{"activate", matAT, 4, true, true, func(s *Set) func(*Winograd) { return s.WinogradActivate }},
		{"gradient", matAT.transposed(), 4, false, false, func(s *Set) func(*Winograd) { return s.WinogradGrad }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
				for _, c := range []int{16, 32, 48, 64, 128} {
					for _, count := range []int{1, 2, 3, 8} {
						a := arena{t: t, rng: rng}
						w := Winograd{C: c, Count: count}
						w.Row = (4*count+tc.size-4)*c + a.between(0, 40)
						w.Stride = count*c + a.between(0, 40)
						w.Image = a.random(extent(c, dim{tc.size, c}, dim{count, 4 * c}, dim{tc.size, w.Row}))
						w.Freq = a.random(extent(c, dim{count, c}, dim{36, w.Stride}))
						image, freq := clone(w.Image), clone(w.Freq)
						residual := make([]float32, len(image))
						if tc.active {
							w.Coef = a.random(2 * c)
							switch a.between(0, 2) {
							case 0:
								w.Residual = a.random(len(image))
							case 1:
								w.Residual = w.Image
							}
							copy(residual, w.Residual)
						}
						tc.kernel(set)(&w)
						a.check()
						pixel := func(t, y, x, ch int) int { return y*w.Row + (4*t+x)*c + ch }
						frequency := func(t, y, x, ch int) int { return (6*y+x)*w.Stride + t*c + ch }
						got, from, at, rest := w.Freq, image, pixel, w.Image
						to, untouched := frequency, freq
						if tc.toImage {
							got, from, at, rest = w.Image, freq, frequency, w.Freq
							to, untouched = pixel, image
						}
						if i, ok := sameBits(rest, from); !ok {
							t.Fatalf("C=%d Count=%d: the source changed at %d", c, count, i)
						}
						for tile := range count {
							for ch := range c {
								want := tc.m.sandwich(func(i, j int) float64 { return float64(from[at(tile, i, j, ch)]) })
								for y := range want {
									for x := range want[y] {
										i := to(tile, y, x, ch)
										if tc.active {
											want[y][x] = want[y][x].activated(w.Coef[ch], w.Coef[c+ch], residual[i])
										}
										if !want[y][x].near(got[i]) {
											t.Fatalf("C=%d Count=%d tile %d (%d,%d) channel %d: %v, want %v", c, count, tile, y, x, ch, got[i], want[y][x].value)
										}
										untouched[i] = got[i]
									}
								}
							}
						}
						if i, ok := sameBits(got, untouched); !ok {
							t.Fatalf("C=%d Count=%d: wrote between the tiles at %d", c, count, i)
						}
					}
				}
			})
		})
	}
}

func TestWinogradFilters(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, n := range []int{16, 32, 48, 256, 1040} {
			a := arena{t: t, rng: rng}
			f := Filter{Taps: a.random(9 * n), Freq: a.zeros(36 * n), Len: n}
			taps := clone(f.Taps)
			set.WinogradFilter(&f)
			a.check()
			if i, ok := sameBits(taps, f.Taps); !ok {
				t.Fatalf("Len=%d: the source changed at %d", n, i)
			}
			for i := range n {
				want := matG.sandwich(func(y, x int) float64 { return float64(taps[(3*y+x)*n+i]) })
				for k := range 36 {
					if got := f.Freq[k*n+i]; !want[k/6][k%6].near(got) {
						t.Fatalf("Len=%d: frequency %d of %d is %v, want %v", n, k, i, got, want[k/6][k%6].value)
					}
				}
			}
			f.Freq = a.random(36 * n)
			set.WinogradFilterGrad(&f)
			a.check()
			for i := range n {
				want := matG.transposed().sandwich(func(y, x int) float64 { return float64(f.Freq[(6*y+x)*n+i]) })
				for k := range 9 {
					if got := f.Taps[k*n+i]; !want[k/3][k%3].near(got) {
						t.Fatalf("Len=%d: tap %d of %d is %v, want %v", n, k, i, got, want[k/3][k%3].value)
					}
				}
			}
		}
	})
}

// A 3×3 convolution of an image with a halo, and the gradient of its weights,
// by transforms and products agree with the direct sums.
func TestWinogradConvolution(t *testing.T) {
	const (
		h, w       = 8, 16
		in, out    = 32, 48
		row        = (w + 2) * in
		tiles      = h * w / 16
		strideIn   = tiles*in + 16
		strideOut  = tiles*out + 16
		acrossTile = w / 4
	)
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		image, taps, grad := a.random((h+2)*row), a.random(9*in*out), a.random(h*w*out)
		v, u, m := a.zeros(36*strideIn), a.zeros(36*in*out), a.zeros(36*strideOut)
		y := a.zeros(h * w * out)

		set.WinogradFilter(&Filter{Taps: taps, Freq: u, Len: in * out})
		for r := range h / 4 {
			set.WinogradInput(&Winograd{Image: image[4*r*row:], Freq: v[r*acrossTile*in:], C: in, Row: row, Stride: strideIn, Count: acrossTile})
		}
		set.Gemm(&Gemm{A: v, B: u, C: m, M: tiles, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
			Batch: 36, BatchA: strideIn, BatchB: in * out, BatchC: strideOut})
		for r := range h / 4 {
			set.WinogradOutput(&Winograd{Image: y[4*r*w*out:], Freq: m[r*acrossTile*out:], C: out, Row: w * out, Stride: strideOut, Count: acrossTile})
		}
		a.check()
		for i := range h * w * out {
			py, px, o := i/(w*out), i/out%w, i%out
			var want sum
			for tap := range 9 {
				for c := range in {
					want.add(float64(image[(py+tap/3)*row+(px+tap%3)*in+c]) * float64(taps[(tap*in+c)*out+o]))
				}
			}
			if math.Abs(float64(y[i])-want.value) > 2e-6*want.magnitude {
				t.Fatalf("output (%d,%d) channel %d: %v, want %v", py, px, o, y[i], want.value)
			}
		}

		for r := range h / 4 {
			set.WinogradGrad(&Winograd{Image: grad[4*r*w*out:], Freq: m[r*acrossTile*out:], C: out, Row: w * out, Stride: strideOut, Count: acrossTile})
		}
		clear(u)
		set.GemmT(&GemmT{A: v, B: m, C: u, M: in, N: out, K: tiles, LdA: in, LdB: out, LdC: out, Segments: 1,
			Batch: 36, BatchA: strideIn, BatchB: strideOut, BatchC: in * out})
		gotTaps := a.zeros(9 * in * out)
		set.WinogradFilterGrad(&Filter{Taps: gotTaps, Freq: u, Len: in * out})
		a.check()
		for i, got := range gotTaps {
			tap, c, o := i/(in*out), i/out%in, i%out
			var want sum
			for p := range h * w {
				want.add(float64(grad[p*out+o]) * float64(image[(p/w+tap/3)*row+(p%w+tap%3)*in+c]))
			}
			if math.Abs(float64(got)-want.value) > 1e-5*want.magnitude {
				t.Fatalf("weight gradient tap %d (%d,%d): %v, want %v", tap, c, o, got, want.value)
			}
		}
	})
}
