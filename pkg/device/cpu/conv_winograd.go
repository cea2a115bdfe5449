package cpu

import (
	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// frequencies of F(4×4, 3×3)
const frequencies = 36

// winograd computes stride-1 convolutions by F(4×4, 3×3): a block of tiles is
// transformed, multiplied at each of 36 frequencies, and transformed back
// while it stays in the second-level cache.
type winograd struct {
	device.ConvShape
	tiles int // of a block
}

func newWinograd(b *Backend, s device.ConvShape) *winograd {
	c := &winograd{s, max(blockTiles(max(s.In, s.Out)), s.Size/4)}
	for _, w := range b.workers {
		n := frequencies * c.stride(max(s.In, s.Out))
		grow(&w.frequency1, n)
		grow(&w.frequency2, n)
		grow(&w.filter, frequencies*s.In*s.Out)
	}
	return c
}

// blockTiles is how many tiles with so many channels a block should have: as
// many as take 150 KB, because products with more of them are faster; what is
// gained beyond 32 is lost in the caches again.
func blockTiles(channels int) int { return min(32, 1024/channels) }

// stride between frequencies of a block, padded so that they do not fall
// into the same cache set.
func (c *winograd) stride(channels int) int { return c.tiles*channels + kernels.Lanes }

// images that fill a block.
func (c *winograd) group() int { return max(1, c.tiles*16/(c.Size*c.Size)) }

func (c *winograd) filterLen() (forward, backward int) {
	n := frequencies * c.In * c.Out
	return n, n
}

func (c *winograd) prepare(w *worker, f *filter, weights []float32) {
	n := c.In * c.Out
	tapsForward(w.taps, weights, c.In, c.Out)
	w.filters = kernels.Filter{Taps: w.taps[:9*n], Freq: f.forward, Len: n}
	w.kernels.WinogradFilter(&w.filters)
	// The data gradient is a convolution with the filter turned by 180°.
	tapsBackward(w.taps, weights, c.In, c.Out)
	w.filters.Freq = f.backward
	w.kernels.WinogradFilter(&w.filters)
}

// block is a run of whole rows of tiles.
type block struct{ firstRow, rows, tiles int }

// nextBlock is the block that starts at a row of tiles, of total rows.
func (c *winograd) nextBlock(row, total int) block {
	perRow := c.Size / 4
	rows := min(c.tiles/perRow, total-row)
	return block{row, rows, rows * perRow}
}

// tile is the memory from the first tile of a row of tiles on, of rows counted
// through all images.
func (c *winograd) tile(v *view, row int) []float32 {
	perRow := c.Size / 4
	return v.at(row / perRow)[row%perRow*4*v.row:]
}

// input transforms the patches of a block of images.
func (c *winograd) input(w *worker, freq []float32, images view, channels int, b block) {
	perRow := c.Size / 4
	k := &w.winograd
	*k = kernels.Winograd{C: channels, Row: images.row, Stride: c.stride(channels), Count: perRow}
	for i := range b.rows {
		row := (b.firstRow + i) % perRow
		image := images.at((b.firstRow + i) / perRow)
		k.Image, k.Above, k.Below = image[4*row*images.row:], nil, nil
		if row > 0 {
			k.Above = image[(4*row-1)*images.row:]
		}
		if row < perRow-1 {
			k.Below = image[(4*row+4)*images.row:]
		}
		k.Freq = freq[i*perRow*channels:]
		w.kernels.WinogradInput(k)
	}
}

// eachTile runs the transform of outputs or of their gradients over a block of images.
func (c *winograd) eachTile(w *worker, kernel func(*kernels.Winograd), freq []float32, images view, channels int, b block) {
	perRow := c.Size / 4
	k := &w.winograd
	*k = kernels.Winograd{C: channels, Row: images.row, Stride: c.stride(channels), Count: perRow}
	for i := range b.rows {
		k.Image, k.Freq = c.tile(&images, b.firstRow+i), freq[i*perRow*channels:]
		kernel(k)
	}
}

func (c *winograd) forward(w *worker, y view, x []convTerm, lo, hi int) {
	var images [2]view
	var filters [2][]float32
	for t := range x {
		images[t], filters[t] = x[t].images(w, lo, hi), x[t].filter.forward
	}
	c.convolve(w, y.from(lo), images[:len(x)], filters[:len(x)], hi-lo, c.In, c.Out)
}

// convolve computes the first images of y.
func (c *winograd) convolve(w *worker, y view, x []view, filters [][]float32, images, in, out int) {
	total := images * c.Size / 4
	for b := c.nextBlock(0, total); b.rows > 0; b = c.nextBlock(b.firstRow+b.rows, total) {
		for t := range x {
			c.multiply(w, y, x[t], filters[t], b, in, out, t > 0, t == len(x)-1)
		}
		c.eachTile(w, w.kernels.WinogradOutput, w.frequency2, y, out, b)
	}
}

func (c *winograd) activate(w *worker, a *activation, x convTerm, lo, hi int) {
	z, residual := a.z.from(lo), a.residual
	if residual.memory != nil {
		residual = residual.from(lo)
	}
	input := x.images(w, lo, hi)
	perRow := c.Size / 4
	total := (hi - lo) * perRow
	k := &w.winograd
	for b := c.nextBlock(0, total); b.rows > 0; b = c.nextBlock(b.firstRow+b.rows, total) {
		c.multiply(w, z, input, x.filter.forward, b, c.In, c.Out, false, true)
		*k = kernels.Winograd{C: c.Out, Row: z.row, Stride: c.stride(c.Out), Count: perRow, Coef: a.coef}
		for i := range b.rows {
			k.Image, k.Freq = c.tile(&z, b.firstRow+i), w.frequency2[i*perRow*c.Out:]
			if residual.memory != nil {
				k.Residual = c.tile(&residual, b.firstRow+i)
			}
			w.kernels.WinogradActivate(k)
		}
	}
}

// multiply leaves the product of a block's inputs with a filter in
// w.frequency2, or adds it to what is there; y is where the block's outputs
// will be written, after the last product.
func (c *winograd) multiply(w *worker, y, x view, filter []float32, b block, in, out int, accumulate, last bool) {
	freq := w.frequency1
	if in == kernels.Lanes && out == kernels.Lanes && !accumulate {
		freq = w.frequency2 // in place, which leaves more of the first-level cache to the weights
	}
	c.input(w, freq, x, in, b)
	g := &w.gemm
	*g = kernels.Gemm{A: freq, B: filter, C: w.frequency2,
		M: b.tiles, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
		Batch: frequencies, BatchA: c.stride(in), BatchB: in * out, BatchC: c.stride(out),
		Accumulate: accumulate}
	if last {
		outputs := c.tile(&y, b.firstRow)
		g.Prefetch2 = outputs[:min(4*b.rows*y.row, len(outputs))]
	}
	g.Prefetch1 = w.upcoming(frequencies * b.tiles * in * out)
	w.kernels.Gemm(g)
}

func (c *winograd) clear(w *worker, partial []float32) { clear(w.filter[:frequencies*c.In*c.Out]) }

func (c *winograd) backward(w *worker, dx view, partial []float32, x, dy []convTerm, lo, hi int) {
	var grads [2]view
	var filters [2][]float32
	for t := range dy {
		grads[t], filters[t] = dy[t].images(w, lo, hi), dy[t].filter.backward
	}
	if dx.memory != nil {
		c.convolve(w, dx.from(lo), grads[:len(dy)], filters[:len(dy)], hi-lo, c.Out, c.In)
	}
	for t := range x {
		if !x[t].zero() {
			c.backwardWeights(w, x[t].images(w, lo, hi), grads[len(dy)-1-t], hi-lo)
		}
	}
}

func (c *winograd) backwardWeights(w *worker, x, dy view, images int) {
	g := &w.gemmT
	total := images * c.Size / 4
	for b := c.nextBlock(0, total); b.rows > 0; b = c.nextBlock(b.firstRow+b.rows, total) {
		c.input(w, w.frequency1, x, c.In, b)
		c.eachTile(w, w.kernels.WinogradGrad, w.frequency2, dy, c.Out, b)
		*g = kernels.GemmT{A: w.frequency1, B: w.frequency2, C: w.filter,
			M: c.In, N: c.Out, K: b.tiles, LdA: c.In, LdB: c.Out, LdC: c.Out, Segments: 1,
			Batch: frequencies, BatchA: c.stride(c.In), BatchB: c.stride(c.Out), BatchC: c.In * c.Out,
			Prefetch1: w.upcoming(frequencies * b.tiles * c.In * c.Out)}
		w.kernels.GemmT(g)
	}
}

func (c *winograd) gather(w *worker, partial []float32) {
	w.filters = kernels.Filter{Taps: partial, Freq: w.filter, Len: c.In * c.Out}
	w.kernels.WinogradFilterGrad(&w.filters)
}
