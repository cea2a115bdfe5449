package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

const (
	// conv1DChunk is the number of positions that are carried through all
	// layers before the next ones are begun. Results depend on it.
	conv1DChunk = 512
	// conv1DRows is the number of positions of one matrix product: few enough
	// that a product's rows stay in the first cache levels and that the call
	// is short (assembly cannot be preempted).
	conv1DRows = 64
	// conv1DGroups is the number of runs of chunks whose weight gradients are
	// summed apart, hence of workers that weight gradients can occupy.
	// Results depend on it.
	conv1DGroups = 16
)

// conv1D is a stack of one-dimensional convolutions, computed in chunks of
// positions. A sequence is stored position by position, channels side by
// side, so that a convolution is one matrix product with overlapping rows.
//
// A chunk's outermost activations reach beyond it on both sides, by half a
// kernel for every layer that follows and, for gradients, for every layer on
// the way back: these few positions are computed by both neighbours, and
// chunks do not depend on each other.
type conv1D struct {
	shape   device.Conv1DShape
	backend *Backend

	half   int           // positions to either side that a tap reaches
	chunks int           // in the sequence
	layers []conv1DLayer // from 0

	scratch  []*conv1DScratch // of each worker
	features []float64        // sums of each chunk: chunks × channels
	groups   [][]float64      // sums of weight gradients, see group

	// Arguments of the call in progress.
	x, xDot, dx []float32
	cotangent   []float32 // coefficients: c, then zeros

	// Method values, made once.
	forwardChunk, gradientChunk, gradientGroup, tangentGroup func(worker, chunk int)
}

// conv1DLayer holds a layer's weights as the products need them.
type conv1DLayer struct {
	in, out  int
	forward  []float32 // [tap·in + i][out]
	backward []float32 // [(taps-1-tap)·out + o][in]; layer 0: [o][tap], padded
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
			forward: alloc(shape.Kernel * in * out),
			bias:    alloc(2 * out),
			keep:    alloc(2 * out),
			offset:  offset,
		}
		if l == 0 {
			layer.backward = alloc(out * c.padded())
		} else {
			layer.backward = alloc(shape.Kernel * in * out)
		}
		for o := range out {
			layer.bias[out+o], layer.keep[out+o] = 1, 1
		}
		offset += shape.Kernel*in*out + out
		c.layers = append(c.layers, layer)
	}
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

// reach is how many positions the activations of a layer (from 0; -1: the
// sequence) extend beyond a chunk when gradients are computed: half a kernel
// for each layer that follows, and for all layers on the way back.
func (c *conv1D) reach(layer int) int {
	n := len(c.layers)
	return (2*n - 1 - layer) * c.half
}

// gradReach is the same for the gradients in a layer's outputs.
func (c *conv1D) gradReach(layer int) int { return (layer + 1) * c.half }

// worker returns a worker's scratch, made when it is first asked for.
func (c *conv1D) worker(w int) *conv1DScratch {
	if c.scratch[w] == nil {
		s := &conv1DScratch{
			x:    alloc(conv1DChunk + 2*c.reach(-1)),
			xDot: alloc(conv1DChunk + 2*c.reach(-1)),
			taps: alloc((conv1DChunk + 2*c.gradReach(0)) * c.padded()),
			dw:   alloc(c.shape.Weights()),
			sums: make([]float64, 2*c.shape.Features()),
		}
		for l, layer := range c.layers {
			rows := conv1DChunk + 2*c.reach(l)
			s.a = append(s.a, alloc(rows*layer.out))
			s.aDot = append(s.aDot, alloc(rows*layer.out))
			s.d = append(s.d, alloc((conv1DChunk+2*c.gradReach(l))*layer.out))
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
		for o := range out {
			for i := range in {
				for k := range taps {
					v := w[weight+(o*in+i)*taps+k]
					layer.forward[(k*in+i)*out+o] = v
					if l == 0 {
						layer.backward[o*padded+k] = v
					} else {
						layer.backward[((taps-1-k)*out+o)*in+i] = v
					}
				}
			}
		}
		copy(layer.bias[:out], w[bias:bias+out])
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
	reach := c.half * len(c.layers)
	c.window(s.x, c.x, first-reach, count+2*reach)
	in := s.x
	for l := range c.layers {
		reach -= c.half
		c.activate(s, l, in, first-reach, count+2*reach)
		in = s.a[l]
	}
	c.sumFeatures(s, chunk, in, count)
}

func (c *conv1D) runGradient(worker, chunk int) {
	s := c.worker(worker)
	first, count := c.span(chunk)
	c.forwardWide(s, first, count)
	last := len(c.layers) - 1
	c.sumFeatures(s, chunk, s.a[last][c.reach(last)*c.layers[last].out:], count)
	c.backward(s, count)
	if c.dx != nil {
		c.inputGradient(s, first, count)
	}
}

// forwardWide computes the activations that gradients of a chunk need.
func (c *conv1D) forwardWide(s *conv1DScratch, first, count int) {
	c.window(s.x, c.x, first-c.reach(-1), count+2*c.reach(-1))
	in := s.x
	for l := range c.layers {
		c.activate(s, l, in, first-c.reach(l), count+2*c.reach(l))
		in = s.a[l]
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

// activate computes rows of a layer's activations, the first at position
// first; in starts half a kernel before it.
func (c *conv1D) activate(s *conv1DScratch, l int, in []float32, first, rows int) {
	layer := &c.layers[l]
	for row := 0; row < rows; row += conv1DRows {
		m := min(conv1DRows, rows-row)
		out := s.a[l][row*layer.out:]
		c.product(s, out, in[row*layer.in:], layer.forward, m, layer.in, c.shape.Kernel*layer.in, layer.out)
		s.combine = kernels.Combine{Dst: out, Src: [4][]float32{out}, Sources: 1, Coef: layer.bias, Post: kernels.ReLU,
			C: layer.out, Rows: 1, Width: m}
		c.backend.kernels.Combine(&s.combine)
	}
	// The next layer pads with zeros, whatever this one would compute there.
	lo, hi := c.inside(first, rows)
	clear(s.a[l][:lo*layer.out])
	clear(s.a[l][hi*layer.out : rows*layer.out])
}

// product computes m rows of n columns: out = in·w, where a row of in holds k
// floats and starts lda floats after the one before.
func (c *conv1D) product(s *conv1DScratch, out, in, w []float32, m, lda, k, n int) {
	s.gemm = kernels.Gemm{A: in, B: w, C: out, M: m, N: n, K: k, LdA: lda, LdB: n, LdC: n, Segments: 1, Batch: 1}
	c.backend.kernels.Gemm(&s.gemm)
}

// sumFeatures adds up a chunk's positions.
func (c *conv1D) sumFeatures(s *conv1DScratch, chunk int, a []float32, count int) {
	n := c.shape.Features()
	clear(s.sums)
	s.sum = kernels.Sums{A: a, B: a, Out: s.sums, C: n, Pixels: count}
	c.backend.kernels.Sums(&s.sum)
	copy(c.features[chunk*n:], s.sums[:n])
}

// backward computes the gradients in all layers' outputs before ReLU. Outside
// of the sequence activations are zero, and so are these.
func (c *conv1D) backward(s *conv1DScratch, count int) {
	for l := len(c.layers) - 1; l >= 0; l-- {
		width := c.layers[l].out
		rows := count + 2*c.gradReach(l)
		// The activations reach further than the gradients.
		mask := s.a[l][(c.reach(l)-c.gradReach(l))*width:]
		if l == len(c.layers)-1 {
			c.mask(s, l, s.d[l], mask, c.cotangent, mask, rows)
			continue
		}
		above := &c.layers[l+1]
		for row := 0; row < rows; row += conv1DRows {
			m := min(conv1DRows, rows-row)
			out := s.d[l][row*width:]
			c.product(s, out, s.d[l+1][row*above.out:], above.backward, m, above.out, c.shape.Kernel*above.out, width)
			c.mask(s, l, out, out, c.layers[l].keep, mask[row*width:], m)
		}
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
	rows := count + 2*c.gradReach(0)
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
