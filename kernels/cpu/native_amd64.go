//go:build amd64 && !noasm

package cpu

import xcpu "golang.org/x/sys/cpu"

//go:generate go run ./gen .

// nativeSets returns the sets in assembly that this processor runs.
func nativeSets() []*Set {
	var sets []*Set
	x := &xcpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL {
		sets = append(sets, &avx512)
	}
	if x.HasAVX2 && x.HasFMA {
		sets = append(sets, &avx2)
	}
	return sets
}

var avx512 = Set{
	Name:  "avx512",
	Gemm:  func(g *Gemm) { g.check(); gemmNative(isaAVX512, g) },
	GemmT: func(g *GemmT) { g.check(); gemmTNative(isaAVX512, g) },
	WinogradInput: func(w *Winograd) {
		w.checkInput()
		winogradInputNative(isaAVX512, w)
	},
	WinogradOutput: func(w *Winograd) {
		w.check("WinogradOutput", 4)
		w.pieces(winogradOutputAVX512)
	},
	WinogradActivate: func(w *Winograd) {
		const kernel = "WinogradActivate"
		w.check(kernel, 4)
		w.checkActivation(kernel)
		if w.Residual == nil {
			w.pieces(winogradActivateAVX512)
		} else {
			w.pieces(winogradActivateSumAVX512)
		}
	},
	WinogradGrad: func(w *Winograd) {
		w.check("WinogradGrad", 4)
		w.pieces(winogradGradAVX512)
	},
	WinogradFilter: func(f *Filter) {
		f.check("WinogradFilter", 36)
		filterNative(isaAVX512, f)
	},
	WinogradFilterGrad: func(f *Filter) {
		f.check("WinogradFilterGrad", 36)
		filterGradNative(isaAVX512, f)
	},
	Stride2Input: func(s *Stride2) {
		s.checkInput()
		stride2InputNative(isaAVX512, s)
	},
	Stride2Output: func(s *Stride2) {
		s.check("Stride2Output", 4, 4, Stride2Products)
		s.pieces(4, Stride2Products, stride2OutputAVX512)
	},
	Stride2Activate: func(s *Stride2) {
		const kernel = "Stride2Activate"
		s.check(kernel, 4, 4, Stride2Products)
		s.checkActivation(kernel)
		if s.Residual == nil {
			s.pieces(4, Stride2Products, stride2ActivateAVX512)
		} else {
			s.pieces(4, Stride2Products, stride2ActivateSumAVX512)
		}
	},
	Stride2Filter: func(f *Filter) {
		f.check("Stride2Filter", Stride2Values)
		stride2FilterNative(isaAVX512, f)
	},
	Stride2OutputGrad: func(s *Stride2Grad) {
		s.checkOutput()
		stride2OutputGradNative(isaAVX512, s)
	},
	Stride2InputGrad: func(s *Stride2Grad) {
		s.check("Stride2InputGrad", 8)
		stride2InputGradNative(isaAVX512, s)
	},
	Stride2InputTile: func(s *Stride2Grad) {
		s.check("Stride2InputTile", 8)
		stride2InputTileNative(isaAVX512, s)
	},
	Stride2FilterGrad: func(f *Filter) {
		f.check("Stride2FilterGrad", Stride2Factors)
		stride2FilterGradNative(isaAVX512, f)
	},
	FourierInput: func(f *Fourier) {
		f.check("FourierInput", FourierWindow)
		f.pieces(fourierInputAVX512)
	},
	FourierOutput: func(f *Fourier) {
		f.check("FourierOutput", FourierStep)
		f.pieces(fourierOutputAVX512)
	},
	Combine: func(c *Combine) { c.check(); c.pieces(combineAVX512) },
	Sums:    func(s *Sums) { s.check(); sumsNative(isaAVX512, s) },
	Dot:     func(d *Dot) { d.check(); dotNative(isaAVX512, d) },
	SGD:     func(s *SGD) { s.check(); sgdNative(isaAVX512, s) },
}

var avx2 = Set{
	Name:  "avx2",
	Gemm:  func(g *Gemm) { g.check(); gemmNative(isaAVX2, g) },
	GemmT: func(g *GemmT) { g.check(); gemmTNative(isaAVX2, g) },
	WinogradInput: func(w *Winograd) {
		w.checkInput()
		winogradInputNative(isaAVX2, w)
	},
	WinogradOutput: func(w *Winograd) {
		w.check("WinogradOutput", 4)
		w.pieces(winogradOutputAVX2)
	},
	WinogradActivate: func(w *Winograd) {
		const kernel = "WinogradActivate"
		w.check(kernel, 4)
		w.checkActivation(kernel)
		if w.Residual == nil {
			w.pieces(winogradActivateAVX2)
		} else {
			w.pieces(winogradActivateSumAVX2)
		}
	},
	WinogradGrad: func(w *Winograd) {
		w.check("WinogradGrad", 4)
		w.pieces(winogradGradAVX2)
	},
	WinogradFilter: func(f *Filter) {
		f.check("WinogradFilter", 36)
		filterNative(isaAVX2, f)
	},
	WinogradFilterGrad: func(f *Filter) {
		f.check("WinogradFilterGrad", 36)
		filterGradNative(isaAVX2, f)
	},
	Stride2Input: func(s *Stride2) {
		s.checkInput()
		stride2InputNative(isaAVX2, s)
	},
	Stride2Output: func(s *Stride2) {
		s.check("Stride2Output", 4, 4, Stride2Products)
		s.pieces(4, Stride2Products, stride2OutputAVX2)
	},
	Stride2Activate: func(s *Stride2) {
		const kernel = "Stride2Activate"
		s.check(kernel, 4, 4, Stride2Products)
		s.checkActivation(kernel)
		if s.Residual == nil {
			s.pieces(4, Stride2Products, stride2ActivateAVX2)
		} else {
			s.pieces(4, Stride2Products, stride2ActivateSumAVX2)
		}
	},
	Stride2Filter: func(f *Filter) {
		f.check("Stride2Filter", Stride2Values)
		stride2FilterNative(isaAVX2, f)
	},
	Stride2OutputGrad: func(s *Stride2Grad) {
		s.checkOutput()
		stride2OutputGradNative(isaAVX2, s)
	},
	Stride2InputGrad: func(s *Stride2Grad) {
		s.check("Stride2InputGrad", 8)
		stride2InputGradNative(isaAVX2, s)
	},
	Stride2InputTile: func(s *Stride2Grad) {
		s.check("Stride2InputTile", 8)
		stride2InputTileNative(isaAVX2, s)
	},
	Stride2FilterGrad: func(f *Filter) {
		f.check("Stride2FilterGrad", Stride2Factors)
		stride2FilterGradNative(isaAVX2, f)
	},
	FourierInput: func(f *Fourier) {
		f.check("FourierInput", FourierWindow)
		f.pieces(fourierInputAVX2)
	},
	FourierOutput: func(f *Fourier) {
		f.check("FourierOutput", FourierStep)
		f.pieces(fourierOutputAVX2)
	},
	Combine: func(c *Combine) { c.check(); c.pieces(combineAVX2) },
	Sums:    func(s *Sums) { s.check(); sumsNative(isaAVX2, s) },
	Dot:     func(d *Dot) { d.check(); dotNative(isaAVX2, d) },
	SGD:     func(s *SGD) { s.check(); sgdNative(isaAVX2, s) },
}

// An isa is an instruction set extension. Kernels whose arguments are
// translated for the assembly pick their functions by it in a switch: direct
// calls, unlike calls through function values, leave the arguments on the
// stack.
type isa int

const (
	isaAVX512 isa = iota
	isaAVX2
)
