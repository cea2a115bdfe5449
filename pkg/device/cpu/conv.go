package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// conv is a planned 3×3 convolution. On at least 16 channels it goes through
// tiles of 4×4 outputs, where the kernels have their transforms and a whole
// number of tiles fits: Winograd's F(4×4, 3×3) for stride 1, and minimal
// filtering of even and odd positions for stride 2, forward. The rest is direct.
type conv struct {
	device.ConvShape
	b       *Backend
	method  convMethod
	weights filter
	tangent filter
	group   int         // images that are worked on at once
	partial [][]float32 // each chunk's weight gradient, [tap][in][out]
	ones    []float32   // coefficients of a sum: a run of zeros, four of ones
}

// convMethod computes the passes of a convolution on padded copies of a
// group of images.
type convMethod interface {
	// lengths of a prepared filter for the forward pass and the data gradient
	filterLen() (forward, backward int)
	// prepare fills f from OIHW weights.
	prepare(w *worker, f *filter, weights []float32)
	// forward computes images lo to hi-1 of y from their padded inputs.
	forward(w *worker, y view, terms []convTerm, lo, hi int)
	// activate computes the same of an activation from one padded input.
	activate(w *worker, a *activation, term convTerm, lo, hi int)
	// backwardData computes the same of dx from padded output gradients.
	backwardData(w *worker, dx view, terms []convTerm, lo, hi int)
	// clear, backwardWeights and gather accumulate a chunk's weight gradient.
	clear(w *worker, partial []float32)
	backwardWeights(w *worker, partial []float32, x, dy []float32, images int)
	gather(w *worker, partial []float32)
}

// convTerm is one product of a sum of products.
type convTerm struct {
	pad    []float32
	filter []float32
}

// filter is a filter as the passes want it.
type filter struct{ forward, backward []float32 }

// Conv implements device.Convs.
func (b *Backend) Conv(s device.ConvShape) device.Conv {
	if s.Out%kernels.Lanes != 0 || s.Stride < 1 || s.Stride > 2 || s.Stride == 2 && s.In%kernels.Lanes != 0 || s.Size%s.Stride != 0 {
		panic(fmt.Sprintf("cpu: no convolution for %+v", s))
	}
	c := &conv{ConvShape: s, b: b, group: 1}
	outputs := s.Size / s.Stride
	switch {
	case s.In%kernels.Lanes != 0 || outputs%4 != 0 || b.kernels.WinogradInput == nil:
		c.method = newDirect(b, s)
	case s.Stride == 1:
		c.method = newWinograd(b, s)
	default:
		c.method = newStride2(b, s)
	}
	if _, direct := c.method.(*direct); !direct {
		c.group = max(1, kernels.Tile*16/(outputs*outputs))
	}
	for _, slot := range []padSlot{inputPad, inputTangentPad} {
		b.planPad(padKey{s.Size, s.In, slot}, c.group)
	}
	for _, slot := range []padSlot{gradPad, gradTangentPad} {
		b.planPad(padKey{s.Size / s.Stride, s.Out, slot}, c.group)
	}
	for _, w := range b.workers {
		grow(&w.taps, 9*s.In*s.Out)
	}
	return c
}

// input and output unpack operands of the shapes that the convolution reads
// and writes.
func (c *conv) input(o device.Operand) operand { return unpack(o, c.In, c.Size, c.Size) }
func (c *conv) output(o device.Operand) operand {
	return unpack(o, c.Out, c.Size/c.Stride, c.Size/c.Stride)
}

// outputView is how images that the convolution writes lie.
func (c *conv) outputView(b device.Buffer) view {
	return viewOf(b, c.Out, c.Size/c.Stride, c.Size/c.Stride)
}

// convLoad prepares a filter.
type convLoad struct {
	c       *conv
	f       *filter
	weights []float32
}

func (c *conv) load(f *filter, weights device.Buffer) device.Op {
	sameLen("convolution weights", weights.Len(), 9*c.In*c.Out)
	if f.forward == nil {
		fwd, bwd := c.method.filterLen()
		f.forward, f.backward = alloc(fwd), alloc(bwd)
	}
	return &convLoad{c, f, host(weights)}
}

func (c *conv) Load(w device.Buffer) device.Op           { return c.load(&c.weights, w) }
func (c *conv) LoadTangent(wDot device.Buffer) device.Op { return c.load(&c.tangent, wDot) }

func (o *convLoad) task(w *worker) { o.c.method.prepare(w, o.f, o.weights) }

// convForward computes a sum of convolutions.
type convForward struct {
	touch
	c       *conv
	y       view
	inputs  []operand
	filters []*filter
}

func (c *conv) Forward(y device.Buffer, x device.Operand) device.Op {
	return c.forward(y, []operand{c.input(x)}, []*filter{&c.weights})
}

func (c *conv) ForwardTangent(yDot device.Buffer, x, xDot device.Operand) device.Op {
	inputs, filters := []operand{c.input(x)}, []*filter{&c.tangent}
	if !xDot.Zero() {
		inputs, filters = append(inputs, c.input(xDot)), append(filters, &c.weights)
	}
	return c.forward(yDot, inputs, filters)
}

func (c *conv) forward(y device.Buffer, inputs []operand, filters []*filter) device.Op {
	o := &convForward{c: c, y: c.outputView(y), inputs: inputs, filters: filters}
	for i := range inputs {
		o.in = inputs[i].regions(o.in)
	}
	o.out = []region{o.y.region()}
	return o
}

func (o *convForward) group() int { return o.c.group }

func (o *convForward) images(w *worker, s span) {
	// A stage may hand over more images than the pads hold.
	for lo := s.lo; lo < s.hi; lo += o.c.group {
		hi := min(lo+o.c.group, s.hi)
		terms := w.terms[:len(o.inputs)]
		for i := range o.inputs {
			terms[i] = convTerm{o.inputs[i].pad(w, inputPad+padSlot(i), lo, hi), o.filters[i].forward}
		}
		o.c.method.forward(w, o.y, terms, lo, hi)
	}
}

// activation is ReLU(shift + scale·y + residual) of a convolution y.
type activation struct {
	z, residual view
	coef        []float32 // shift, scale, 1
}

// convActivate computes the activation of a convolution.
type convActivate struct {
	touch
	c     *conv
	input operand
	activation
}

// Activate implements device.Conv.
func (c *conv) Activate(z device.Buffer, x device.Operand, coef, residual device.Buffer) device.Op {
	if coef.Len() < 3*c.Out {
		panic(fmt.Sprintf("cpu: activation: %d coefficients for %d channels", coef.Len(), c.Out))
	}
	o := &convActivate{c: c, input: c.input(x), activation: activation{c.outputView(z), c.outputView(residual), host(coef)}}
	o.in, o.out = o.input.regions(nil), []region{o.z.region()}
	if residual != nil {
		if o.residual.row != o.z.row {
			panic("cpu: activation: the residual is stored otherwise than the result")
		}
		o.in = append(o.in, o.residual.region())
	}
	return o
}

func (o *convActivate) group() int { return o.c.group }

func (o *convActivate) images(w *worker, s span) {
	for lo := s.lo; lo < s.hi; lo += o.c.group {
		hi := min(lo+o.c.group, s.hi)
		o.c.method.activate(w, &o.activation, convTerm{o.input.pad(w, inputPad, lo, hi), o.c.weights.forward}, lo, hi)
	}
}

// convBackward computes the gradients of a convolution, or their tangents.
// With one operand each these are
//
//	dx = dy ∗ᵀ w            dw = x ⋆ dy
//
// and with two, by the product rule,
//
//	dẋ = dẏ ∗ᵀ w + dy ∗ᵀ ẇ   dẇ = ẋ ⋆ dy + x ⋆ dẏ.
type convBackward struct {
	touch
	c       *conv
	dx      view // without memory: not wanted
	dw      []float32
	x, dy   []operand // each primal first
	filters []*filter // one for each dy
}

func (c *conv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	return c.backward(dx, dw, []operand{c.input(x)}, []operand{c.output(dy)}, []*filter{&c.weights})
}

func (c *conv) BackwardTangent(dxDot, dwDot device.Buffer, x, xDot, dy, dyDot device.Operand) device.Op {
	return c.backward(dxDot, dwDot, []operand{c.input(x), c.input(xDot)},
		[]operand{c.output(dy), c.output(dyDot)}, []*filter{&c.tangent, &c.weights})
}

func (c *conv) backward(dx, dw device.Buffer, x, dy []operand, filters []*filter) device.Op {
	sameLen("convolution weight gradient", dw.Len(), 9*c.In*c.Out)
	if c.ones == nil {
		c.ones = alloc(5 * c.Out)
		for i := c.Out; i < len(c.ones); i++ {
			c.ones[i] = 1
		}
	}
	for len(c.partial) < chunks(c.Batch) {
		c.partial = append(c.partial, alloc(9*c.In*c.Out))
	}
	o := &convBackward{c: c, dx: plainView(dx, c.In, c.Size, c.Size), dw: host(dw), x: x, dy: dy, filters: filters}
	for i := range dy {
		o.in = dy[i].regions(o.in)
	}
	for i := range x {
		o.in = x[i].regions(o.in)
	}
	if dx != nil {
		o.out = []region{o.dx.region()}
	}
	return o
}

func (o *convBackward) group() int { return o.c.group }

func (o *convBackward) images(w *worker, s span) {
	c := o.c
	partial := c.partial[s.index]
	if s.first {
		c.method.clear(w, partial)
	}
	for lo := s.lo; lo < s.hi; lo += c.group {
		hi := min(lo+c.group, s.hi)
		terms := w.terms[:len(o.dy)]
		for i := range o.dy {
			terms[i] = convTerm{o.dy[i].pad(w, gradPad+padSlot(i), lo, hi), o.filters[i].backward}
		}
		if o.dx.memory != nil {
			c.method.backwardData(w, o.dx, terms, lo, hi)
		}
		for i := range o.x {
			if o.x[i].zero() {
				continue
			}
			x := o.x[i].pad(w, inputPad+padSlot(i), lo, hi)
			// Primal input with the last gradient, tangent input with the primal one.
			c.method.backwardWeights(w, partial, x, terms[len(o.dy)-1-i].pad, hi-lo)
		}
	}
	if s.last {
		c.method.gather(w, partial)
	}
}

// shares and share add up the chunks' gradients, input channel by input
// channel, and write them as OIHW.
func (o *convBackward) shares() int { return o.c.In }

func (o *convBackward) share(w *worker, i, images int) {
	in, out := o.c.In, o.c.Out
	sum, rest := o.c.partial[0][i*out:], o.c.partial[1:chunks(images)]
	c := &w.combine
	for len(rest) > 0 {
		more := min(len(rest), len(c.Src)-1)
		*c = kernels.Combine{Dst: sum, Sources: 1 + more, Coef: o.c.ones, C: out, Rows: 9, Width: 1, DstRow: in * out}
		c.Src[0], c.SrcRow[0] = sum, in*out
		for k, p := range rest[:more] {
			c.Src[1+k], c.SrcRow[1+k] = p[i*out:], in*out
		}
		w.kernels.Combine(c)
		rest = rest[more:]
	}
	for j := range out {
		taps := o.dw[(j*in+i)*9:][:9]
		for k := range taps {
			taps[k] = sum[k*in*out+j]
		}
	}
}

// tapsForward writes OIHW weights as [tap][in][out].
func tapsForward(dst, weights []float32, in, out int) {
	for i := range in {
		for k := range 9 {
			row := dst[(k*in+i)*out:][:out]
			for o := range row {
				row[o] = weights[(o*in+i)*9+k]
			}
		}
	}
}

// tapsBackward writes OIHW weights, turned by 180°, as [tap][out][in].
func tapsBackward(dst, weights []float32, in, out int) {
	for o := range out {
		filters := weights[o*in*9:][:in*9]
		for k := range 9 {
			row := dst[((8-k)*out+o)*in:][:in]
			for i := range row {
				row[i] = filters[i*9+k]
			}
		}
	}
}
