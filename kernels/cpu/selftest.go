package cpu

import (
	"fmt"
	"math"
	"strings"
)

// selfTests run each kernel once on small fixed arrays, with sizes that take
// its main loops and what they leave over, and return what it wrote.
var selfTests = []struct {
	kernel string
	run    func(*Set) []float32
}{
	{"Gemm", func(s *Set) []float32 {
		g := Gemm{A: pattern(2*640, 1), B: pattern(2*60*48, 2), C: pattern(2*13*48, 3), M: 13, N: 48, K: 20,
			LdA: 25, LdB: 48, LdC: 48, Segments: 3, SegA: 150, Batch: 2, BatchA: 640, BatchB: 60 * 48, BatchC: 13 * 48}
		s.Gemm(&g)
		g.Accumulate = true
		s.Gemm(&g)
		g.Coef = pattern(2*48, 27)
		s.Gemm(&g)
		return g.C
	}},
	{"GemmT", func(s *Set) []float32 {
		g := GemmT{A: pattern(2*700, 4), B: pattern(2*1000, 5), C: pattern(2*13*48, 6), M: 13, N: 48, K: 7,
			LdA: 14, LdB: 48, LdC: 48, Segments: 2, SegA: 300, SegB: 400, Batch: 2, BatchA: 700, BatchB: 1000, BatchC: 13 * 48}
		s.GemmT(&g)
		return g.C
	}},
	{"WinogradInput", func(s *Set) []float32 {
		w := Winograd{Image: pattern(4*16*48, 7), Freq: make([]float32, 36*4*48), C: 48, Row: 16 * 48, Stride: 4 * 48, Count: 4,
			Above: pattern(16*48, 61), Below: pattern(16*48, 62)}
		s.WinogradInput(&w)
		inner := append([]float32(nil), w.Freq...)
		w.Above, w.Below = nil, nil
		s.WinogradInput(&w)
		return append(inner, w.Freq...)
	}},
	{"WinogradOutput", func(s *Set) []float32 {
		w := Winograd{Image: make([]float32, 4*16*48), Freq: pattern(36*4*48, 8), C: 48, Row: 16 * 48, Stride: 4 * 48, Count: 4}
		s.WinogradOutput(&w)
		return w.Image
	}},
	{"WinogradActivate", func(s *Set) []float32 {
		w := Winograd{Image: make([]float32, 4*16*48), Freq: pattern(36*4*48, 8), C: 48, Row: 16 * 48, Stride: 4 * 48, Count: 4, Coef: pattern(2*48, 28)}
		s.WinogradActivate(&w)
		alone := append([]float32(nil), w.Image...)
		w.Residual = pattern(4*16*48, 26)
		s.WinogradActivate(&w)
		return append(alone, w.Image...)
	}},
	{"WinogradGrad", func(s *Set) []float32 {
		w := Winograd{Image: pattern(4*16*48, 9), Freq: make([]float32, 36*4*48), C: 48, Row: 16 * 48, Stride: 4 * 48, Count: 4}
		s.WinogradGrad(&w)
		return w.Freq
	}},
	{"WinogradFilter", func(s *Set) []float32 {
		f := Filter{Taps: pattern(9*48, 10), Freq: make([]float32, 36*48), Len: 48}
		s.WinogradFilter(&f)
		return f.Freq
	}},
	{"WinogradFilterGrad", func(s *Set) []float32 {
		f := Filter{Taps: make([]float32, 9*48), Freq: pattern(36*48, 11), Len: 48}
		s.WinogradFilterGrad(&f)
		return f.Taps
	}},
	{"Stride2Input", func(s *Set) []float32 {
		w := Stride2{Image: pattern(8*16*48, 29), Freq: make([]float32, 2*Stride2Values*48), C: 48, Row: 16 * 48, Count: 2, Above: pattern(16*48, 63)}
		s.Stride2Input(&w)
		inner := append([]float32(nil), w.Freq...)
		w.Above = nil
		s.Stride2Input(&w)
		return append(inner, w.Freq...)
	}},
	{"Stride2Output", func(s *Set) []float32 {
		w := Stride2{Image: make([]float32, 4*8*48), Freq: pattern(2*Stride2Products*48, 30), C: 48, Row: 8 * 48, Count: 2}
		s.Stride2Output(&w)
		return w.Image
	}},
	{"Stride2Activate", func(s *Set) []float32 {
		w := Stride2{Image: make([]float32, 4*8*48), Freq: pattern(2*Stride2Products*48, 39), C: 48, Row: 8 * 48, Count: 2, Coef: pattern(2*48, 59)}
		s.Stride2Activate(&w)
		alone := append([]float32(nil), w.Image...)
		w.Residual = pattern(4*8*48, 39)
		s.Stride2Activate(&w)
		return append(alone, w.Image...)
	}},
	{"Stride2Filter", func(s *Set) []float32 {
		f := Filter{Taps: pattern(9*48, 35), Freq: make([]float32, Stride2Values*48), Len: 48}
		s.Stride2Filter(&f)
		return f.Freq
	}},
	{"Stride2OutputGrad", func(s *Set) []float32 {
		w := Stride2Grad{Image: pattern(4*8*48, 64), Freq: make([]float32, Stride2GradValues*2*48), C: 48, Row: 8 * 48, Stride: 2 * 48, Count: 2, Below: pattern(8*48, 65)}
		s.Stride2OutputGrad(&w)
		inner := append([]float32(nil), w.Freq...)
		w.Below = nil
		s.Stride2OutputGrad(&w)
		return append(inner, w.Freq...)
	}},
	{"Stride2InputGrad", func(s *Set) []float32 {
		w := Stride2Grad{Image: make([]float32, 8*16*48), Freq: pattern(Stride2GradValues*2*48, 66), C: 48, Row: 16 * 48, Stride: 2 * 48, Count: 2}
		s.Stride2InputGrad(&w)
		return w.Image
	}},
	{"Stride2InputTile", func(s *Set) []float32 {
		w := Stride2Grad{Image: pattern(8*16*48, 67), Freq: make([]float32, Stride2GradValues*2*48), C: 48, Row: 16 * 48, Stride: 2 * 48, Count: 2}
		s.Stride2InputTile(&w)
		return w.Freq
	}},
	{"Stride2FilterGrad", func(s *Set) []float32 {
		f := Filter{Taps: make([]float32, 9*48), Freq: pattern(Stride2Factors*48, 68), Len: 48}
		s.Stride2FilterGrad(&f)
		return f.Taps
	}},
	{"FourierInput", func(s *Set) []float32 {
		f := Fourier{Image: pattern((FourierWindow+FourierStep)*48, 12), Freq: make([]float32, FourierProducts*2*48), C: 48, Row: 48, Stride: 2 * 48, Count: 2}
		s.FourierInput(&f)
		return f.Freq
	}},
	{"FourierOutput", func(s *Set) []float32 {
		f := Fourier{Image: make([]float32, 2*FourierStep*48), Freq: pattern(FourierProducts*2*48, 13), C: 48, Row: 48, Stride: 2 * 48, Count: 2}
		s.FourierOutput(&f)
		return f.Image
	}},
	{"Combine", func(s *Set) []float32 {
		var all []float32
		for sources := 1; sources <= 4; sources++ {
			for post := Plain; post <= Mask; post++ {
				c := Combine{Dst: make([]float32, 2*3*48), Sources: sources, Coef: pattern(5*48, 14), Post: post,
					MaskSrc: pattern(2*3*48, 15), MaskCoef: pattern(2*48, 16), C: 48, Rows: 2, Width: 3, DstRow: 3 * 48, MaskRow: 3 * 48}
				for i := range c.Src {
					c.Src[i], c.SrcRow[i] = pattern(2*3*48, 17+i), 3*48
				}
				s.Combine(&c)
				all = append(all, c.Dst...)
			}
		}
		return all
	}},
	{"Sums", func(s *Set) []float32 {
		v := Sums{A: pattern(300*48, 21), B: pattern(300*48, 22), Out: make([]float64, 2*48), C: 48, Pixels: 300}
		s.Sums(&v)
		v.A2, v.B2 = pattern(300*48, 23), pattern(300*48, 24)
		s.Sums(&v)
		return narrow(v.Out)
	}},
	{"Dot", func(s *Set) []float32 {
		d := Dot{X: pattern(75, 29), Y: pattern(75, 30), Out: make([]float64, DotSums)}
		s.Dot(&d)
		return narrow(d.Out)
	}},
	{"SGD", func(s *Set) []float32 {
		v := SGD{P: pattern(53, 31), V: pattern(53, 32), G: pattern(53, 33), LR: 0.25, Momentum: 0.5, Decay: 0.125}
		s.SGD(&v)
		return append(v.P, v.V...)
	}},
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// pattern is n small whole numbers, so that products and sums are exact and
// only transforms round.
func pattern(n, seed int) []float32 {
	v := make([]float32, n)
	x := uint32(seed)
	for i := range v {
		x = x*1664525 + 1013904223
		v[i] = float32(int(x>>24)%15 - 7)
	}
	return v
}

// selfTestTolerance is the largest difference from plain Go that is rounding,
// relative to the largest value that a kernel wrote.
const selfTestTolerance = 1e-5

// SelfTest runs every kernel on small arrays and compares what it writes with
// the same of plain Go, in about a millisecond. An error means that this
// processor does not do what the set expects of it, so that nothing computed
// with the set could be trusted.
func (s *Set) SelfTest() error {
	for _, test := range selfTests {
		if !s.has(test.kernel) {
			continue
		}
		got, want := test.run(s), test.run(&generic)
		var scale, worst float64
		at := 0
		for i := range want {
			scale = max(scale, math.Abs(float64(want[i])))
			if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
				worst, at = d, i
			}
		}
		if !(worst <= selfTestTolerance*scale) {
			return fmt.Errorf("kernels %s: %s fails its test on this processor: element %d is %g, want %g", s.Name, test.kernel, at, got[at], want[at])
		}
	}
	return nil
}

// has reports whether the set has a kernel: some do without the transforms of
// convolutions.
func (s *Set) has(kernel string) bool {
	return s.WinogradInput != nil || !strings.HasPrefix(kernel, "Winograd") && !strings.HasPrefix(kernel, "Stride2")
}
