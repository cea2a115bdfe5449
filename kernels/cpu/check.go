package cpu

import (
	"fmt"
	"math/bits"
)

// The check methods below panic where a kernel would read or write outside
// its slices, so that assembly never has to. They cost a few multiplications.

// A dim is one dimension of a strided access: count steps of stride floats.
type dim struct{ count, stride int }

// extent returns the number of floats that an access of run floats at every
// point of the dims spans. It saturates at the largest int; a negative count
// or stride counts as one that no slice can satisfy.
func extent(run int, dims ...dim) int {
	const most = int(^uint(0) >> 1)
	total := uint(run)
	for _, d := range dims {
		if d.count == 0 {
			return 0
		}
		if d.count < 0 || d.stride < 0 {
			return most
		}
		hi, lo := bits.Mul(uint(d.count-1), uint(d.stride))
		if total += lo; hi != 0 || lo > uint(most) || total > uint(most) {
			return most
		}
	}
	return int(total)
}

// fits panics if a slice is shorter than an access of it.
func fits(kernel, field string, have, need int) {
	if have < need {
		panic(fmt.Sprintf("kernels/cpu: %s: %s has %d floats, the access described needs %d (a negative count or stride needs all there are)", kernel, field, have, need))
	}
}

// lanes panics if a count is negative or no multiple of Lanes.
func lanes(kernel, field string, n int) {
	if n < 0 || n%Lanes != 0 {
		panic(fmt.Sprintf("kernels/cpu: %s: %s is %d, want a multiple of %d", kernel, field, n, Lanes))
	}
}

// atLeast panics if a count is too small.
func atLeast(kernel, field string, n, least int) {
	if n < least {
		panic(fmt.Sprintf("kernels/cpu: %s: %s is %d, want at least %d", kernel, field, n, least))
	}
}

func (g *Gemm) check() {
	const kernel = "Gemm"
	atLeast(kernel, "M", g.M, 0)
	atLeast(kernel, "K", g.K, 0)
	lanes(kernel, "N", g.N)
	atLeast(kernel, "Segments", g.Segments, 1)
	atLeast(kernel, "Batch", g.Batch, 1)
	if g.M > 1 {
		atLeast(kernel, "LdC", g.LdC, g.N)
	}
	if g.M == 0 || g.N == 0 {
		return
	}
	fits(kernel, "C", len(g.C), extent(g.N, dim{g.M, g.LdC}, dim{g.Batch, g.BatchC}))
	if g.Coef != nil {
		fits(kernel, "Coef", len(g.Coef), extent(g.N, dim{2, g.N}))
	}
	if g.K == 0 {
		return
	}
	fits(kernel, "A", len(g.A), extent(g.K, dim{g.M, g.LdA}, dim{g.Segments, g.SegA}, dim{g.Batch, g.BatchA}))
	hi, rows := bits.Mul(uint(g.K), uint(g.Segments))
	if hi != 0 || int(rows) < 0 {
		rows = uint(len(g.B)) + 1
	}
	fits(kernel, "B", len(g.B), extent(g.N, dim{int(rows), g.LdB}, dim{g.Batch, g.BatchB}))
}

func (g *GemmT) check() {
	const kernel = "GemmT"
	atLeast(kernel, "M", g.M, 0)
	atLeast(kernel, "K", g.K, 0)
	lanes(kernel, "N", g.N)
	atLeast(kernel, "Segments", g.Segments, 1)
	atLeast(kernel, "Batch", g.Batch, 1)
	if g.M > 1 {
		atLeast(kernel, "LdC", g.LdC, g.N)
	}
	if g.M == 0 || g.N == 0 || g.K == 0 {
		return
	}
	fits(kernel, "A", len(g.A), extent(g.M, dim{g.K, g.LdA}, dim{g.Segments, g.SegA}, dim{g.Batch, g.BatchA}))
	fits(kernel, "B", len(g.B), extent(g.N, dim{g.K, g.LdB}, dim{g.Segments, g.SegB}, dim{g.Batch, g.BatchB}))
	fits(kernel, "C", len(g.C), extent(g.N, dim{g.M, g.LdC}, dim{g.Batch, g.BatchC}))
}

// check verifies a transform of patches of size×size pixels.
func (w *Winograd) check(kernel string, size int) {
	lanes(kernel, "C", w.C)
	atLeast(kernel, "Count", w.Count, 0)
	if w.C == 0 || w.Count == 0 {
		return
	}
	fits(kernel, "Image", len(w.Image), extent(w.C, dim{size, w.C}, dim{w.Count, 4 * w.C}, dim{size, w.Row}))
	fits(kernel, "Freq", len(w.Freq), extent(w.C, dim{w.Count, w.C}, dim{36, w.Stride}))
}

// checkInput verifies an input transform.
func (w *Winograd) checkInput() {
	const kernel = "WinogradInput"
	w.check(kernel, 4)
	if w.C == 0 {
		return
	}
	for _, outer := range []struct {
		field string
		row   []float32
	}{{"Above", w.Above}, {"Below", w.Below}} {
		if outer.row != nil {
			fits(kernel, outer.field, len(outer.row), extent(w.C, dim{4, w.C}, dim{w.Count, 4 * w.C}))
		}
	}
}

// checkActivation verifies what WinogradActivate reads beside that.
func (w *Winograd) checkActivation(kernel string) {
	if w.C == 0 || w.Count == 0 {
		return
	}
	fits(kernel, "Coef", len(w.Coef), extent(w.C, dim{2, w.C}))
	if w.Residual != nil {
		fits(kernel, "Residual", len(w.Residual), extent(w.C, dim{4, w.C}, dim{w.Count, 4 * w.C}, dim{4, w.Row}))
	}
}

// check verifies a transform of the given positions of every window.
func (f *Fourier) check(kernel string, positions int) {
	lanes(kernel, "C", f.C)
	atLeast(kernel, "Count", f.Count, 0)
	if f.C == 0 || f.Count == 0 {
		return
	}
	fits(kernel, "Image", len(f.Image), extent(f.C, dim{positions, f.Row}, dim{f.Count, FourierStep * f.Row}))
	fits(kernel, "Freq", len(f.Freq), extent(f.C, dim{f.Count, f.C}, dim{FourierProducts, f.Stride}))
}

// check verifies a transform of patches of size×size pixels, so many pixels
// apart, and so many values of each.
func (s *Stride2) check(kernel string, size, apart, values int) {
	lanes(kernel, "C", s.C)
	atLeast(kernel, "Count", s.Count, 0)
	if s.C == 0 || s.Count == 0 {
		return
	}
	fits(kernel, "Image", len(s.Image), extent(s.C, dim{size, s.C}, dim{s.Count, apart * s.C}, dim{size, s.Row}))
	fits(kernel, "Freq", len(s.Freq), extent(s.C, dim{values, s.C}, dim{s.Count, values * s.C}))
}

// checkInput verifies an input transform.
func (s *Stride2) checkInput() {
	const kernel = "Stride2Input"
	s.check(kernel, 8, 8, Stride2Values)
	if s.C > 0 && s.Above != nil {
		fits(kernel, "Above", len(s.Above), extent(s.C, dim{8, s.C}, dim{s.Count, 8 * s.C}))
	}
}

// checkActivation verifies what Stride2Activate reads beside that.
func (s *Stride2) checkActivation(kernel string) {
	if s.C == 0 || s.Count == 0 {
		return
	}
	fits(kernel, "Coef", len(s.Coef), extent(s.C, dim{2, s.C}))
	if s.Residual != nil {
		fits(kernel, "Residual", len(s.Residual), extent(s.C, dim{4, s.C}, dim{s.Count, 4 * s.C}, dim{4, s.Row}))
	}
}

// check verifies a transform of tiles that are so many pixels wide and high.
func (s *Stride2Grad) check(kernel string, size int) {
	lanes(kernel, "C", s.C)
	atLeast(kernel, "First", s.First, 0)
	atLeast(kernel, "Count", s.Count, 0)
	if s.C == 0 || s.Count == 0 {
		return
	}
	fits(kernel, "Image", len(s.Image), extent(s.C, dim{size, s.C}, dim{s.Count, size * s.C}, dim{size, s.Row}))
	fits(kernel, "Freq", len(s.Freq), extent(s.C, dim{4, s.C}, dim{s.First + s.Count, 4 * s.C}, dim{Stride2GradValues - 3, s.Stride}))
}

// checkOutput verifies a transform of an output gradient.
func (s *Stride2Grad) checkOutput() {
	const kernel = "Stride2OutputGrad"
	s.check(kernel, 4)
	if s.C > 0 && s.Below != nil {
		fits(kernel, "Below", len(s.Below), extent(s.C, dim{4, s.C}, dim{s.Count, 4 * s.C}))
	}
}

// check verifies a transform of filters with so many frequencies.
func (f *Filter) check(kernel string, frequencies int) {
	lanes(kernel, "Len", f.Len)
	if f.Len == 0 {
		return
	}
	fits(kernel, "Taps", len(f.Taps), extent(f.Len, dim{9, f.Len}))
	fits(kernel, "Freq", len(f.Freq), extent(f.Len, dim{frequencies, f.Len}))
}

func (c *Combine) check() {
	const kernel = "Combine"
	lanes(kernel, "C", c.C)
	atLeast(kernel, "Rows", c.Rows, 0)
	atLeast(kernel, "Width", c.Width, 0)
	if c.Sources < 1 || c.Sources > len(c.Src) {
		panic(fmt.Sprintf("kernels/cpu: Combine: Sources is %d, want 1 to %d", c.Sources, len(c.Src)))
	}
	if c.Post < Plain || c.Post > Mask {
		panic(fmt.Sprintf("kernels/cpu: Combine: unknown Post %d", c.Post))
	}
	if c.C == 0 || c.Rows == 0 || c.Width == 0 {
		return
	}
	fits(kernel, "Dst", len(c.Dst), extent(c.C, dim{c.Width, c.C}, dim{c.Rows, c.DstRow}))
	for i := range c.Sources {
		fits(kernel, sourceNames[i], len(c.Src[i]), extent(c.C, dim{c.Width, c.C}, dim{c.Rows, c.SrcRow[i]}))
	}
	fits(kernel, "Coef", len(c.Coef), extent(c.C, dim{c.Sources + 1, c.C}))
	if c.Post == Mask {
		fits(kernel, "MaskSrc", len(c.MaskSrc), extent(c.C, dim{c.Width, c.C}, dim{c.Rows, c.MaskRow}))
		fits(kernel, "MaskCoef", len(c.MaskCoef), extent(c.C, dim{2, c.C}))
	}
}

var sourceNames = [4]string{"Src[0]", "Src[1]", "Src[2]", "Src[3]"}

func (s *Sums) check() {
	const kernel = "Sums"
	lanes(kernel, "C", s.C)
	atLeast(kernel, "Pixels", s.Pixels, 0)
	if (s.A2 == nil) != (s.B2 == nil) {
		panic("kernels/cpu: Sums: A2 and B2 are nil or both given")
	}
	if s.C == 0 || s.Pixels == 0 {
		return
	}
	need := extent(s.C, dim{s.Pixels, s.C})
	fits(kernel, "A", len(s.A), need)
	fits(kernel, "B", len(s.B), need)
	if s.A2 != nil {
		fits(kernel, "A2", len(s.A2), need)
		fits(kernel, "B2", len(s.B2), need)
	}
	fits(kernel, "Out", len(s.Out), extent(s.C, dim{2, s.C}))
}

func (d *Dot) check() {
	const kernel = "Dot"
	fits(kernel, "Y", len(d.Y), len(d.X))
	fits(kernel, "Out", len(d.Out), DotSums)
}

func (s *SGD) check() {
	const kernel = "SGD"
	fits(kernel, "V", len(s.V), len(s.P))
	fits(kernel, "G", len(s.G), len(s.P))
}
