package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The matrices of F(4, 2) on even positions beside products of odd ones, as
// generic_stride2.go says them.
var (
	matB2 = matrix{
		{2, 0, -1, 0, -2, 0, 1, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 2, 0, -1, 0, -2, 0, 1},
		{0, 0, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 2, 0, 1, 0, -1, 0, 0}, {0, 0, -2, 0, 3, 0, -1, 0, 0},
		{0, 0, -1, 0, 0, 0, 1, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 0, 0, 0},
	}
	matG2 = matrix{
		{1. / 2, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 1, 0}, {1. / 2, 0, 1. / 2},
		{1. / 6, 0, -1. / 6}, {1. / 6, 0, 1. / 3}, {0, 1, 0}, {0, 1, 0},
	}
	matA2 = matrix{{1, 0, 1, 1, 1, 0, 0}, {0, 0, 1, -1, 2, 1, 0}, {0, 0, 1, 1, 4, 0, 1}, {0, 1, 1, -1, 8, 0, 0}}
)

// The sums of products take every value once, and those of a sum are all that
// the sum of either axis is made of.
func TestStride2Sums(t *testing.T) {
	sumOf := [9]int{0, 0, 1, 1, 2, 3, 4, 5, 6}
	members := map[int][]int{}
	for i := range 9 {
		for j := range 9 {
			m := stride2Product(sumOf[i], sumOf[j])
			members[m] = append(members[m], stride2Value(i, j))
		}
	}
	seen := 0
	for _, s := range Stride2Sums {
		for k := range s.Count {
			if got := members[s.Product+k]; len(got) != s.Slots {
				t.Fatalf("sum %d has values %v, want %d", s.Product+k, got, s.Slots)
			}
			for _, v := range members[s.Product+k] {
				if first := s.Value + k*s.Slots; v < first || v >= first+s.Slots {
					t.Errorf("value %d of sum %d lies not from %d on", v, s.Product+k, first)
				}
				seen++
			}
		}
	}
	if seen != Stride2Values || len(members) != Stride2Products {
		t.Errorf("%d values in %d sums", seen, len(members))
	}
}

func TestStride2Transforms(t *testing.T) {
	cases := []struct {
		name          string
		m             matrix
		size, apart   int // pixels of a patch, and from patch to patch
		values        int
		number        func(i, j int) int
		toImage, acts bool
		kernel        func(*Set) func(*Stride2)
	}{
		{"input", matB2, 9, 8, Stride2Values, stride2Value, false, false, func(s *Set) func(*Stride2) { return s.Stride2Input }},
		{"output", matA2, 4, 4, Stride2Products, stride2Product, true, false, func(s *Set) func(*Stride2) { return s.Stride2Output }},
		{"activate", matA2, 4, 4, Stride2Products, stride2Product, true, true, func(s *Set) func(*Stride2) { return s.Stride2Activate }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
				for _, c := range []int{16, 32, 48, 128} {
					for _, count := range []int{1, 2, 5} {
						a := arena{t: t, rng: rng}
						s := Stride2{C: c, Count: count}
						s.Row = (tc.apart*(count-1)+tc.size)*c + a.between(0, 40)
						s.Image = a.random((tc.size-1)*s.Row + (tc.apart*(count-1)+tc.size)*c)
						s.Freq = a.random(count * tc.values * c)
						image, freq := clone(s.Image), clone(s.Freq)
						residual := make([]float32, len(image))
						if tc.acts {
							s.Coef = a.random(2 * c)
							switch a.between(0, 2) {
							case 0:
								s.Residual = a.random(len(image))
							case 1:
								s.Residual = s.Image
							}
							copy(residual, s.Residual)
						}
						tc.kernel(set)(&s)
						a.check()
						pixel := func(t, y, x, ch int) int { return y*s.Row + (tc.apart*t+x)*c + ch }
						value := func(t, i, j, ch int) int { return (t*tc.values+tc.number(i, j))*c + ch }
						got, from, at, rest := s.Freq, image, pixel, s.Image
						to, untouched := value, freq
						if tc.toImage {
							got, from, at, rest = s.Image, freq, value, s.Freq
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
										if tc.acts {
											want[y][x] = want[y][x].activated(s.Coef[ch], s.Coef[c+ch], residual[i])
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

func TestStride2Filters(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, n := range []int{16, 32, 48, 256, 1040} {
			a := arena{t: t, rng: rng}
			f := Filter{Taps: a.random(9 * n), Freq: a.zeros(Stride2Values * n), Len: n}
			taps := clone(f.Taps)
			set.Stride2Filter(&f)
			a.check()
			if i, ok := sameBits(taps, f.Taps); !ok {
				t.Fatalf("Len=%d: the source changed at %d", n, i)
			}
			for i := range n {
				want := matG2.sandwich(func(y, x int) float64 { return float64(taps[(3*y+x)*n+i]) })
				for k := range want {
					for l := range want[k] {
						if got := f.Freq[stride2Value(k, l)*n+i]; !want[k][l].near(got) {
							t.Fatalf("Len=%d: factor (%d,%d) of %d is %v, want %v", n, k, l, i, got, want[k][l].value)
						}
					}
				}
			}
		}
	})
}

// A convolution with stride 2 by transforms and sums of products agrees with
// the direct sums.
func TestStride2Convolution(t *testing.T) {
	const (
		h, w    = 8, 12 // outputs
		in, out = 32, 48
		row     = (2*w + 2) * in
		across  = w / 4
		tiles   = h * w / 16
	)
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		image, taps := a.random((2*h+2)*row), a.random(9*in*out)
		v, u, m := a.zeros(tiles*Stride2Values*in), a.zeros(Stride2Values*in*out), a.zeros(tiles*Stride2Products*out)
		y := a.zeros(h * w * out)
		set.Stride2Filter(&Filter{Taps: taps, Freq: u, Len: in * out})
		for r := range h / 4 {
			set.Stride2Input(&Stride2{Image: image[8*r*row:], Freq: v[r*across*Stride2Values*in:], C: in, Row: row, Count: across})
		}
		for _, s := range Stride2Sums {
			set.Gemm(&Gemm{A: v[s.Value*in:], B: u[s.Value*in*out:], C: m[s.Product*out:], M: tiles, N: out, K: s.Slots * in,
				LdA: Stride2Values * in, LdB: out, LdC: Stride2Products * out, Segments: 1,
				Batch: s.Count, BatchA: s.Slots * in, BatchB: s.Slots * in * out, BatchC: out})
		}
		for r := range h / 4 {
			set.Stride2Output(&Stride2{Image: y[4*r*w*out:], Freq: m[r*across*Stride2Products*out:], C: out, Row: w * out, Count: across})
		}
		a.check()
		for i := range y {
			py, px, o := i/(w*out), i/out%w, i%out
			var want sum
			for tap := range 9 {
				for c := range in {
					want.add(float64(image[(2*py+tap/3)*row+(2*px+tap%3)*in+c]) * float64(taps[(tap*in+c)*out+o]))
				}
			}
			if math.Abs(float64(y[i])-want.value) > 2e-6*want.magnitude {
				t.Fatalf("output (%d,%d) channel %d: %v, want %v", py, px, o, y[i], want.value)
			}
		}
	})
}
