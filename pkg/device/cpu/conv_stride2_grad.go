package cpu

import kernels "srn/kernels/cpu"

// Gradients of convolutions with stride 2 (kernels/cpu/generic_stride2_grad.go):
// the tiles of a group of images are transformed to values, which are
// multiplied with a filter's factors and transformed back for the gradient in
// the input, and with those of the inputs for the one in the filter. Both share
// the values of the outputs' gradients. Pixels in even rows and columns meet
// the filter's center alone and are multiplied where they lie.

// gradStride is how far the values of a group's tiles lie apart: padded so
// that they do not fall into the same cache set.
func (c *stride2) gradStride(channels int) int {
	return max(c.perImage(), kernels.Tile)*channels + kernels.Lanes
}

func (c *stride2) clear(w *worker, partial []float32) {
	clear(w.filter[:kernels.Stride2Factors*c.In*c.Out])
}

func (c *stride2) gather(w *worker, partial []float32) {
	w.filters = kernels.Filter{Taps: partial, Freq: w.filter, Len: c.In * c.Out}
	w.kernels.Stride2FilterGrad(&w.filters)
}

func (c *stride2) backward(w *worker, dx view, partial []float32, x, dy []convTerm, lo, hi int) {
	images := hi - lo
	var grads [2]view
	for t := range dy {
		grads[t] = dy[t].images(w, lo, hi)
	}
	if dx.memory != nil {
		dx = dx.from(lo)
		for t := range dy {
			c.gradients(w, grads[t], images)
			c.multiplyGradients(w, dx, grads[t], dy[t].filter.backward, images, t > 0)
		}
		c.tiles(w, w.kernels.Stride2InputGrad, dx, images)
	}
	for t := range x {
		if x[t].zero() {
			continue
		}
		last := len(dy) - 1
		if t > 0 || dx.memory == nil { // else they are there
			c.gradients(w, grads[last-t], images)
		}
		inputs := x[t].images(w, lo, hi)
		c.tiles(w, w.kernels.Stride2InputTile, inputs, images)
		c.multiplyInputs(w, inputs, grads[last-t], images)
	}
}

// gradients leaves the values of output gradients in w.frequency1.
func (c *stride2) gradients(w *worker, dy view, images int) {
	k := &w.gradient
	*k = kernels.Stride2Grad{Freq: w.frequency1, C: c.Out, Row: dy.row, Stride: c.gradStride(c.Out), Count: c.perRow()}
	for i := range images {
		image := dy.at(i)
		for r := range c.perRow() {
			k.Image, k.Below = image[4*r*dy.row:], nil
			if r < c.perRow()-1 {
				k.Below = image[4*(r+1)*dy.row:]
			}
			k.First = i*c.perImage() + r*c.perRow()
			w.kernels.Stride2OutputGrad(k)
		}
	}
}

// tiles runs a transform between w.frequency2 and images of the input's shape.
func (c *stride2) tiles(w *worker, kernel func(*kernels.Stride2Grad), v view, images int) {
	k := &w.gradient
	*k = kernels.Stride2Grad{Freq: w.frequency2, C: c.In, Row: v.row, Stride: c.gradStride(c.In), Count: c.perRow()}
	for i := range images {
		for r := range c.perRow() {
			k.Image, k.First = v.at(i)[8*r*v.row:], i*c.perImage()+r*c.perRow()
			kernel(k)
		}
	}
}

// multiplyGradients leaves the products of output gradients with a filter in
// w.frequency2 and the even pixels of dx, or adds them to what is there.
func (c *stride2) multiplyGradients(w *worker, dx, dy view, filter []float32, images int, accumulate bool) {
	n, tiles, size := c.In*c.Out, images*c.perImage(), c.Size/2
	in, out := c.gradStride(c.In), c.gradStride(c.Out)
	g := &w.gemm
	for _, p := range kernels.Stride2Grads {
		*g = kernels.Gemm{A: w.frequency1[p.Value*out:], B: filter[p.Factor*n:], C: w.frequency2[p.Value*in:],
			M: p.Positions * tiles, N: c.In, K: c.Out, LdA: c.Out, LdB: c.In, LdC: c.In, Segments: 1,
			Batch: p.Count, BatchA: p.Positions * out, BatchB: n, BatchC: p.Positions * in,
			Accumulate: accumulate}
		values := p.Count * p.Positions
		if !accumulate { // to each product its share of dx
			share := images * dx.image
			g.Prefetch2 = dx.memory[share*p.Value/kernels.Stride2GradValues : share*(p.Value+values)/kernels.Stride2GradValues]
		}
		g.Prefetch1 = w.upcoming(values * tiles * n)
		w.kernels.Gemm(g)
	}
	for i := range images {
		*g = kernels.Gemm{A: dy.at(i), B: filter[kernels.Stride2Center*n:], C: dx.at(i),
			M: size, N: c.In, K: c.Out, LdA: c.Out, LdB: c.In, LdC: 2 * c.In, Segments: 1,
			Batch: size, BatchA: dy.row, BatchC: 2 * dx.row,
			Accumulate: accumulate, Prefetch1: w.upcoming(size * size * n)}
		w.kernels.Gemm(g)
	}
}

// multiplyInputs adds the products of inputs with output gradients to the
// filter's accumulators.
func (c *stride2) multiplyInputs(w *worker, x, dy view, images int) {
	n, tiles, size := c.In*c.Out, images*c.perImage(), c.Size/2
	in, out := c.gradStride(c.In), c.gradStride(c.Out)
	g := &w.gemmT
	for _, p := range kernels.Stride2Grads {
		*g = kernels.GemmT{A: w.frequency2[p.Value*in:], B: w.frequency1[p.Value*out:], C: w.filter[p.Factor*n:],
			M: c.In, N: c.Out, K: p.Positions * tiles, LdA: c.In, LdB: c.Out, LdC: c.Out, Segments: 1,
			Batch: p.Count, BatchA: p.Positions * in, BatchB: p.Positions * out, BatchC: n}
		g.Prefetch1 = w.upcoming(p.Count * p.Positions * tiles * n)
		w.kernels.GemmT(g)
	}
	for i := range images {
		*g = kernels.GemmT{A: x.at(i), B: dy.at(i), C: w.filter[kernels.Stride2Center*n:],
			M: c.In, N: c.Out, K: size, LdA: 2 * c.In, LdB: c.Out, LdC: c.Out,
			Segments: size, SegA: 2 * x.row, SegB: dy.row, Batch: 1,
			Prefetch1: w.upcoming(size * size * n)}
		w.kernels.GemmT(g)
	}
}
