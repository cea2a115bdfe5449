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
type winograd struct{ device.ConvShape }

// stride between frequencies of a block, padded so that they do not fall
// into the same cache set.
func frequencyStride(channels int) int { return kernels.Tile*channels + kernels.Lanes }

func newWinograd(b *Backend, s device.ConvShape) *winograd {
	for _, w := range b.workers {
		n := frequencies * frequencyStride(max(s.In, s.Out))
		grow(&w.frequency1, n)
		grow(&w.frequency2, n)
		grow(&w.filter, frequencies*s.In*s.Out)
	}
	return &winograd{s}
}

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
	for k := range 4 {
		a, b := w.taps[k*n:][:n], w.taps[(8-k)*n:][:n]
		for i := range a {
			a[i], b[i] = b[i], a[i]
		}
	}
	w.filters.Freq = f.backward
	w.kernels.WinogradFilter(&w.filters)
}

// block is a run of whole rows of tiles, at most kernels.Tile tiles.
type block struct{ firstRow, rows, tiles int }

// nextBlock is the block that starts at a row of tiles, of total rows.
func (c *winograd) nextBlock(row, total int) block {
	perRow := c.Size / 4
	rows := min(kernels.Tile/perRow, total-row)
	return block{row, rows, rows * perRow}
}

// transform runs a transform over the rows of tiles of a block. Rows lie in
// images of image floats whose first tile starts at offset, with row floats
// from pixel row to pixel row.
func (c *winograd) transform(w *worker, kernel func(*kernels.Winograd), freq, images []float32, channels, image, row, offset int, b block) {
	perRow := c.Size / 4
	k := &w.winograd
	k.C, k.Row, k.Stride, k.Count = channels, row, frequencyStride(channels), perRow
	for i := range b.rows {
		r := b.firstRow + i
		k.Image = images[r/perRow*image+r%perRow*4*row+offset:]
		k.Freq = freq[i*perRow*channels:]
		kernel(k)
	}
}

func (c *winograd) forward(w *worker, y []float32, terms []convTerm, lo, hi int) {
	c.convolve(w, y, terms, lo, hi, c.In, c.Out)
}

func (c *winograd) backwardData(w *worker, dx []float32, terms []convTerm, lo, hi int) {
	c.convolve(w, dx, terms, lo, hi, c.Out, c.In)
}

func (c *winograd) convolve(w *worker, y []float32, terms []convTerm, lo, hi, in, out int) {
	size := c.Size
	n := size * size * out
	y = y[lo*n : hi*n]
	padRow := (size + 2) * in
	g := &w.gemm
	total := (hi - lo) * size / 4
	for b := c.nextBlock(0, total); b.rows > 0; b = c.nextBlock(b.firstRow+b.rows, total) {
		for i, t := range terms {
			c.transform(w, w.kernels.WinogradInput, w.frequency1, t.pad, in, (size+2)*padRow, padRow, 0, b)
			*g = kernels.Gemm{A: w.frequency1, B: t.filter, C: w.frequency2,
				M: b.tiles, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
				Batch: frequencies, BatchA: frequencyStride(in), BatchB: in * out, BatchC: frequencyStride(out),
				Accumulate: i > 0, Prefetch1: w.upcoming(frequencies * b.tiles * in * out)}
			if i == 0 {
				g.Prefetch2 = c.outputs(y, b, out)
			}
			w.kernels.Gemm(g)
		}
		c.transform(w, w.kernels.WinogradOutput, w.frequency2, y, out, n, size*out, 0, b)
	}
}

// outputs is the memory of a block's outputs.
func (c *winograd) outputs(y []float32, b block, channels int) []float32 {
	row := 4 * c.Size * channels // of tiles
	return y[b.firstRow*row : (b.firstRow+b.rows)*row]
}

func (c *winograd) clear(w *worker, partial []float32) { clear(w.filter[:frequencies*c.In*c.Out]) }

func (c *winograd) backwardWeights(w *worker, partial []float32, x, dy []float32, images int) {
	size := c.Size
	inRow, outRow := (size+2)*c.In, (size+2)*c.Out
	g := &w.gemmT
	total := images * size / 4
	for b := c.nextBlock(0, total); b.rows > 0; b = c.nextBlock(b.firstRow+b.rows, total) {
		c.transform(w, w.kernels.WinogradInput, w.frequency1, x, c.In, (size+2)*inRow, inRow, 0, b)
		c.transform(w, w.kernels.WinogradGrad, w.frequency2, dy, c.Out, (size+2)*outRow, outRow, outRow+c.Out, b)
		*g = kernels.GemmT{A: w.frequency1, B: w.frequency2, C: w.filter,
			M: c.In, N: c.Out, K: b.tiles, LdA: c.In, LdB: c.Out, LdC: c.Out, Segments: 1,
			Batch: frequencies, BatchA: frequencyStride(c.In), BatchB: frequencyStride(c.Out), BatchC: c.In * c.Out,
			Prefetch1: w.upcoming(frequencies * b.tiles * c.In * c.Out)}
		w.kernels.GemmT(g)
	}
}

func (c *winograd) gather(w *worker, partial []float32) {
	w.filters = kernels.Filter{Taps: partial, Freq: w.filter, Len: c.In * c.Out}
	w.kernels.WinogradFilterGrad(&w.filters)
}
