package cpu

import (
	"fmt"
	"strings"
	"testing"
)

// Every set refuses descriptions that lead outside their slices.
func TestChecks(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	gemm := func(change func(*Gemm)) func(*Set) {
		return func(s *Set) {
			g := Gemm{A: f(12), B: f(48), C: f(64), M: 4, N: 16, K: 3, LdA: 3, LdB: 16, LdC: 16, Segments: 1, Batch: 1}
			change(&g)
			s.Gemm(&g)
		}
	}
	gemmT := func(change func(*GemmT)) func(*Set) {
		return func(s *Set) {
			g := GemmT{A: f(12), B: f(48), C: f(64), M: 4, N: 16, K: 3, LdA: 4, LdB: 16, LdC: 16, Segments: 1, Batch: 1}
			change(&g)
			s.GemmT(&g)
		}
	}
	winograd := func(kernel func(*Set) func(*Winograd), change func(*Winograd)) func(*Set) {
		return func(s *Set) {
			w := Winograd{Image: f(4 * 160), Freq: f(36 * 32), C: 16, Row: 160, Stride: 32, Count: 2}
			change(&w)
			kernel(s)(&w)
		}
	}
	filter := func(change func(*Filter)) func(*Set) {
		return func(s *Set) {
			v := Filter{Taps: f(9 * 16), Freq: f(36 * 16), Len: 16}
			change(&v)
			s.WinogradFilter(&v)
			s.WinogradFilterGrad(&v)
		}
	}
	stride2 := func(kernel func(*Set) func(*Stride2), change func(*Stride2)) func(*Set) {
		return func(s *Set) {
			w := Stride2{Image: f(8 * 280), Freq: f(2 * Stride2Values * 16), C: 16, Row: 280, Count: 2}
			change(&w)
			kernel(s)(&w)
		}
	}
	factors := func(change func(*Filter)) func(*Set) {
		return func(s *Set) {
			v := Filter{Taps: f(9 * 32), Freq: f(Stride2Values * 32), Len: 32}
			change(&v)
			s.Stride2Filter(&v)
		}
	}
	gradient := func(kernel func(*Set) func(*Stride2Grad), change func(*Stride2Grad)) func(*Set) {
		return func(s *Set) {
			w := Stride2Grad{Image: f(8 * 280), Freq: f(Stride2GradValues * 48), C: 16, Row: 280, Stride: 48, First: 1, Count: 2}
			change(&w)
			kernel(s)(&w)
		}
	}
	filterGrad2 := func(change func(*Filter)) func(*Set) {
		return func(s *Set) {
			v := Filter{Taps: f(9 * 32), Freq: f(Stride2Factors * 32), Len: 32}
			change(&v)
			s.Stride2FilterGrad(&v)
		}
	}
	fourier := func(change func(*Fourier)) func(*Set) {
		return func(s *Set) {
			v := Fourier{Image: f(56 * 16), Freq: f(47 * 32), C: 16, Row: 16, Stride: 32, Count: 2}
			change(&v)
			s.FourierInput(&v)
			v.Image = v.Image[:min(len(v.Image), 48*16)]
			s.FourierOutput(&v)
		}
	}
	combine := func(change func(*Combine)) func(*Set) {
		return func(s *Set) {
			c := Combine{Dst: f(96), Src: [4][]float32{f(96), f(96)}, Sources: 2, Coef: f(48), Post: Mask,
				MaskSrc: f(96), MaskCoef: f(32), C: 16, Rows: 2, Width: 3, DstRow: 48, SrcRow: [4]int{48, 48, 48, 48}, MaskRow: 48}
			change(&c)
			s.Combine(&c)
		}
	}
	dot := func(change func(*Dot)) func(*Set) {
		return func(s *Set) {
			v := Dot{X: f(33), Y: f(33), Out: make([]float64, DotSums)}
			change(&v)
			s.Dot(&v)
		}
	}
	sgd := func(change func(*SGD)) func(*Set) {
		return func(s *Set) {
			v := SGD{P: f(33), V: f(33), G: f(33)}
			change(&v)
			s.SGD(&v)
		}
	}
	sums := func(change func(*Sums)) func(*Set) {
		return func(s *Set) {
			v := Sums{A: f(48), B: f(48), A2: f(48), B2: f(48), Out: make([]float64, 32), C: 16, Pixels: 3}
			change(&v)
			s.Sums(&v)
		}
	}
	input := func(s *Set) func(*Winograd) { return s.WinogradInput }
	output := func(s *Set) func(*Winograd) { return s.WinogradOutput }
	activate := func(s *Set) func(*Winograd) { return s.WinogradActivate }
	grad := func(s *Set) func(*Winograd) { return s.WinogradGrad }
	input2 := func(s *Set) func(*Stride2) { return s.Stride2Input }
	output2 := func(s *Set) func(*Stride2) { return s.Stride2Output }
	activate2 := func(s *Set) func(*Stride2) { return s.Stride2Activate }
	outputGrad2 := func(s *Set) func(*Stride2Grad) { return s.Stride2OutputGrad }
	inputGrad2 := func(s *Set) func(*Stride2Grad) { return s.Stride2InputGrad }
	inputTile2 := func(s *Set) func(*Stride2Grad) { return s.Stride2InputTile }

	cases := []struct {
		name string
		call func(*Set)
		want string // part of the panic's message; empty where all is well
	}{
		{"gemm", gemm(func(*Gemm) {}), ""},
		{"gemm empty", gemm(func(g *Gemm) { g.M, g.A, g.C = 0, nil, nil }), ""},
		{"gemm no K", gemm(func(g *Gemm) { g.K, g.A, g.B = 0, nil, nil }), ""},
		{"gemm A", gemm(func(g *Gemm) { g.A = f(11) }), "Gemm: A has 11 floats, the access described needs 12"},
		{"gemm B", gemm(func(g *Gemm) { g.B = f(47) }), "Gemm: B"},
		{"gemm C", gemm(func(g *Gemm) { g.C = f(63) }), "Gemm: C"},
		{"gemm coefficients", gemm(func(g *Gemm) { g.Coef = f(32) }), ""},
		{"gemm too few coefficients", gemm(func(g *Gemm) { g.Coef = f(31) }), "Gemm: Coef"},
		{"gemm batch", gemm(func(g *Gemm) { g.Batch, g.BatchC = 2, 64 }), "Gemm: C"},
		{"gemm segments", gemm(func(g *Gemm) { g.Segments = 0 }), "Segments is 0, want at least 1"},
		{"gemm segment of A", gemm(func(g *Gemm) { g.Segments, g.SegA, g.B = 2, 1, f(96) }), "Gemm: A"},
		{"gemm N", gemm(func(g *Gemm) { g.N = 8 }), "N is 8, want a multiple of 16"},
		{"gemm negative N", gemm(func(g *Gemm) { g.N = -16 }), "N is -16"},
		{"gemm negative stride", gemm(func(g *Gemm) { g.LdA = -1 }), "Gemm: A"},
		{"gemm rows of C overlap", gemm(func(g *Gemm) { g.LdC = 8 }), "LdC is 8, want at least 16"},
		{"gemm overflow", gemm(func(g *Gemm) { g.M, g.LdC = 1<<40, 1<<40 }), "Gemm: C"},
		{"gemm overflow of K", gemm(func(g *Gemm) { g.K, g.Segments, g.LdA, g.LdB = 1<<40, 1<<40, 0, 0 }), "Gemm: A"},
		{"gemmT", gemmT(func(*GemmT) {}), ""},
		{"gemmT A", gemmT(func(g *GemmT) { g.LdA = 5 }), "GemmT: A"},
		{"gemmT B", gemmT(func(g *GemmT) { g.Segments, g.SegB = 2, 1 }), "GemmT: B"},
		{"gemmT C", gemmT(func(g *GemmT) { g.LdC = 17 }), "GemmT: C"},
		{"gemmT batch", gemmT(func(g *GemmT) { g.Batch = 0 }), "Batch is 0"},
		{"gemmT N", gemmT(func(g *GemmT) { g.N = 17 }), "N is 17"},
		{"input", winograd(input, func(*Winograd) {}), ""},
		{"input image", winograd(input, func(w *Winograd) { w.Image = f(3*160 + 127) }), "WinogradInput: Image"},
		{"input rows", winograd(input, func(w *Winograd) { w.Above, w.Below = f(128), f(128) }), ""},
		{"input above", winograd(input, func(w *Winograd) { w.Above = f(127) }), "WinogradInput: Above"},
		{"input below", winograd(input, func(w *Winograd) { w.Below = f(127) }), "WinogradInput: Below"},
		{"input frequencies", winograd(input, func(w *Winograd) { w.Stride = 33 }), "WinogradInput: Freq"},
		{"input C", winograd(input, func(w *Winograd) { w.C = 12 }), "C is 12"},
		{"output", winograd(output, func(w *Winograd) { w.Image = f(4 * 160) }), ""},
		{"output image", winograd(output, func(w *Winograd) { w.Image = f(3*160 + 127) }), "WinogradOutput: Image"},
		{"activation", winograd(activate, func(w *Winograd) { w.Coef, w.Residual = f(32), f(3*160+128) }), ""},
		{"activation image", winograd(activate, func(w *Winograd) { w.Coef, w.Image = f(32), f(3*160+127) }), "WinogradActivate: Image"},
		{"activation coefficients", winograd(activate, func(w *Winograd) { w.Coef = f(31) }), "WinogradActivate: Coef"},
		{"activation residual", winograd(activate, func(w *Winograd) { w.Coef, w.Residual = f(32), f(3*160+127) }), "WinogradActivate: Residual"},
		{"gradient", winograd(grad, func(w *Winograd) { w.Image = f(3*160 + 128) }), ""},
		{"gradient count", winograd(grad, func(w *Winograd) { w.Count, w.Image = 3, f(3*160+192) }), "WinogradGrad: Freq"},
		{"filter", filter(func(*Filter) {}), ""},
		{"filter taps", filter(func(v *Filter) { v.Taps = f(143) }), "WinogradFilter: Taps"},
		{"filter frequencies", filter(func(v *Filter) { v.Freq = f(575) }), "WinogradFilter: Freq"},
		{"stride 2 input", stride2(input2, func(*Stride2) {}), ""},
		{"stride 2 input nothing", stride2(input2, func(s *Stride2) { s.Count, s.Image, s.Freq = 0, nil, nil }), ""},
		{"stride 2 input image", stride2(input2, func(s *Stride2) { s.Image = f(7*280 + 16*16 - 1) }), "Stride2Input: Image"},
		{"stride 2 input row", stride2(input2, func(s *Stride2) { s.Above = f(16 * 16) }), ""},
		{"stride 2 input above", stride2(input2, func(s *Stride2) { s.Above = f(16*16 - 1) }), "Stride2Input: Above"},
		{"stride 2 input values", stride2(input2, func(s *Stride2) { s.Freq = f(2*Stride2Values*16 - 1) }), "Stride2Input: Freq"},
		{"stride 2 input C", stride2(input2, func(s *Stride2) { s.C = 12 }), "C is 12"},
		{"stride 2 output", stride2(output2, func(s *Stride2) { s.Image, s.Freq = f(3*280+128), f(2*Stride2Products*16) }), ""},
		{"stride 2 output count", stride2(output2, func(s *Stride2) { s.Count = -1 }), "Count is -1"},
		{"stride 2 output row", stride2(output2, func(s *Stride2) { s.Row = 1 << 60 }), "Stride2Output: Image"},
		{"stride 2 output image", stride2(output2, func(s *Stride2) { s.Image = f(3*280 + 127) }), "Stride2Output: Image"},
		{"stride 2 output products", stride2(output2, func(s *Stride2) { s.Freq = f(2*Stride2Products*16 - 1) }), "Stride2Output: Freq"},
		{"stride 2 activation", stride2(activate2, func(s *Stride2) { s.Coef, s.Residual = f(32), f(3*280+128) }), ""},
		{"stride 2 activation coefficients", stride2(activate2, func(s *Stride2) { s.Coef = f(31) }), "Stride2Activate: Coef"},
		{"stride 2 activation residual", stride2(activate2, func(s *Stride2) { s.Coef, s.Residual = f(32), f(3*280+127) }), "Stride2Activate: Residual"},
		{"stride 2 filter", factors(func(*Filter) {}), ""},
		{"stride 2 filter taps", factors(func(v *Filter) { v.Taps = f(9*32 - 1) }), "Stride2Filter: Taps"},
		{"stride 2 filter factors", factors(func(v *Filter) { v.Freq = f(Stride2Values*32 - 1) }), "Stride2Filter: Freq"},
		{"stride 2 output gradient", gradient(outputGrad2, func(s *Stride2Grad) { s.Image = f(3*280 + 128) }), ""},
		{"stride 2 output gradient nothing", gradient(outputGrad2, func(s *Stride2Grad) { s.Count, s.Image, s.Freq = 0, nil, nil }), ""},
		{"stride 2 output gradient image", gradient(outputGrad2, func(s *Stride2Grad) { s.Image = f(3*280 + 127) }), "Stride2OutputGrad: Image"},
		{"stride 2 output gradient row", gradient(outputGrad2, func(s *Stride2Grad) { s.Below = f(8 * 16) }), ""},
		{"stride 2 output gradient below", gradient(outputGrad2, func(s *Stride2Grad) { s.Below = f(8*16 - 1) }), "Stride2OutputGrad: Below"},
		{"stride 2 output gradient values", gradient(outputGrad2, func(s *Stride2Grad) { s.Freq = f(Stride2GradValues*48 - 1) }), "Stride2OutputGrad: Freq"},
		{"stride 2 output gradient C", gradient(outputGrad2, func(s *Stride2Grad) { s.C = 12 }), "C is 12"},
		{"stride 2 input gradient", gradient(inputGrad2, func(s *Stride2Grad) { s.Image = f(7*280 + 256) }), ""},
		{"stride 2 input gradient image", gradient(inputGrad2, func(s *Stride2Grad) { s.Image = f(7*280 + 255) }), "Stride2InputGrad: Image"},
		{"stride 2 input gradient first", gradient(inputGrad2, func(s *Stride2Grad) { s.First = 2 }), "Stride2InputGrad: Freq"},
		{"stride 2 input gradient before", gradient(inputGrad2, func(s *Stride2Grad) { s.First = -1 }), "First is -1"},
		{"stride 2 input tile", gradient(inputTile2, func(*Stride2Grad) {}), ""},
		{"stride 2 input tile row", gradient(inputTile2, func(s *Stride2Grad) { s.Row = 1 << 60 }), "Stride2InputTile: Image"},
		{"stride 2 input tile values", gradient(inputTile2, func(s *Stride2Grad) { s.Stride = 49 }), "Stride2InputTile: Freq"},
		{"stride 2 input tile count", gradient(inputTile2, func(s *Stride2Grad) { s.First, s.Count = int(^uint(0)>>1), 1 }), "Stride2InputTile: Freq"},
		{"stride 2 filter gradient", filterGrad2(func(*Filter) {}), ""},
		{"stride 2 filter gradient taps", filterGrad2(func(v *Filter) { v.Taps = f(9*32 - 1) }), "Stride2FilterGrad: Taps"},
		{"stride 2 filter gradient sums", filterGrad2(func(v *Filter) { v.Freq = f(Stride2Factors*32 - 1) }), "Stride2FilterGrad: Freq"},
		{"fourier", fourier(func(*Fourier) {}), ""},
		{"fourier nothing", fourier(func(v *Fourier) { v.Count, v.Image, v.Freq = 0, nil, nil }), ""},
		{"fourier image", fourier(func(v *Fourier) { v.Image = f(56*16 - 1) }), "FourierInput: Image"},
		{"fourier row", fourier(func(v *Fourier) { v.Row = 17 }), "FourierInput: Image"},
		{"fourier frequencies", fourier(func(v *Fourier) { v.Freq = f(47*32 - 1) }), "FourierInput: Freq"},
		{"fourier count", fourier(func(v *Fourier) { v.Count = -1 }), "Count is -1"},
		{"fourier C", fourier(func(v *Fourier) { v.C = 8 }), "C is 8"},
		{"combine", combine(func(*Combine) {}), ""},
		{"combine destination", combine(func(c *Combine) { c.DstRow = 49 }), "Combine: Dst"},
		{"combine source", combine(func(c *Combine) { c.Src[1] = f(95) }), "Combine: Src[1]"},
		{"combine source's rows", combine(func(c *Combine) { c.SrcRow[1] = 49 }), "Combine: Src[1]"},
		{"combine mask's rows", combine(func(c *Combine) { c.MaskRow = 49 }), "Combine: MaskSrc"},
		{"combine sources", combine(func(c *Combine) { c.Sources = 5 }), "Sources is 5"},
		{"combine missing source", combine(func(c *Combine) { c.Sources = 3 }), "Combine: Src[2]"},
		{"combine coefficients", combine(func(c *Combine) { c.Coef = f(47) }), "Combine: Coef"},
		{"combine mask", combine(func(c *Combine) { c.MaskSrc = nil }), "Combine: MaskSrc"},
		{"combine mask coefficients", combine(func(c *Combine) { c.MaskCoef = f(31) }), "Combine: MaskCoef"},
		{"combine post", combine(func(c *Combine) { c.Post = 3 }), "unknown Post 3"},
		{"dot", dot(func(*Dot) {}), ""},
		{"dot Y", dot(func(d *Dot) { d.Y = f(32) }), "Dot: Y"},
		{"dot out", dot(func(d *Dot) { d.Out = d.Out[:31] }), "Dot: Out"},
		{"sgd", sgd(func(*SGD) {}), ""},
		{"sgd V", sgd(func(s *SGD) { s.V = f(32) }), "SGD: V"},
		{"sgd G", sgd(func(s *SGD) { s.G = f(32) }), "SGD: G"},
		{"sums", sums(func(*Sums) {}), ""},
		{"sums A", sums(func(s *Sums) { s.A = f(47) }), "Sums: A"},
		{"sums B2", sums(func(s *Sums) { s.B2 = f(47) }), "Sums: B2"},
		{"sums half a pair", sums(func(s *Sums) { s.B2 = nil }), "both given"},
		{"sums out", sums(func(s *Sums) { s.Out = s.Out[:31] }), "Sums: Out"},
	}
	for _, set := range Sets() {
		for _, tc := range cases {
			t.Run(set.Name+"/"+tc.name, func(t *testing.T) {
				defer func() {
					got := ""
					if r := recover(); r != nil {
						got = fmt.Sprint(r)
					}
					if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
						t.Errorf("panic %q, want %q", got, tc.want)
					}
				}()
				tc.call(set)
			})
		}
	}
}
