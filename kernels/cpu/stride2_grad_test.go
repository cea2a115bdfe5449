package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The matrices of generic_stride2_grad.go, from and to values at points 0, ∞,
// 1, −1, 2 and, behind these, as they are.
var (
	matOutputGrad = matrix{
		{2, -1, -2, 1, 0}, {0, 2, -1, -2, 1}, {0, 2, 1, -1, 0}, {0, -2, 3, -1, 0}, {0, -1, 0, 1, 0},
		{1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 0},
	}
	matInputGrad = matrix{
		{0, 0, 0, 0, 0, 1, 0, 0, 0}, {1, 0, 1, 1, 1, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 1, 0, 0}, {0, 0, 1, -1, 2, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 1, 1, 4, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 0, 0, 1}, {0, 1, 1, -1, 8, 0, 0, 0, 0},
	}
	matFilterGrad = matrix{{0, 1, 1. / 2, -1. / 6, 1. / 3, 0}, {0, 0, 0, 0, 0, 1}, {1. / 2, 0, 1. / 2, 1. / 6, 1. / 6, 0}}
)

// valueAt is where a value lies; those as they are along both axes are nowhere.
func (s *Stride2Grad) valueAt(tile, i, j, channel int) int {
	switch {
	case i < 5 && j < 5:
		return s.point(tile, i, j) + channel
	case i < 5:
		return s.down(tile, i, j-5) + channel
	case j < 5:
		return s.across(tile, i-5, j) + channel
	}
	return nowhere
}

// stride2GradCases runs a test for every set and some shapes.
func stride2GradCases(t *testing.T, test func(t *testing.T, set *Set, a *arena, s Stride2Grad)) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 32, 48, 128} {
			for _, count := range []int{1, 2, 5} {
				a := arena{t: t, rng: rng}
				s := Stride2Grad{C: c, Count: count, First: a.between(0, 3)}
				s.Stride = (s.First+count)*c + a.between(0, 40)
				s.Freq = a.random((Stride2GradValues-4)*s.Stride + 4*(s.First+count)*c)
				test(t, set, &a, s)
			}
		}
	})
}

func TestStride2OutputGrad(t *testing.T) {
	stride2GradCases(t, func(t *testing.T, set *Set, a *arena, s Stride2Grad) {
		for range 3 {
			p := a.randomPatch(s.C, 4, 4*s.Count, true)
			s.Image, s.Row, s.Below = p.image, p.row, p.below
			image, freq := clone(s.Image), clone(s.Freq)
			set.Stride2OutputGrad(&s)
			a.check()
			if i, ok := sameBits(s.Image, image); !ok {
				t.Fatalf("C=%d Count=%d: the source changed at %d", s.C, s.Count, i)
			}
			(&transformed{m: matOutputGrad, tiles: s.Count, channels: s.C, got: s.Freq, before: freq, at: s.valueAt,
				x: func(tile, y, x, ch int) float64 { return p.at(y, 4*tile+x, ch) }}).check(t)
		}
	})
}

// randomInputs gives a case an image of inputs.
func (s *Stride2Grad) randomInputs(a *arena) {
	s.Row = 8*s.Count*s.C + a.between(0, 40)
	s.Image = a.random(7*s.Row + 8*s.Count*s.C)
}

func (s *Stride2Grad) pixelAt(tile, y, x, channel int) int { return y*s.Row + (8*tile+x)*s.C + channel }

func TestStride2InputGrad(t *testing.T) {
	stride2GradCases(t, func(t *testing.T, set *Set, a *arena, s Stride2Grad) {
		s.randomInputs(a)
		image, freq := clone(s.Image), clone(s.Freq)
		set.Stride2InputGrad(&s)
		a.check()
		if i, ok := sameBits(s.Freq, freq); !ok {
			t.Fatalf("C=%d Count=%d: the source changed at %d", s.C, s.Count, i)
		}
		(&transformed{m: matInputGrad, tiles: s.Count, channels: s.C, got: s.Image, before: image,
			x: func(tile, i, j, ch int) float64 {
				if at := s.valueAt(tile, i, j, ch); at != nowhere {
					return float64(freq[at])
				}
				return 0
			},
			at: func(tile, y, x, ch int) int {
				if y%2 == 0 && x%2 == 0 {
					return nowhere
				}
				return s.pixelAt(tile, y, x, ch)
			}}).check(t)
	})
}

func TestStride2InputTile(t *testing.T) {
	stride2GradCases(t, func(t *testing.T, set *Set, a *arena, s Stride2Grad) {
		s.randomInputs(a)
		image, freq := clone(s.Image), clone(s.Freq)
		set.Stride2InputTile(&s)
		a.check()
		if i, ok := sameBits(s.Image, image); !ok {
			t.Fatalf("C=%d Count=%d: the source changed at %d", s.C, s.Count, i)
		}
		(&transformed{m: matInputGrad.transposed(), tiles: s.Count, channels: s.C, got: s.Freq, before: freq, at: s.valueAt,
			x: func(tile, y, x, ch int) float64 { return float64(image[s.pixelAt(tile, y, x, ch)]) }}).check(t)
	})
}

func TestStride2FilterGrad(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, n := range []int{16, 32, 48, 256, 1040} {
			a := arena{t: t, rng: rng}
			f := Filter{Taps: a.random(9 * n), Freq: a.random(Stride2Factors * n), Len: n}
			freq := clone(f.Freq)
			set.Stride2FilterGrad(&f)
			a.check()
			if i, ok := sameBits(freq, f.Freq); !ok {
				t.Fatalf("Len=%d: the source changed at %d", n, i)
			}
			for i := range n {
				want := matFilterGrad.sandwich(func(y, x int) float64 { return float64(freq[stride2Factor(y, x)*n+i]) })
				for tap := range 9 {
					if got := f.Taps[tap*n+i]; !want[tap/3][tap%3].near(got) {
						t.Fatalf("Len=%d: tap %d of %d is %v, want %v", n, tap, i, got, want[tap/3][tap%3].value)
					}
				}
			}
		}
	})
}

// The gradients of a convolution with stride 2 by transforms and products
// agree with the direct sums.
func TestStride2Gradients(t *testing.T) {
	const (
		h, w    = 8, 12 // outputs
		in, out = 32, 48
		row     = 2 * w * in
		across  = w / 4
		tiles   = h * w / 16
		n       = in * out

		strideIn, strideOut = tiles*in + 16, tiles*out + 16
	)
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		image, taps, grad := a.random(2*h*row), a.random(9*n), a.random(h*w*out)
		turned, all, u := a.zeros(9*n), a.zeros(Stride2Values*n), a.zeros(Stride2Factors*n)
		for tap := range 9 {
			for i := range n {
				turned[(8-tap)*n+i%out*in+i/out] = taps[tap*n+i]
			}
		}
		set.Stride2Filter(&Filter{Taps: turned, Freq: all, Len: n})
		for to, from := range Stride2GradFactors {
			copy(u[to*n:(to+1)*n], all[from*n:])
		}

		g, m := a.zeros(Stride2GradValues*strideOut), a.zeros(Stride2GradValues*strideIn)
		for r := range h / 4 {
			s := Stride2Grad{Image: grad[4*r*w*out:], Freq: g, C: out, Row: w * out, Stride: strideOut, First: r * across, Count: across}
			if r < h/4-1 {
				s.Below = grad[4*(r+1)*w*out:]
			}
			set.Stride2OutputGrad(&s)
		}
		for _, p := range Stride2Grads {
			set.Gemm(&Gemm{A: g[p.Value*strideOut:], B: u[p.Factor*n:], C: m[p.Value*strideIn:], M: p.Positions * tiles, N: in, K: out,
				LdA: out, LdB: in, LdC: in, Segments: 1,
				Batch: p.Count, BatchA: p.Positions * strideOut, BatchB: n, BatchC: p.Positions * strideIn})
		}
		dx := a.zeros(2 * h * row)
		set.Gemm(&Gemm{A: grad, B: u[Stride2Center*n:], C: dx, M: w, N: in, K: out, LdA: out, LdB: in, LdC: 2 * in, Segments: 1,
			Batch: h, BatchA: w * out, BatchC: 2 * row})
		inputs := func(kernel func(*Stride2Grad), image []float32) {
			for r := range h / 4 {
				kernel(&Stride2Grad{Image: image[8*r*row:], Freq: m, C: in, Row: row, Stride: strideIn, First: r * across, Count: across})
			}
		}
		inputs(set.Stride2InputGrad, dx)
		a.check()
		at := func(y, x, o int) float64 {
			if y >= h || x >= w {
				return 0
			}
			return float64(grad[(y*w+x)*out+o])
		}
		for i := range dx {
			py, px, c := i/row, i/in%(2*w), i%in
			var want sum
			for tap := range 9 {
				// Output (y, x) reads input (2y+tap/3−1, 2x+tap%3−1).
				y, x := py+1-tap/3, px+1-tap%3
				for o := 0; o < out && y%2 == 0 && x%2 == 0; o++ {
					want.add(at(y/2, x/2, o) * float64(taps[tap*n+c*out+o]))
				}
			}
			if math.Abs(float64(dx[i])-want.value) > 4e-6*want.magnitude {
				t.Fatalf("input (%d,%d) channel %d: %v, want %v", py, px, c, dx[i], want.value)
			}
		}

		inputs(set.Stride2InputTile, image)
		clear(u)
		for _, p := range Stride2Grads {
			set.GemmT(&GemmT{A: m[p.Value*strideIn:], B: g[p.Value*strideOut:], C: u[p.Factor*n:], M: in, N: out, K: p.Positions * tiles,
				LdA: in, LdB: out, LdC: out, Segments: 1,
				Batch: p.Count, BatchA: p.Positions * strideIn, BatchB: p.Positions * strideOut, BatchC: n})
		}
		set.GemmT(&GemmT{A: image, B: grad, C: u[Stride2Center*n:], M: in, N: out, K: w, LdA: 2 * in, LdB: out, LdC: out,
			Segments: h, SegA: 2 * row, SegB: w * out, Batch: 1})
		dw := a.zeros(9 * n)
		set.Stride2FilterGrad(&Filter{Taps: dw, Freq: u, Len: n})
		a.check()
		for i := range dw {
			tap, c, o := i/n, i/out%in, i%out
			var want sum
			for p := range h * w {
				y, x := 2*(p/w)+tap/3-1, 2*(p%w)+tap%3-1
				if y >= 0 && x >= 0 {
					want.add(float64(image[y*row+x*in+c]) * at(p/w, p%w, o))
				}
			}
			if math.Abs(float64(dw[i])-want.value) > 1e-5*want.magnitude {
				t.Fatalf("tap %d (%d,%d): %v, want %v", tap, c, o, dw[i], want.value)
			}
		}
	})
}
