package main

import "srn/pkg/device"

// work is what an operation has to do at least: arithmetic, counted as what a
// fused multiply-add unit could have done in its time (two for each lane of
// each instruction), and bytes to and from memory. Both are for one image.
type work struct{ flop, bytes float64 }

func (w work) plus(o work) work { return work{w.flop + o.flop, w.bytes + o.bytes} }

// Instructions a channel of Winograd's F(4×4, 3×3) transforms of one tile,
// with common terms shared: 12 transforms of six values at 12 instructions;
// 10 to four values at 10; 10 from four values at 8.
const (
	winogradInput  = 144
	winogradOutput = 100
	winogradGrad   = 80
	winogradTaps   = 36 // products of a tile for each pair of channels
)

// The same of the transforms for stride 2: 18 of nine values at 9; 11 to four
// values at 10.
const (
	stride2Input  = 162
	stride2Output = 110
	stride2Taps   = 81
)

// reading is what it takes to evaluate an operand once: its sources are read,
// and each enters by one multiply-add.
func reading(o device.Operand, images int) work {
	var w work
	for _, s := range o.Src {
		w.bytes += 4 * float64(s.Len()) / float64(images)
		if o.Coef != nil {
			w.flop += 2 * float64(s.Len()) / float64(images)
		}
	}
	if o.MaskSrc != nil {
		w.bytes += 4 * float64(o.MaskSrc.Len()) / float64(images)
	}
	return w
}

// writing is what it takes to store a buffer.
func writing(b device.Buffer, images int) work {
	if b == nil {
		return work{}
	}
	return work{bytes: 4 * float64(b.Len()) / float64(images)}
}

// transformed reports whether a convolution is counted as Winograd's.
func transformed(s device.ConvShape) bool { return s.Stride == 1 && s.In%16 == 0 && s.Size%4 == 0 }

// forward is the arithmetic of a sum of terms convolutions of inputs.
func forward(s device.ConvShape, terms int) work {
	if size := s.Size / s.Stride; s.Stride == 2 && s.In%16 == 0 && size%4 == 0 {
		return work{flop: float64(2 * size * size / 16 * (terms*(stride2Taps*s.In*s.Out+stride2Input*s.In) + stride2Output*s.Out))}
	}
	return convolving(s, s.In, s.Out, terms)
}

// convolving is the arithmetic of a sum of terms convolutions of inputs (or,
// turned round, output gradients) with from channels to to channels.
func convolving(s device.ConvShape, from, to, terms int) work {
	size := s.Size / s.Stride
	if !transformed(s) {
		return work{flop: float64(2 * 9 * s.In * s.Out * size * size * terms)}
	}
	tiles := s.Size * s.Size / 16
	return work{flop: float64(2 * tiles * (terms*(winogradTaps*s.In*s.Out+winogradInput*from) + winogradOutput*to))}
}

// correlating is the arithmetic of a weight gradient that is the sum of
// terms products, each with an operand of its own on both sides.
func correlating(s device.ConvShape, terms int) work {
	size := s.Size / s.Stride
	if !transformed(s) {
		return work{flop: float64(2 * 9 * s.In * s.Out * size * size * terms)}
	}
	tiles := s.Size * s.Size / 16
	return work{flop: float64(2 * tiles * terms * (winogradTaps*s.In*s.Out + winogradInput*s.In + winogradGrad*s.Out))}
}
