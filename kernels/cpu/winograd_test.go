package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

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

// winogradCases runs a test for every set and some shapes.
func winogradCases(t *testing.T, test func(t *testing.T, set *Set, a *arena, w Winograd)) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 32, 48, 64, 128} {
			for _, count := range []int{1, 2, 3, 8} {
				a := arena{t: t, rng: rng}
				w := Winograd{C: c, Count: count, Stride: count*c + a.between(0, 40)}
				w.Freq = a.random(extent(c, dim{count, c}, dim{36, w.Stride}))
				test(t, set, &a, w)
			}
		}
	})
}

func (w *Winograd) frequencyAt(tile, y, x, channel int) int {
	return (6*y+x)*w.Stride + tile*w.C + channel
}

func (w *Winograd) pixelAt(tile, y, x, channel int) int {
	return y*w.Row + (4*tile+x)*w.C + channel
}

func TestWinogradInput(t *testing.T) {
	winogradCases(t, func(t *testing.T, set *Set, a *arena, w Winograd) {
		for range 4 {
			p := a.randomPatch(w.C, 4, 4*w.Count, true)
			w.Image, w.Row, w.Above, w.Below = p.image, p.row, p.above, p.below
			image, freq := clone(w.Image), clone(w.Freq)
			set.WinogradInput(&w)
			a.check()
			if i, ok := sameBits(w.Image, image); !ok {
				t.Fatalf("C=%d Count=%d: the source changed at %d", w.C, w.Count, i)
			}
			(&transformed{m: matBT, tiles: w.Count, channels: w.C, at: w.frequencyAt, got: w.Freq, before: freq,
				x: func(tile, y, x, ch int) float64 { return p.at(y-1, 4*tile+x-1, ch) }}).check(t)
		}
	})
}

func TestWinogradGrad(t *testing.T) {
	winogradCases(t, func(t *testing.T, set *Set, a *arena, w Winograd) {
		w.Row = 4*w.Count*w.C + a.between(0, 40)
		w.Image = a.random(3*w.Row + 4*w.Count*w.C)
		image, freq := clone(w.Image), clone(w.Freq)
		set.WinogradGrad(&w)
		a.check()
		if i, ok := sameBits(w.Image, image); !ok {
			t.Fatalf("C=%d Count=%d: the source changed at %d", w.C, w.Count, i)
		}
		(&transformed{m: matAT.transposed(), tiles: w.Count, channels: w.C, at: w.frequencyAt, got: w.Freq, before: freq,
			x: func(tile, y, x, ch int) float64 { return float64(image[w.pixelAt(tile, y, x, ch)]) }}).check(t)
	})
}

func TestWinogradOutputs(t *testing.T) {
	for _, activates := range []bool{false, true} {
		t.Run(map[bool]string{false: "output", true: "activate"}[activates], func(t *testing.T) {
			winogradCases(t, func(t *testing.T, set *Set, a *arena, w Winograd) {
				w.Row = 4*w.Count*w.C + a.between(0, 40)
				w.Image = a.random(3*w.Row + 4*w.Count*w.C)
				image, freq := clone(w.Image), clone(w.Freq)
				want := transformed{m: matAT, tiles: w.Count, channels: w.C, at: w.pixelAt, got: w.Image, before: image,
					x: func(tile, y, x, ch int) float64 { return float64(freq[w.frequencyAt(tile, y, x, ch)]) }}
				if activates {
					v := a.randomActivation(w.C, w.Image)
					w.Coef, w.Residual, want.finish = v.coef, v.residual, v.finish(w.C)
					set.WinogradActivate(&w)
				} else {
					set.WinogradOutput(&w)
				}
				a.check()
				if i, ok := sameBits(w.Freq, freq); !ok {
					t.Fatalf("C=%d Count=%d: the source changed at %d", w.C, w.Count, i)
				}
				want.check(t)
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

// A 3×3 convolution with a border of zeros, and the gradient of its weights,
// by transforms and products agree with the direct sums.
func TestWinogradConvolution(t *testing.T) {
	const (
		h, w       = 8, 16
		in, out    = 32, 48
		tiles      = h * w / 16
		strideIn   = tiles*in + 16
		strideOut  = tiles*out + 16
		acrossTile = w / 4
	)
	tilewise := func(kernel func(*Winograd), image, freq []float32, c, stride int) {
		for r := range h / 4 {
			kernel(&Winograd{Image: image[4*r*w*c:], Freq: freq[r*acrossTile*c:], C: c, Row: w * c, Stride: stride, Count: acrossTile})
		}
	}
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		image, taps, grad := a.random(h*w*in), a.random(9*in*out), a.random(h*w*out)
		pixel := func(v []float32, y, x, c, channels int) float64 {
			if y < 0 || y >= h || x < 0 || x >= w {
				return 0
			}
			return float64(v[(y*w+x)*channels+c])
		}
		v, u, m := a.zeros(36*strideIn), a.zeros(36*in*out), a.zeros(36*strideOut)
		y := a.zeros(h * w * out)

		set.WinogradFilter(&Filter{Taps: taps, Freq: u, Len: in * out})
		for r := range h / 4 {
			const row = w * in
			x := Winograd{Image: image[4*r*row:], Freq: v[r*acrossTile*in:], C: in, Row: row, Stride: strideIn, Count: acrossTile}
			if r > 0 {
				x.Above = image[(4*r-1)*row:]
			}
			if r < h/4-1 {
				x.Below = image[(4*r+4)*row:]
			}
			set.WinogradInput(&x)
		}
		set.Gemm(&Gemm{A: v, B: u, C: m, M: tiles, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
			Batch: 36, BatchA: strideIn, BatchB: in * out, BatchC: strideOut})
		tilewise(set.WinogradOutput, y, m, out, strideOut)
		a.check()
		for i := range h * w * out {
			py, px, o := i/(w*out), i/out%w, i%out
			var want sum
			for tap := range 9 {
				for c := range in {
					want.add(pixel(image, py+tap/3-1, px+tap%3-1, c, in) * float64(taps[(tap*in+c)*out+o]))
				}
			}
			if math.Abs(float64(y[i])-want.value) > 2e-6*want.magnitude {
				t.Fatalf("output (%d,%d) channel %d: %v, want %v", py, px, o, y[i], want.value)
			}
		}

		tilewise(set.WinogradGrad, grad, m, out, strideOut)
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
				want.add(float64(grad[p*out+o]) * pixel(image, p/w+tap/3-1, p%w+tap%3-1, c, in))
			}
			if math.Abs(float64(got)-want.value) > 1e-5*want.magnitude {
				t.Fatalf("weight gradient tap %d (%d,%d): %v, want %v", tap, c, o, got, want.value)
			}
		}
	})
}
