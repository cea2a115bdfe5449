package main

import "srn/pkg/device"

// work is what an operation has to do at least: arithmetic, counted as what a
// fused multiply-add unit could have done in its time (two for each lane of
// each instruction), and bytes to and from memory. Both are for one image.
type work struct{ flop, bytes float64 }

func (w work) plus(o work) work { return work{w.flop + o.flop, w.bytes + o.bytes} }

// tiling is what a convolution takes for each tile of 4×4 outputs.
type tiling struct {
	products int // for each pair of channels
	// Instructions a channel of the transforms, with common terms shared.
	x, y   int // of the convolution
	dy, dx int // of the gradient in the input
	xw, gw int // of the gradient in the weights
}

// tilings are those of the strides. Winograd's F(4×4, 3×3): 12 transforms of six
// values at 12 instructions; 10 to four values at 10; 10 from four values at 8.
// Minimal filtering for stride 2: 18 of nine values at 9; 11 to four values at
// 10; for gradients 14 of five values at 9, which serve both; 17 to four values
// at 8; 17 from four values at 7.
var tilings = map[int]tiling{
	1: {products: 36, x: 144, y: 100, dy: 144, dx: 100, xw: 144, gw: 80},
	2: {products: 81, x: 162, y: 110, dy: 126, dx: 136, xw: 119},
}

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

// tiled is how a convolution is counted by tiles, and how many there are.
func tiled(s device.ConvShape) (t tiling, tiles int, ok bool) {
	size := s.Size / s.Stride
	return tilings[s.Stride], size * size / 16, s.In%16 == 0 && size%4 == 0
}

// direct is the arithmetic of terms convolutions, or gradients of one kind.
func direct(s device.ConvShape, terms int) work {
	size := s.Size / s.Stride
	return work{flop: float64(2 * 9 * s.In * s.Out * size * size * terms)}
}

// forward is the arithmetic of a sum of terms convolutions of inputs.
func forward(s device.ConvShape, terms int) work {
	t, tiles, ok := tiled(s)
	if !ok {
		return direct(s, terms)
	}
	return work{flop: float64(2 * tiles * (terms*(t.products*s.In*s.Out+t.x*s.In) + t.y*s.Out))}
}

// backward is the arithmetic of a gradient in the input that is the sum of
// terms products.
func backward(s device.ConvShape, terms int) work {
	t, tiles, ok := tiled(s)
	if !ok {
		return direct(s, terms)
	}
	return work{flop: float64(2 * tiles * (terms*(t.products*s.In*s.Out+t.dy*s.Out) + t.dx*s.In))}
}

// correlating is the arithmetic of a weight gradient that is the sum of
// terms products, each with an operand of its own on both sides.
func correlating(s device.ConvShape, terms int) work {
	t, tiles, ok := tiled(s)
	if !ok {
		return direct(s, terms)
	}
	return work{flop: float64(2 * tiles * terms * (t.products*s.In*s.Out + t.xw*s.In + t.gw*s.Out))}
}
