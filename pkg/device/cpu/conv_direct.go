package cpu

import (
	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// direct computes convolutions as products over contiguous pixels: a row of
// outputs reads, for each row of the filter, runs of 3 pixels that overlap.
// It serves the first layer, and all others where the kernels have no
// transforms or outputs are not a whole number of tiles.
type direct struct {
	device.ConvShape
	width int // input channels that data gradients are computed with: a multiple of kernels.Lanes
}

func newDirect(b *Backend, s device.ConvShape) *direct {
	c := &direct{s, (s.In + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes}
	if c.width > s.In {
		for _, w := range b.workers {
			grow(&w.wide, s.Size*s.Size*c.width)
		}
	}
	return c
}

func (c *direct) filterLen() (forward, backward int) {
	return 9 * c.In * c.Out, 9 * c.width * c.Out
}

// phase is the part of a stride-2 data gradient at pixels of one parity: a
// stride-1 convolution with the taps that reach them. Along one axis, even
// positions 2i are reached by tap 1 from output i, odd ones 2i+1 by tap 2
// from output i and by tap 0 from output i+1.
type phase struct {
	y, x   int   // parity
	ky, kx []int // taps, in the order of the outputs they read
	offset int   // of its filter, in taps
}

var phases = []phase{
	{0, 0, []int{1}, []int{1}, 0},
	{0, 1, []int{1}, []int{2, 0}, 1},
	{1, 0, []int{2, 0}, []int{1}, 3},
	{1, 1, []int{2, 0}, []int{2, 0}, 5},
}

func (c *direct) prepare(w *worker, f *filter, weights []float32) {
	tapsForward(f.forward, weights, c.In, c.Out)
	n := c.In * c.Out
	tapsBackward(w.taps, weights, c.In, c.Out)
	if c.Stride == 1 {
		for k := range 9 {
			for o := range c.Out {
				copy(f.backward[(k*c.Out+o)*c.width:], w.taps[k*n+o*c.In:][:c.In])
			}
		}
		return
	}
	for _, p := range phases {
		to := f.backward[p.offset*n:]
		for _, y := range p.ky {
			for _, x := range p.kx {
				copy(to[:n], w.taps[(8-3*y-x)*n:])
				to = to[n:]
			}
		}
	}
}

func (c *direct) forward(w *worker, y view, x []convTerm, lo, hi int) {
	for t := range x {
		images := x[t].bordered(w, lo, hi)
		for i := lo; i < hi; i++ {
			c.image(w, y, i, images, x[t].filter, i-lo, t > 0, nil)
		}
	}
}

func (c *direct) activate(w *worker, a *activation, x convTerm, lo, hi int) {
	images := x.bordered(w, lo, hi)
	if a.residual.memory == nil {
		for i := lo; i < hi; i++ {
			c.image(w, a.z, i, images, x.filter, i-lo, false, a.coef[:2*c.Out])
		}
		return
	}
	size := c.Size / c.Stride
	sum := operand{src: [4]view{a.z, a.residual}, sources: 2, coef: a.coef, post: kernels.ReLU, channels: c.Out, height: size, width: size}
	for i := lo; i < hi; i++ {
		c.image(w, a.z, i, images, x.filter, i-lo, false, nil)
		sum.store(w, a.z.from(i), i, i+1)
	}
}

// image computes image i of y, or adds to it, from image from of inputs with
// borders. With coefficients it is activated.
func (c *direct) image(w *worker, y view, i int, x []float32, f *filter, from int, accumulate bool, coef []float32) {
	size := c.Size / c.Stride
	row := (c.Size + 2) * c.In
	g := &w.gemm
	*g = kernels.Gemm{A: x[from*(c.Size+2)*row:], B: f.forward, C: y.at(i),
		M: size, N: c.Out, K: 3 * c.In, LdA: c.Stride * c.In, LdB: c.Out, LdC: c.Out,
		Segments: 3, SegA: row,
		Batch: size, BatchA: c.Stride * row, BatchC: y.row, Accumulate: accumulate, Coef: coef,
		Prefetch1: w.upcoming(9 * size * size * c.In * c.Out), Prefetch2: y.pixels(i)}
	w.kernels.Gemm(g)
}

func (c *direct) backward(w *worker, dx view, partial []float32, x, dy []convTerm, lo, hi int) {
	var grads [2][]float32
	for t := range dy {
		grads[t] = dy[t].bordered(w, lo, hi)
		switch {
		case dx.memory == nil:
		case c.Stride == 1:
			c.backwardSame(w, dx, grads[t], dy[t].filter, lo, hi, t > 0)
		default:
			c.backwardPhases(w, dx, grads[t], dy[t].filter, lo, hi, t > 0)
		}
	}
	for t := range x {
		if !x[t].zero() {
			c.backwardWeights(w, partial, x[t].bordered(w, lo, hi), grads[len(dy)-1-t], hi-lo)
		}
	}
}

// backwardPhases computes dx, or adds to it, where the stride is 2.
func (c *direct) backwardPhases(w *worker, dx view, dy []float32, f *filter, lo, hi int, accumulate bool) {
	size := c.Size / 2
	row := (size + 2) * c.Out
	g := &w.gemm
	for i := lo; i < hi; i++ {
		image := dx.at(i)
		for _, p := range phases {
			*g = kernels.Gemm{
				A: dy[(i-lo)*(size+2)*row+row+c.Out:],
				B: f.backward[p.offset*c.In*c.Out:],
				C: image[p.y*dx.row+p.x*c.In:],
				M: size, N: c.In, K: len(p.kx) * c.Out, LdA: c.Out, LdB: c.In, LdC: 2 * c.In,
				Segments: len(p.ky), SegA: row,
				Batch: size, BatchA: row, BatchC: 2 * dx.row, Accumulate: accumulate,
				Prefetch1: w.upcoming(len(p.ky) * len(p.kx) * size * size * c.In * c.Out)}
			w.kernels.Gemm(g)
		}
	}
}

// backwardSame computes dx, or adds to it, where the stride is 1. The first
// layer's 3 channels are computed among as many as the kernel wants, and picked.
func (c *direct) backwardSame(w *worker, dx view, dy []float32, f *filter, lo, hi int, accumulate bool) {
	size := c.Size
	row := (size + 2) * c.Out
	g := &w.gemm
	for i := lo; i < hi; i++ {
		image := dx.pixels(i)
		to, add := image, accumulate
		if c.width > c.In {
			to, add = w.wide[:size*size*c.width], false
		}
		*g = kernels.Gemm{A: dy[(i-lo)*(size+2)*row:], B: f.backward, C: to,
			M: size, N: c.width, K: 3 * c.Out, LdA: c.Out, LdB: c.width, LdC: c.width,
			Segments: 3, SegA: row,
			Batch: size, BatchA: row, BatchC: size * c.width, Accumulate: add,
			Prefetch1: w.upcoming(9 * size * size * c.width * c.Out)}
		w.kernels.Gemm(g)
		if c.width == c.In {
			continue
		}
		for p := range size * size {
			pixel, from := image[p*c.In:(p+1)*c.In], to[p*c.width:]
			if !accumulate {
				copy(pixel, from)
				continue
			}
			for k := range pixel {
				pixel[k] += from[k]
			}
		}
	}
}

func (c *direct) clear(w *worker, partial []float32) { clear(partial) }

func (c *direct) backwardWeights(w *worker, partial []float32, x, dy []float32, images int) {
	size := c.Size / c.Stride
	row, dyRow := (c.Size+2)*c.In, (size+2)*c.Out
	g := &w.gemmT
	for i := range images {
		*g = kernels.GemmT{A: x[i*(c.Size+2)*row:], B: dy[i*(size+2)*dyRow+dyRow+c.Out:], C: partial,
			M: 3 * c.In, N: c.Out, K: size, LdA: c.Stride * c.In, LdB: c.Out, LdC: c.Out,
			Segments: size, SegA: c.Stride * row, SegB: dyRow,
			Batch: 3, BatchA: row, BatchC: 3 * c.In * c.Out,
			Prefetch1: w.upcoming(9 * size * size * c.In * c.Out)}
		w.kernels.GemmT(g)
	}
}

func (c *direct) gather(w *worker, partial []float32) {}
