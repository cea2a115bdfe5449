package cpu

import (
	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// stride2 computes convolutions with stride 2 by minimal filtering of their
// even and odd positions (kernels/cpu/generic_stride2.go): the tiles of a
// group of images are transformed to values, whose products with a filter's
// factors are added up within products of matrices, and transformed back.
// conv_stride2_grad.go has its gradients.
type stride2 struct{ device.ConvShape }

func newStride2(b *Backend, s device.ConvShape) *stride2 {
	c := &stride2{s}
	tiles := max(c.perImage(), kernels.Tile)
	for _, w := range b.workers {
		grow(&w.frequency1, max(tiles*kernels.Stride2Values*s.In, kernels.Stride2GradValues*c.gradStride(s.Out)))
		grow(&w.frequency2, max(tiles*kernels.Stride2Products*s.Out, kernels.Stride2GradValues*c.gradStride(s.In)))
		grow(&w.filter, kernels.Stride2Values*s.In*s.Out)
	}
	return c
}

// images that make kernels.Tile tiles.
func (c *stride2) group() int { return max(1, kernels.Tile/c.perImage()) }

// perRow and perImage count tiles.
func (c *stride2) perRow() int   { return c.Size / 8 }
func (c *stride2) perImage() int { return c.perRow() * c.perRow() }

func (c *stride2) filterLen() (forward, backward int) {
	return kernels.Stride2Values * c.In * c.Out, kernels.Stride2Factors * c.In * c.Out
}

func (c *stride2) prepare(w *worker, f *filter, weights []float32) {
	n := c.In * c.Out
	tapsForward(w.taps, weights, c.In, c.Out)
	w.filters = kernels.Filter{Taps: w.taps[:9*n], Freq: f.forward, Len: n}
	w.kernels.Stride2Filter(&w.filters)
	tapsBackward(w.taps, weights, c.In, c.Out)
	w.filters.Freq = w.filter
	w.kernels.Stride2Filter(&w.filters)
	for to, from := range kernels.Stride2GradFactors {
		copy(f.backward[to*n:(to+1)*n], w.filter[from*n:])
	}
}

func (c *stride2) forward(w *worker, y view, x []convTerm, lo, hi int) {
	y = y.from(lo)
	for t := range x {
		c.multiply(w, y, &x[t], lo, hi, t > 0)
	}
	k := &w.stride2
	*k = kernels.Stride2{C: c.Out, Row: y.row, Count: c.perRow()}
	for i := range hi - lo {
		for r := range c.perRow() {
			k.Image, k.Freq = y.at(i)[4*r*y.row:], c.products(w, i, r)
			w.kernels.Stride2Output(k)
		}
	}
}

func (c *stride2) activate(w *worker, a *activation, x convTerm, lo, hi int) {
	z, residual := a.z.from(lo), a.residual
	if residual.memory != nil {
		residual = residual.from(lo)
	}
	c.multiply(w, z, &x, lo, hi, false)
	k := &w.stride2
	*k = kernels.Stride2{C: c.Out, Row: z.row, Count: c.perRow(), Coef: a.coef}
	for i := range hi - lo {
		for r := range c.perRow() {
			k.Image, k.Freq = z.at(i)[4*r*z.row:], c.products(w, i, r)
			if residual.memory != nil {
				k.Residual = residual.at(i)[4*r*z.row:]
			}
			w.kernels.Stride2Activate(k)
		}
	}
}

// products are those of a row of an image's tiles.
func (c *stride2) products(w *worker, image, row int) []float32 {
	return w.frequency2[(image*c.perImage()+row*c.perRow())*kernels.Stride2Products*c.Out:]
}

// multiply leaves the sums of products of images in w.frequency2, or adds them
// to what is there; y is where the outputs will be written.
func (c *stride2) multiply(w *worker, y view, t *convTerm, lo, hi int, accumulate bool) {
	x, images := t.images(w, lo, hi), hi-lo
	k := &w.stride2
	*k = kernels.Stride2{C: c.In, Row: x.row, Count: c.perRow()}
	for i := range images {
		image := x.at(i)
		k.Above = nil
		for r := range c.perRow() {
			k.Image = image[8*r*x.row:]
			k.Freq = w.frequency1[(i*c.perImage()+r*c.perRow())*kernels.Stride2Values*c.In:]
			w.kernels.Stride2Input(k)
			k.Above = k.Image[7*x.row:]
		}
	}
	n, tiles := c.In*c.Out, images*c.perImage()
	g := &w.gemm
	for _, s := range kernels.Stride2Sums {
		values := s.Count * s.Slots
		*g = kernels.Gemm{A: w.frequency1[s.Value*c.In:], B: t.filter.forward[s.Value*n:], C: w.frequency2[s.Product*c.Out:],
			M: tiles, N: c.Out, K: s.Slots * c.In, LdA: kernels.Stride2Values * c.In, LdB: c.Out, LdC: kernels.Stride2Products * c.Out,
			Segments: 1, Batch: s.Count, BatchA: s.Slots * c.In, BatchB: s.Slots * n, BatchC: c.Out,
			Accumulate: accumulate}
		if !accumulate { // to each product its share of the outputs
			share := images * y.image
			g.Prefetch2 = y.memory[share*s.Value/kernels.Stride2Values : share*(s.Value+values)/kernels.Stride2Values]
		}
		g.Prefetch1 = w.upcoming(values * tiles * n)
		w.kernels.Gemm(g)
	}
}
