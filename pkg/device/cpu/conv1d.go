package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

const (
	// conv1DChunk is the number of positions that are carried through all
	// layers before the next ones are begun, whole tiles. Results depend on it.
	conv1DChunk = 42 * kernels.FourierStep
	// conv1DRows is the number of positions of one direct matrix product: few
	// enough that its rows stay in the first cache levels and that the call is
	// short (assembly cannot be preempted).
	conv1DRows = 64
	// conv1DGroups is the number of runs of chunks whose weight gradients are
	// summed apart, hence of workers that weight gradients can occupy.
	// Results depend on it.
	conv1DGroups = 16
)

// conv1D is a stack of one-dimensional convolutions, computed in chunks of
// positions. A sequence is stored position by position, channels side by
// side. The first layer, with its one input channel, is one matrix product
// with overlapping rows; see [conv1D.convolve] for the others.
//
// A chunk's outermost activations reach beyond it on both sides, by half a
// kernel for every layer that follows and, for gradients, for every layer on
// the way back: these few positions are computed by both neighbours, and
// chunks do not depend on each other. Tiles of activations lie at the same
// positions in all chunks, so that both neighbours compute the same bits and
// agree on where a ReLU is open.
type conv1D struct {
	shape   device.Conv1DShape
	backend *Backend

	half    int           // positions to either side that a tap reaches
	reaches []int         // see reach, from the sequence on
	chunks  int           // in the sequence
	layers  []conv1DLayer // from 0

	scratch  []*conv1DScratch // of each worker
	features []float64        // sums of each chunk: chunks × channels
	groups   [][]float64      // sums of weight gradients, see group

	taps    []float32       // windows that hold a kernel, for Load
	fourier kernels.Fourier // of Load

	// Arguments of the call in progress.
	x, xDot, dx []float32
	cotangent   []float32 // coefficients: c, then zeros

	// Method values, made once.
	forwardChunk, gradientChunk, gradientGroup, tangentGroup func(worker, chunk int)
}

// conv1DLayer holds a layer's weights as the products need them.
type conv1DLayer struct {
	in, out  int
	forward  []float32 // frequencies; layer 0: [tap][out]
	backward []float32 // frequencies; layer 0: [out][tap], padded
	bias     []float32 // coefficients: biases, then ones
	keep     []float32 // coefficients: zeros, then ones
	offset   int       // of the layer's weights and biases in a group's sums
}

// conv1DScratch is what one worker needs to carry a chunk through.
type conv1DScratch struct {
	x, xDot []float32   // the chunk of the sequence
	a, aDot [][]float32 // activations of each layer and their tangents
	d       [][]float32 // gradients in the layers' outputs before ReLU
	taps    []float32   // contributions to dx by position and tap
	dw      []float32   // weight gradients of the chunk, as in a group
	sums    []float64

	freq, products []float32 // frequencies of a block of tiles
	fourier        kernels.Fourier
	weights        fourierWeights

	gemm    kernels.Gemm
	gemmT   kernels.GemmT
	combine kernels.Combine
	sum     kernels.Sums
}

var one = []float32{1}

// Conv1D implements [device.Conv1Ds].
func (b *Backend) Conv1D(shape device.Conv1DShape) device.Conv1D {
	checkConv1D(shape)
	c := &conv1D{
		shape:   shape,
		backend: b,
		half:    shape.Kernel / 2,
		chunks:  (shape.Length + conv1DChunk - 1) / conv1DChunk,
		scratch: make([]*conv1DScratch, len(b.workers)),
	}
	offset := 0
	for l, out := range shape.Channels {
		in, _, _ := shape.Layer(l)
		layer := conv1DLayer{
			in: in, out: out,
			bias:   alloc(2 * out),
			keep:   alloc(2 * out),
			offset: offset,
		}
		if l == 0 {
			layer.forward, layer.backward = alloc(shape.Kernel*out), alloc(out*c.padded())
		} else {
			n := c.pieces() * kernels.FourierProducts * in * out
			layer.forward, layer.backward = alloc(n), alloc(n)
			grow(&c.taps, kernels.FourierWindow*max(in, out))
		}
		for o := range out {
			layer.bias[out+o], layer.keep[out+o] = 1, 1
		}
		offset += shape.Kernel*in*out + out
		c.layers = append(c.layers, layer)
	}
	c.reaches = c.planReaches()
	c.features = make([]float64, c.chunks*shape.Features())
	c.cotangent = alloc(2 * shape.Features())
	c.forwardChunk = c.runForward
	c.gradientChunk = c.runGradient
	c.gradientGroup = c.runGradientGroup
	c.tangentGroup = c.runTangentGroup
	return c
}

func checkConv1D(shape device.Conv1DShape) {
	switch {
	case len(shape.Channels) == 0:
		panic("cpu: Conv1D: no layers")
	case shape.Kernel < 1 || shape.Kernel%2 == 0:
		panic(fmt.Sprintf("cpu: Conv1D: kernel has %d taps, want an odd number", shape.Kernel))
	case shape.Length < 1:
		panic(fmt.Sprintf("cpu: Conv1D: sequence of length %d", shape.Length))
	}
	for _, c := range shape.Channels {
		if c < 1 || c%kernels.Lanes != 0 {
			panic(fmt.Sprintf("cpu: Conv1D: %d channels, want a multiple of %d", c, kernels.Lanes))
		}
	}
}

// padded is the number of taps as a number of columns.
func (c *conv1D) padded() int {
	return (c.shape.Kernel + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes
}

// planReaches computes the reach of every layer's activations, from that of
// the gradients in the last layer's outputs on.
func (c *conv1D) planReaches() []int {
	n := len(c.layers)
	r := make([]int, n+1)
	r[n] = c.gradReach(n - 1)
	for l := n - 1; l > 0; l-- {
		r[l+1] = wholeTiles(r[l+1])
		r[l] = r[l+1] + c.overhang() - c.half
	}
	r[0] = r[1] + c.half
	return r
}

// reach is how many positions the activations of a layer (from 0; -1: the
// sequence) extend beyond a chunk: as far as gradients and the windows of the
// next layer need them, and whole tiles where they are made of tiles.
func (c *conv1D) reach(layer int) int { return c.reaches[layer+1] }

// rows is the number of rows of a layer's activations for the given number of
// positions of a chunk.
func (c *conv1D) rows(layer, count int) int { return wholeTiles(count) + 2*c.reach(layer) }

// gradReach is how many positions the gradients in a layer's outputs extend
// beyond a chunk: half a kernel for every layer on the way back.
func (c *conv1D) gradReach(layer int) int { return (layer + 1) * c.half }

// gradRows is the number of rows of gradients, and gradWindow that of rows
// that the windows of the layer below cover; rows behind the former are zero.
func (c *conv1D) gradRows(layer, count int) int { return count + 2*c.gradReach(layer) }

func (c *conv1D) gradWindow(layer, count int) int {
	if layer == 0 {
		return c.gradRows(layer, count)
	}
	return wholeTiles(c.gradRows(layer-1, count)) + c.overhang()
}

// worker returns a worker's scratch, made when it is first asked for.
func (c *conv1D) worker(w int) *conv1DScratch {
	if c.scratch[w] == nil {
		s := &conv1DScratch{
			x:    alloc(c.rows(-1, conv1DChunk)),
			xDot: alloc(c.rows(-1, conv1DChunk)),
			taps: alloc(c.gradRows(0, conv1DChunk) * c.padded()),
			dw:   alloc(c.shape.Weights()),
			sums: make([]float64, 2*c.shape.Features()),
		}
		for l, layer := range c.layers {
			rows := c.rows(l, conv1DChunk)
			s.a = append(s.a, alloc(rows*layer.out))
			s.aDot = append(s.aDot, alloc(rows*layer.out))
			rows = max(wholeTiles(c.gradRows(l, conv1DChunk)), c.gradWindow(l, conv1DChunk))
			s.d = append(s.d, alloc(rows*layer.out))
			grow(&s.freq, kernels.FourierProducts*fourierStride(layer.out))
			grow(&s.products, kernels.FourierProducts*fourierStride(layer.out))
			if l > 0 {
				s.weights.grow(layer.in, layer.out)
			}
		}
		c.scratch[w] = s
	}
	return c.scratch[w]
}

// Load implements [device.Conv1D].
func (c *conv1D) Load(w device.Buffer) { c.load(host(w)) }

func (c *conv1D) load(w []float32) {
	taps, padded := c.shape.Kernel, c.padded()
	for l := range c.layers {
		layer := &c.layers[l]
		in, out := layer.in, layer.out
		_, weight, bias := c.shape.Layer(l)
		copy(layer.bias[:out], w[bias:bias+out])
		if l > 0 {
			c.transformWeights(layer.forward, in, out, func(i, o, tap int) float32 { return w[weight+(o*in+i)*taps+tap] })
			c.transformWeights(layer.backward, out, in, func(o, i, tap int) float32 { return w[weight+(o*in+i)*taps+taps-1-tap] })
			continue
		}
		for o := range out {
			for k := range taps {
				v := w[weight+o*taps+k]
				layer.forward[k*out+o], layer.backward[o*padded+k] = v, v
			}
		}
	}
}

// Forward implements [device.Conv1D].
func (c *conv1D) Forward(features []float64, x device.Buffer) {
	c.x = host(x)
	c.backend.parallel(c.chunks, c.forwardChunk)
	c.mean(features)
}

// Gradient implements [device.Conv1D].
func (c *conv1D) Gradient(features []float64, dx, dw, x device.Buffer, cotangent []float64) {
	c.x, c.dx = host(x), host(dx)
	c.setCotangent(cotangent)
	if dw == nil {
		c.backend.parallel(c.chunks, c.gradientChunk)
	} else {
		c.backend.parallel(c.startGroups(), c.gradientGroup)
		c.reduceGroups(host(dw))
	}
	c.mean(features)
}

// GradientPart implements [device.Conv1DParts].
func (c *conv1D) GradientPart(dx, x device.Buffer, cotangent []float64, part, parts int) (sum float64) {
	c.x, c.dx = host(x), host(dx)
	c.setCotangent(cotangent)
	from, to := c.chunks*part/parts, c.chunks*(part+1)/parts
	c.backend.parallel(to-from, func(worker, i int) { c.runGradient(worker, from+i) })
	n := c.shape.Features()
	for chunk := from; chunk < to; chunk++ {
		for i, v := range c.features[chunk*n : (chunk+1)*n] {
			sum += cotangent[i] * v
		}
	}
	return sum / float64(c.shape.Length)
}

// Tangent implements [device.Conv1D].
func (c *conv1D) Tangent(featuresDot []float64, dwDot, x, xDot device.Buffer, cotangent []float64) {
	c.x, c.xDot, c.dx = host(x), host(xDot), nil
	c.setCotangent(cotangent)
	c.backend.parallel(c.startGroups(), c.tangentGroup)
	c.reduceGroups(host(dwDot))
	c.mean(featuresDot)
}

// setCotangent keeps c as it is: the mean's 1/length is applied to the
// results, which keeps what is computed on the way at the scale of c.
func (c *conv1D) setCotangent(cotangent []float64) {
	for i, v := range cotangent {
		c.cotangent[i] = float32(v)
	}
}

// mean adds up the chunks' sums in their order.
func (c *conv1D) mean(features []float64) {
	n := c.shape.Features()
	clear(features)
	for chunk := range c.chunks {
		for i, v := range c.features[chunk*n : (chunk+1)*n] {
			features[i] += v
		}
	}
	for i := range features {
		features[i] /= float64(c.shape.Length)
	}
}

// span is the first position of a chunk and how many it has.
func (c *conv1D) span(chunk int) (first, count int) {
	first = chunk * conv1DChunk
	return first, min(conv1DChunk, c.shape.Length-first)
}

func (c *conv1D) runForward(worker, chunk int) {
	s := c.worker(worker)
	first, count := c.span(chunk)
	c.forward(s, first, count)
	c.sumFeatures(s, chunk, s.a, count)
}

func (c *conv1D) runGradient(worker, chunk int) {
	s := c.worker(worker)
	first, count := c.span(chunk)
	c.forward(s, first, count)
	c.sumFeatures(s, chunk, s.a, count)
	c.backward(s, count)
	if c.dx != nil {
		c.inputGradient(s, first, count)
	}
}

// forward computes a chunk's activations.
func (c *conv1D) forward(s *conv1DScratch, first, count int) {
	c.window(s.x, c.x, first-c.reach(-1), c.rows(-1, count))
	for l := range c.layers {
		layer := &c.layers[l]
		rows := c.rows(l, count)
		for row := 0; row < rows; row += blockRows(l) {
			m := min(blockRows(l), rows-row)
			out := s.a[l][row*layer.out:]
			c.apply(s, l, out, s.x, s.a, row, m)
			s.combine = kernels.Combine{Dst: out, Src: [4][]float32{out}, Sources: 1, Coef: layer.bias, Post: kernels.ReLU,
				C: layer.out, Rows: 1, Width: m}
			c.backend.kernels.Combine(&s.combine)
		}
		// The next layer pads with zeros, whatever this one would compute there.
		lo, hi := c.inside(first-c.reach(l), rows)
		clear(s.a[l][:lo*layer.out])
		clear(s.a[l][hi*layer.out : rows*layer.out])
	}
}

// window copies positions first to first+rows-1 of a sequence; what lies
// outside of it is zero.
func (c *conv1D) window(dst, src []float32, first, rows int) {
	lo, hi := c.inside(first, rows)
	clear(dst[:lo])
	copy(dst[lo:hi], src[first+lo:first+hi])
	clear(dst[hi:rows])
}

// inside says which of the rows from a first position on lie in the sequence.
func (c *conv1D) inside(first, rows int) (lo, hi int) {
	lo = min(max(0, -first), rows)
	hi = max(min(rows, c.shape.Length-first), lo)
	return lo, hi
}

// blockRows is the number of rows that a layer computes at a time.
func blockRows(l int) int {
	if l == 0 {
		return conv1DRows
	}
	return fourierRows
}

// apply convolves rows from row on of a layer's inputs, of the sequence x and
// the activations a, or their tangents.
func (c *conv1D) apply(s *conv1DScratch, l int, out, x []float32, a [][]float32, row, rows int) {
	layer := &c.layers[l]
	in := x
	if l > 0 {
		in = a[l-1]
	}
	in = in[(row+c.reach(l-1)-c.reach(l)-c.half)*layer.in:]
	if l == 0 {
		c.product(s, out, in, layer.forward, rows, 1, c.shape.Kernel, layer.out)
		return
	}
	c.convolve(s, out, in, layer.forward, rows, layer.in, layer.out)
}

// product computes m rows of n columns: out = in·w, where a row of in holds k
// floats and starts lda floats after the one before.
func (c *conv1D) product(s *conv1DScratch, out, in, w []float32, m, lda, k, n int) {
	s.gemm = kernels.Gemm{A: in, B: w, C: out, M: m, N: n, K: k, LdA: lda, LdB: n, LdC: n, Segments: 1, Batch: 1}
	c.backend.kernels.Gemm(&s.gemm)
}

// sumFeatures adds up the last layer's activations, or their tangents, over a
// chunk's positions.
func (c *conv1D) sumFeatures(s *conv1DScratch, chunk int, a [][]float32, count int) {
	n, last := c.shape.Features(), len(c.layers)-1
	clear(s.sums)
	rows := a[last][c.reach(last)*n:]
	s.sum = kernels.Sums{A: rows, B: rows, Out: s.sums, C: n, Pixels: count}
	c.backend.kernels.Sums(&s.sum)
	copy(c.features[chunk*n:], s.sums[:n])
}

// backward computes the gradients in all layers' outputs before ReLU. Outside
// of the sequence activations are zero, and so are these.
func (c *conv1D) backward(s *conv1DScratch, count int) {
	for l := len(c.layers) - 1; l >= 0; l-- {
		width, d := c.layers[l].out, s.d[l]
		rows := c.gradRows(l, count)
		// The activations reach further than the gradients.
		mask := s.a[l][(c.reach(l)-c.gradReach(l))*width:]
		if l == len(c.layers)-1 {
			c.mask(s, l, d, mask, c.cotangent, mask, rows)
		} else {
			above := &c.layers[l+1]
			for row := 0; row < rows; row += fourierRows {
				m := min(fourierRows, rows-row)
				out := d[row*width:]
				c.convolve(s, out, s.d[l+1][row*above.out:], above.backward, m, above.out, width)
				c.mask(s, l, out, out, c.layers[l].keep, mask[row*width:], m)
			}
		}
		clear(d[rows*width : c.gradWindow(l, count)*width])
	}
}

// mask computes dst = coef[0] + coef[1]·src where a layer's activations a are
// positive, and 0 elsewhere.
func (c *conv1D) mask(s *conv1DScratch, l int, dst, src, coef, a []float32, rows int) {
	s.combine = kernels.Combine{Dst: dst, Src: [4][]float32{src}, Sources: 1, Coef: coef, Post: kernels.Mask,
		MaskSrc: a, MaskCoef: c.layers[l].keep, C: c.layers[l].out, Rows: 1, Width: rows}
	c.backend.kernels.Combine(&s.combine)
}

// inputGradient writes a chunk of dx: a product gives what each gradient of
// the first layer contributes through each tap, which is then added up along
// the diagonals.
func (c *conv1D) inputGradient(s *conv1DScratch, first, count int) {
	layer := &c.layers[0]
	taps, padded := c.shape.Kernel, c.padded()
	rows := c.gradRows(0, count)
	for row := 0; row < rows; row += conv1DRows {
		m := min(conv1DRows, rows-row)
		c.product(s, s.taps[row*padded:], s.d[0][row*layer.out:], layer.backward, m, layer.out, layer.out, padded)
	}
	scale := 1 / float32(c.shape.Length)
	for q := range count {
		var sum float32
		at := (q + taps - 1) * padded
		for range taps {
			sum += s.taps[at]
			at -= padded - 1
		}
		c.dx[first+q] = sum * scale
	}
}
