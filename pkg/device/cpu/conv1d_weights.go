package cpu

import kernels "srn/kernels/cpu"

// Weight gradients are summed in float32 within a chunk and in float64 over
// the chunks of a group, in their order, and over the groups in theirs: a
// buffer for every chunk would be too large, one for every worker would make
// results depend on the number of workers.

// startGroups clears the groups' sums and returns how many groups there are.
func (c *conv1D) startGroups() int {
	n := min(conv1DGroups, c.chunks)
	for len(c.groups) < n {
		c.groups = append(c.groups, make([]float64, c.shape.Weights()))
	}
	return n
}

// group returns the range of chunks that belong to a group.
func (c *conv1D) group(g int) (from, to int) {
	n := len(c.groups)
	return c.chunks * g / n, c.chunks * (g + 1) / n
}

func (c *conv1D) runGradientGroup(worker, group int) {
	s := c.worker(worker)
	clear(c.groups[group])
	from, to := c.group(group)
	for chunk := from; chunk < to; chunk++ {
		c.runGradient(worker, chunk)
		_, count := c.span(chunk)
		c.addWeightGradients(s, s.x, s.a, count, true, c.groups[group])
	}
}

// runTangentGroup differentiates along a change of the sequence: activations
// change, but not where they are positive, so the gradients in the layers'
// outputs stay as they are.
func (c *conv1D) runTangentGroup(worker, group int) {
	s := c.worker(worker)
	clear(c.groups[group])
	from, to := c.group(group)
	for chunk := from; chunk < to; chunk++ {
		first, count := c.span(chunk)
		c.forward(s, first, count)
		c.tangents(s, first, count)
		c.sumFeatures(s, chunk, s.aDot, count)
		c.backward(s, count)
		c.addWeightGradients(s, s.xDot, s.aDot, count, false, c.groups[group])
	}
}

// tangents computes the activations' tangents; outside of the sequence they
// are zero because activations are.
func (c *conv1D) tangents(s *conv1DScratch, first, count int) {
	c.window(s.xDot, c.xDot, first-c.reach(-1), c.rows(-1, count))
	for l := range c.layers {
		layer := &c.layers[l]
		rows := c.rows(l, count)
		for row := 0; row < rows; row += blockRows(l) {
			m := min(blockRows(l), rows-row)
			out := s.aDot[l][row*layer.out:]
			c.apply(s, l, out, s.xDot, s.aDot, row, m)
			c.mask(s, l, out, out, layer.keep, s.a[l][row*layer.out:], m)
		}
	}
}

// addWeightGradients adds a chunk's weight gradients, from the layers' inputs
// (or their tangents, which leave the biases out) and the gradients in their
// outputs.
func (c *conv1D) addWeightGradients(s *conv1DScratch, x []float32, a [][]float32, count int, biases bool, sums []float64) {
	clear(s.dw)
	in := x
	for l := range c.layers {
		layer := &c.layers[l]
		d := s.d[l][c.gradReach(l)*layer.out:]
		from := in[(c.reach(l-1)-c.half)*layer.in:] // half a kernel before the chunk
		dw := s.dw[layer.offset:]
		if l == 0 {
			c.addProducts(s, dw, from, d, count, 1, c.shape.Kernel, layer.out)
		} else {
			c.correlate(s, dw, from, d, count, layer.in, layer.out)
		}
		if biases {
			c.addProducts(s, dw[c.shape.Kernel*layer.in*layer.out:], one, d, count, 0, 1, layer.out)
		}
		in = a[l]
	}
	for i, v := range s.dw {
		sums[i] += float64(v)
	}
}

// addProducts adds inᵀ·d to m rows of n columns, where the count rows of in
// start lda floats after the one before.
func (c *conv1D) addProducts(s *conv1DScratch, sum, in, d []float32, count, lda, m, n int) {
	for row := 0; row < count; row += conv1DRows {
		s.gemmT = kernels.GemmT{A: in[row*lda:], B: d[row*n:], C: sum, M: m, N: n, K: min(conv1DRows, count-row),
			LdA: lda, LdB: n, LdC: n, Segments: 1, Batch: 1}
		c.backend.kernels.GemmT(&s.gemmT)
	}
}

// reduceGroups adds up the groups and writes flat weights.
func (c *conv1D) reduceGroups(dw []float32) {
	taps := c.shape.Kernel
	scale := 1 / float64(c.shape.Length)
	total := func(i int) float32 {
		var sum float64
		for _, g := range c.groups {
			sum += g[i]
		}
		return float32(sum * scale)
	}
	for l := range c.layers {
		layer := &c.layers[l]
		_, weight, bias := c.shape.Layer(l)
		for o := range layer.out {
			for i := range layer.in {
				for k := range taps {
					dw[weight+(o*layer.in+i)*taps+k] = total(layer.offset + (k*layer.in+i)*layer.out + o)
				}
			}
			dw[bias+o] = total(layer.offset + taps*layer.in*layer.out + o)
		}
	}
}
