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

// stride2Cases runs a test for every set and some shapes, with so many values a tile.
func stride2Cases(t *testing.T, values int, test func(t *testing.T, set *Set, a *arena, s Stride2)) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 32, 48, 128} {
			for _, count := range []int{1, 2, 5} {
				a := arena{t: t, rng: rng}
				test(t, set, &a, Stride2{C: c, Count: count, Freq: a.random(count * values * c)})
			}
		}
	})
}

func TestStride2Input(t *testing.T) {
	stride2Cases(t, Stride2Values, func(t *testing.T, set *Set, a *arena, s Stride2) {
		for range 2 {
			p := a.randomPatch(s.C, 8, 8*s.Count, false)
			s.Image, s.Row, s.Above = p.image, p.row, p.above
			image, freq := clone(s.Image), clone(s.Freq)
			set.Stride2Input(&s)
			a.check()
			if i, ok := sameBits(s.Image, image); !ok {
				t.Fatalf("C=%d Count=%d: the source changed at %d", s.C, s.Count, i)
			}
			(&transformed{m: matB2, tiles: s.Count, channels: s.C, got: s.Freq, before: freq,
				x:  func(tile, y, x, ch int) float64 { return p.at(y-1, 8*tile+x-1, ch) },
				at: func(tile, i, j, ch int) int { return (tile*Stride2Values+stride2Value(i, j))*s.C + ch }}).check(t)
		}
	})
}

func TestStride2Outputs(t *testing.T) {
	for _, activates := range []bool{false, true} {
		t.Run(map[bool]string{false: "output", true: "activate"}[activates], func(t *testing.T) {
			stride2Cases(t, Stride2Products, func(t *testing.T, set *Set, a *arena, s Stride2) {
				s.Row = 4*s.Count*s.C + a.between(0, 40)
				s.Image = a.random(3*s.Row + 4*s.Count*s.C)
				image, freq := clone(s.Image), clone(s.Freq)
				want := transformed{m: matA2, tiles: s.Count, channels: s.C, got: s.Image, before: image,
					x: func(tile, i, j, ch int) float64 {
						return float64(freq[(tile*Stride2Products+stride2Product(i, j))*s.C+ch])
					},
					at: func(tile, y, x, ch int) int { return y*s.Row + (4*tile+x)*s.C + ch }}
				if activates {
					v := a.randomActivation(s.C, s.Image)
					s.Coef, s.Residual, want.finish = v.coef, v.residual, v.finish(s.C)
					set.Stride2Activate(&s)
				} else {
					set.Stride2Output(&s)
				}
				a.check()
				if i, ok := sameBits(s.Freq, freq); !ok {
					t.Fatalf("C=%d Count=%d: the source changed at %d", s.C, s.Count, i)
				}
				want.check(t)
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
		row     = 2 * w * in
		across  = w / 4
		tiles   = h * w / 16
	)
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		image, taps := a.random(2*h*row), a.random(9*in*out)
		v, u, m := a.zeros(tiles*Stride2Values*in), a.zeros(Stride2Values*in*out), a.zeros(tiles*Stride2Products*out)
		y := a.zeros(h * w * out)
		set.Stride2Filter(&Filter{Taps: taps, Freq: u, Len: in * out})
		for r := range h / 4 {
			x := Stride2{Image: image[8*r*row:], Freq: v[r*across*Stride2Values*in:], C: in, Row: row, Count: across}
			if r > 0 {
				x.Above = image[(8*r-1)*row:]
			}
			set.Stride2Input(&x)
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
				y, x := 2*py+tap/3-1, 2*px+tap%3-1
				for c := 0; c < in && y >= 0 && x >= 0; c++ {
					want.add(float64(image[y*row+x*in+c]) * float64(taps[(tap*in+c)*out+o]))
				}
			}
			if math.Abs(float64(y[i])-want.value) > 2e-6*want.magnitude {
				t.Fatalf("output (%d,%d) channel %d: %v, want %v", py, px, o, y[i], want.value)
			}
		}
	})
}
