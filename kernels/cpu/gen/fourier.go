package main

import (
	"fmt"
	"math"
)

// Registers of the Fourier transforms.
const (
	fouFreq   = "DI"
	fouCursor = "AX"  // walks over the frequencies in the order they are stored in
	fouPixel  = "BX"  // bytes from position to position
	fouPixel3 = "DX"  // 3 positions
	fouPixel5 = "R11" // 5 positions
	fouPixel7 = "R12" // 7 positions
	fouFreq1  = "R13" // bytes from frequency to frequency
	fouFreq3  = "R14"
	fouFreq5  = "R15"
	fouLanes  = "CX" // vectors of channels left
)

// fouImage are the addresses of positions 0, 8, 16 and 24.
var fouImage = [4]string{"SI", "R8", "R9", "R10"}

const (
	fouWindow = 32 // cpu.FourierWindow
	fouStep   = 24 // cpu.FourierStep
)

// A fourier writes the transforms of generic_fourier.go, with the twiddle
// factors in the scales of vectors.
type fourier struct{ *line }

// A bin is a complex frequency. The first and the last one of a real
// transform have no imaginary part.
type bin struct{ re, im vector }

func writeFourier(a *assembler) {
	writeWindows(a, "fourierInput", "transforms windows of positions to frequencies.", func(f fourier) {
		stored := func(k int, b bin) {
			for i, v := range f.stored(k, b) {
				f.store(v, f.frequency(i, k))
			}
		}
		f.analyse(fouWindow, 0, 1, stored)
	})
	writeWindows(a, "fourierOutput", "transforms frequencies to the first positions of windows.", func(f fourier) {
		f.synthesise(fouWindow, f.loaded, 0, 1)
	})
}

// writeWindows writes the loops over windows and channels.
func writeWindows(a *assembler, name, doc string, body func(fourier)) {
	const windows, channels = "(SP)", "8(SP)" // windows left, bytes of channels
	a.framed(name+a.name, "f", "Fourier", doc, func() int {
		a.op("MOVQ", "f+0(FP)", fouCursor)
		a.op("MOVQ", fmt.Sprintf("Fourier_Image(%s)", fouCursor), fouImage[0])
		a.op("MOVQ", fmt.Sprintf("Fourier_Freq(%s)", fouCursor), fouFreq)
		a.op("MOVQ", fmt.Sprintf("Fourier_Row(%s)", fouCursor), fouPixel)
		a.op("MOVQ", fmt.Sprintf("Fourier_Stride(%s)", fouCursor), fouFreq1)
		a.op("MOVQ", fmt.Sprintf("Fourier_Count(%s)", fouCursor), fouLanes)
		a.op("MOVQ", fouLanes, windows)
		a.op("MOVQ", fmt.Sprintf("Fourier_C(%s)", fouCursor), fouLanes)
		a.op("SHLQ", "$2", fouLanes)
		a.op("MOVQ", fouLanes, channels)
		a.op("SHLQ", "$2", fouPixel)
		a.op("SHLQ", "$2", fouFreq1)
		a.op("LEAQ", indexed(fouPixel, fouPixel, 2, 0), fouPixel3)
		a.op("LEAQ", indexed(fouPixel, fouPixel, 4, 0), fouPixel5)
		a.op("LEAQ", indexed(fouPixel3, fouPixel, 4, 0), fouPixel7)
		a.op("LEAQ", indexed(fouFreq1, fouFreq1, 2, 0), fouFreq3)
		a.op("LEAQ", indexed(fouFreq1, fouFreq1, 4, 0), fouFreq5)
		for i := range 3 {
			a.op("LEAQ", indexed(fouImage[i], fouPixel, 8, 0), fouImage[i+1])
		}
		a.label("window")
		a.op("MOVQ", channels, fouLanes)
		a.op("SHRQ", imm(a.shift()+2), fouLanes)
		a.label("lanes")
		code := &line{assembler: a, frame: 16}
		body(fourier{code})
		frame := code.write()
		for _, reg := range append(fouImage[:], fouFreq) {
			a.op("ADDQ", imm(a.bytes), reg)
		}
		a.op("DECQ", fouLanes)
		a.op("JNZ", "lanes")
		a.comment("Back to the first channel and on by %d positions.", fouStep)
		for _, reg := range fouImage {
			a.op("SUBQ", channels, reg)
			a.op("LEAQ", indexed(reg, fouPixel3, fouStep/3, 0), reg)
		}
		a.op("DECQ", windows)
		a.op("JNZ", "window")
		a.ret()
		return frame
	})
}

// position returns the operand of a position.
func (f fourier) position(p int) string {
	base := fouImage[p/8]
	switch p % 8 {
	case 3:
		return indexed(base, fouPixel3, 1, 0)
	case 5:
		return indexed(base, fouPixel5, 1, 0)
	case 6:
		return indexed(base, fouPixel3, 2, 0)
	case 7:
		return indexed(base, fouPixel7, 1, 0)
	}
	return indexed(base, fouPixel, p%8, 0)
}

// frequency returns the operand of number i of what is stored for bin k and
// moves the cursor: bins 0 and 16 come first, then pairs k and 16−k, then 8.
func (f fourier) frequency(i, k int) string {
	if i == 0 {
		switch k {
		case 0:
			f.other("MOVQ %s, %s", fouFreq, fouCursor)
		case 1:
			f.other("LEAQ (%s)(%s*2), %s", fouCursor, fouFreq1, fouCursor)
		case 2, 3, 4, 5, 6, 7, 8:
			f.other("LEAQ (%s)(%s*2), %s", fouCursor, fouFreq3, fouCursor)
		}
	}
	switch {
	case k == fouWindow/2:
		i = 1
	case k > fouWindow/4:
		i += 3
	}
	switch i {
	case 3:
		return indexed(fouCursor, fouFreq3, 1, 0)
	case 5:
		return indexed(fouCursor, fouFreq5, 1, 0)
	}
	return indexed(fouCursor, fouFreq1, i, 0)
}

// stored returns the products' factors of a bin: its parts and their sum.
func (f fourier) stored(k int, b bin) []vector {
	if k == 0 || k == fouWindow/2 {
		return []vector{b.re}
	}
	return []vector{b.re, b.im, f.sum(b.re, b.im)}
}

// loaded returns bin k from its products.
func (f fourier) loaded(k int) bin {
	p := f.load(f.frequency(0, k))
	if k == 0 || k == fouWindow/2 {
		return bin{re: p}
	}
	q := f.load(f.frequency(1, k))
	both := f.load(f.frequency(2, k))
	return bin{f.difference(p, q), f.difference(both, f.sum(p, q))}
}

// twiddle returns e^{2πik/n} times a bin, or its conjugate times it.
func (f fourier) twiddle(b bin, k, n int, conjugate bool) bin {
	s, c := math.Sincos(2 * math.Pi * float64(k) / float64(n))
	if conjugate {
		s = -s
	}
	return bin{
		f.difference(b.re.times(c), b.im.times(s)),
		f.sum(b.im.times(c), b.re.times(s)),
	}
}

// analyse transforms n positions, step apart. Bins come in the order in which
// they are stored.
func (f fourier) analyse(n, first, step int, found func(k int, b bin)) {
	if n == 2 {
		a, b := f.load(f.position(first)), f.load(f.position(first+step))
		found(0, bin{re: f.sum(a, b)})
		found(1, bin{re: f.difference(a, b)})
		return
	}
	even, odd := make([]bin, n/4+1), make([]bin, n/4+1)
	f.analyse(n/2, first, 2*step, func(k int, b bin) { even[k] = b })
	f.analyse(n/2, first+step, 2*step, func(k int, b bin) { odd[k] = b })
	found(0, bin{re: f.sum(even[0].re, odd[0].re)})
	found(n/2, bin{re: f.difference(even[0].re, odd[0].re)})
	for k := 1; k < n/4; k++ {
		e, o := even[k], f.twiddle(odd[k], k, n, false)
		found(k, bin{f.sum(e.re, o.re), f.sum(e.im, o.im)})
		found(n/2-k, bin{f.difference(e.re, o.re), f.difference(o.im, e.im)})
	}
	found(n/4, bin{even[n/4].re, odd[n/4].re})
}

// synthesise is the inverse times n; it stores the positions that are wanted.
func (f fourier) synthesise(n int, bins func(k int) bin, first, step int) {
	a, b := bins(0), bins(n/2)
	if n == 2 {
		f.wanted(f.sum(a.re, b.re), first)
		f.wanted(f.difference(a.re, b.re), first+step)
		return
	}
	even, odd := make([]bin, n/4+1), make([]bin, n/4+1)
	even[0].re, odd[0].re = f.sum(a.re, b.re), f.difference(a.re, b.re)
	for k := 1; k < n/4; k++ {
		a, b := bins(k), bins(n/2-k)
		even[k] = bin{f.sum(a.re, b.re), f.difference(a.im, b.im)}
		odd[k] = f.twiddle(bin{f.difference(a.re, b.re), f.sum(a.im, b.im)}, k, n, true)
	}
	middle := bins(n / 4)
	even[n/4].re, odd[n/4].re = middle.re.times(2), middle.im.times(2)
	f.synthesise(n/2, func(k int) bin { return even[k] }, first, 2*step)
	f.synthesise(n/2, func(k int) bin { return odd[k] }, first+step, 2*step)
}

func (f fourier) wanted(v vector, p int) {
	if p < fouStep {
		f.store(v, f.position(p))
	}
}
