package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestCombine(t *testing.T) {
	for _, post := range []Post{Plain, ReLU, Mask} {
		for sources := 1; sources <= 4; sources++ {
			t.Run(fmt.Sprintf("post%d/sources%d", post, sources), func(t *testing.T) {
				forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
					for trial := range 30 {
						testCombine(t, set, rng, post, sources, trial)
					}
				})
			})
		}
	}
}

// testCombine runs one random combination; by the trial, Dst is an array of
// its own, one of the sources, or the source of the mask.
func testCombine(t *testing.T, set *Set, rng *rand.Rand, post Post, sources, trial int) {
	a := arena{t: t, rng: rng}
	c := Combine{
		Sources: sources, Post: post,
		C: []int{16, 32, 48, 64, 128}[trial%5], Rows: a.between(1, 4), Width: a.between(1, 14),
	}
	row := func() int { return c.Width*c.C + a.between(0, 30) }
	size := func(row int) int { return extent(c.C, dim{c.Width, c.C}, dim{c.Rows, row}) }
	c.DstRow = row()
	alias := a.between(-1, sources)
	for i := range sources {
		c.SrcRow[i] = row()
		c.Src[i] = a.random(size(c.SrcRow[i]))
	}
	c.Coef = a.random((sources + 1) * c.C)
	if post == Mask {
		c.MaskRow = row()
		c.MaskSrc, c.MaskCoef = a.random(size(c.MaskRow)), a.random(2*c.C)
	}
	switch {
	case alias >= 0 && alias < sources:
		c.Dst, c.DstRow = c.Src[alias], c.SrcRow[alias]
	case alias == sources && post == Mask:
		c.Dst, c.DstRow = c.MaskSrc, c.MaskRow
	default:
		c.Dst = a.random(size(c.DstRow))
	}
	var src [4][]float32
	for i := range sources {
		src[i] = clone(c.Src[i])
	}
	mask, want := clone(c.MaskSrc), clone(c.Dst)
	set.Combine(&c)
	a.check()
	for y := range c.Rows {
		for x := range c.Width {
			for ch := range c.C {
				d := y*c.DstRow + x*c.C + ch
				var w sum
				w.add(float64(c.Coef[ch]))
				for i := range sources {
					w.add(float64(c.Coef[(i+1)*c.C+ch]) * float64(src[i][y*c.SrcRow[i]+x*c.C+ch]))
				}
				switch post {
				case ReLU:
					w.value = max(w.value, 0)
				case Mask:
					gate := float64(c.MaskCoef[ch]) + float64(c.MaskCoef[c.C+ch])*float64(mask[y*c.MaskRow+x*c.C+ch])
					if math.Abs(gate) < 1e-6 {
						w.value = float64(c.Dst[d]) // too close to call
					} else if gate < 0 {
						w.value = 0
					}
				}
				if !w.near(c.Dst[d]) {
					t.Fatalf("C=%d %d×%d alias %d: (%d,%d) channel %d: %v, want %v", c.C, c.Rows, c.Width, alias, y, x, ch, c.Dst[d], w.value)
				}
				want[d] = c.Dst[d]
			}
		}
	}
	if i, ok := sameBits(want, c.Dst); !ok {
		t.Fatalf("wrote between the rows at %d", i)
	}
}

// Special values: ReLU keeps a NaN and an infinity; Mask passes values only
// where its gate is above zero, which a NaN is not, and drops a NaN there.
func TestCombineSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	cases := []struct {
		post             Post
		value, gate, out float32
	}{
		{Plain, nan, 0, nan},
		{ReLU, nan, 0, nan},
		{ReLU, inf, 0, inf},
		{ReLU, -inf, 0, 0},
		{ReLU, -1, 0, 0},
		{Mask, 3, 1, 3},
		{Mask, -3, 1, -3},
		{Mask, 3, 0, 0},
		{Mask, 3, -1, 0},
		{Mask, 3, nan, 0},
		{Mask, nan, 1, nan},
		{Mask, nan, -1, 0},
	}
	forEachSet(t, func(t *testing.T, set *Set, _ *rand.Rand) {
		for _, tc := range cases {
			for lane := range 5 * Lanes { // in a group of four pixels and alone
				src, mask, dst := make([]float32, 5*Lanes), make([]float32, 5*Lanes), make([]float32, 5*Lanes)
				coef, maskCoef := make([]float32, 2*Lanes), make([]float32, 2*Lanes)
				for i := range Lanes {
					coef[Lanes+i], maskCoef[Lanes+i] = 1, 1
				}
				src[lane], mask[lane] = tc.value, tc.gate
				set.Combine(&Combine{Dst: dst, Src: [4][]float32{src}, Sources: 1, Coef: coef, Post: tc.post,
					MaskSrc: mask, MaskCoef: maskCoef, C: Lanes, Rows: 1, Width: 5, DstRow: 5 * Lanes, SrcRow: [4]int{5 * Lanes, 5 * Lanes, 5 * Lanes, 5 * Lanes}, MaskRow: 5 * Lanes})
				for i, v := range dst {
					want := float32(0)
					if i == lane {
						want = tc.out
					}
					if v != want && !(v != v && want != want) {
						t.Fatalf("post %d of %v, gate %v in lane %d: lane %d is %v, want %v", tc.post, tc.value, tc.gate, lane, i, v, want)
					}
				}
			}
		}
	})
}

// Pixels computed alone have the bits of pixels computed together.
func TestCombineSplitsExactly(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		const channels, pixels = 48, 11
		c := Combine{Src: [4][]float32{a.random(channels * pixels), a.random(channels * pixels)}, Sources: 2,
			Coef: a.random(3 * channels), Post: ReLU, C: channels, Rows: 1, Width: pixels}
		c.Dst = a.zeros(channels * pixels)
		set.Combine(&c)
		for p := range pixels {
			one := c
			one.Width = 1
			one.Src[0], one.Src[1] = c.Src[0][p*channels:], c.Src[1][p*channels:]
			one.Dst = a.zeros(channels)
			set.Combine(&one)
			if i, ok := sameBits(one.Dst, c.Dst[p*channels:]); !ok {
				t.Fatalf("pixel %d channel %d: %v alone, %v together", p, i, one.Dst[i], c.Dst[p*channels+i])
			}
		}
	})
}
