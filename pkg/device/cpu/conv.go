package cpu

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// conv is a planned 3×3 convolution. On at least 16 channels it goes through
// tiles of 4×4 outputs, where the kernels have their transforms and a whole
// number of tiles fits: Winograd's F(4×4, 3×3) for stride 1, and minimal
// filtering of even and odd positions for stride 2. The rest is direct.
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

// convMethod computes the passes of a convolution on a group of images, lo to
// hi-1.
type convMethod interface {
	// lengths of a prepared filter for the forward pass and the data gradient
	filterLen() (forward, backward int)
	// prepare fills f from OIHW weights.
	prepare(w *worker, f *filter, weights []float32)
	// forward computes y as a sum of products.
	forward(w *worker, y view, x []convTerm, lo, hi int)
	// activate computes an activation.
	activate(w *worker, a *activation, x convTerm, lo, hi int)
	// backward computes dx, if it has memory, as a sum of products of output
	// gradients, and adds those of inputs with output gradients to a chunk's
	// weight gradient: the primal input with the last, an input's tangent with
	// the primal one.
	backward(w *worker, dx view, partial []float32, x, dy []convTerm, lo, hi int)
	// clear and gather begin and end a chunk's weight gradient.
	clear(w *worker, partial []float32)
	gather(w *worker, partial []float32)
}

// convTerm is an operand of one product of a sum of products, with the filter
// that it is convolved with, if any.
type convTerm struct {
	operand
	slot   scratchSlot
	filter *filter
}

// images and bordered evaluate a term's operand.
func (t *convTerm) images(w *worker, lo, hi int) view { return t.operand.images(w, t.slot, lo, hi) }
func (t *convTerm) bordered(w *worker, lo, hi int) []float32 {
	return t.operand.bordered(w, t.slot, lo, hi)
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
	if m, ok := c.method.(grouper); ok {
		c.group = m.group()
	}
	_, bordered := c.method.(*direct)
	for _, slot := range []scratchSlot{inputSlot, inputTangentSlot} {
		b.planScratch(scratchKey{s.Size, s.In, bordered, slot}, c.group)
	}
	for _, slot := range []scratchSlot{gradSlot, gradTangentSlot} {
		b.planScratch(scratchKey{outputs, s.Out, bordered, slot}, c.group)
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
	c *conv
	y view
	x []convTerm
}

func (c *conv) Forward(y device.Buffer, x device.Operand) device.Op {
	return c.forward(y, convTerm{c.input(x), inputSlot, &c.weights})
}

func (c *conv) ForwardTangent(yDot device.Buffer, x, xDot device.Operand) device.Op {
	primal := convTerm{c.input(x), inputSlot, &c.tangent}
	if xDot.Zero() {
		return c.forward(yDot, primal)
	}
	return c.forward(yDot, primal, convTerm{c.input(xDot), inputTangentSlot, &c.weights})
}

func (c *conv) forward(y device.Buffer, x ...convTerm) device.Op {
	o := &convForward{c: c, y: c.outputView(y), x: x}
	for i := range x {
		o.in = x[i].regions(o.in)
	}
	o.out = []region{o.y.region()}
	return o
}

func (o *convForward) group() int { return o.c.group }

func (o *convForward) images(w *worker, s span) {
	// A stage may hand over more images than the scratch memory holds.
	for group := range s.parts(o.c.group) {
		o.c.method.forward(w, o.y, o.x, group.lo, group.hi)
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
	c *conv
	x convTerm
	activation
}

// Activate implements device.Conv.
func (c *conv) Activate(z device.Buffer, x device.Operand, coef, residual device.Buffer) device.Op {
	if coef.Len() < 3*c.Out {
		panic(fmt.Sprintf("cpu: activation: %d coefficients for %d channels", coef.Len(), c.Out))
	}
	o := &convActivate{c: c, x: convTerm{c.input(x), inputSlot, &c.weights},
		activation: activation{c.outputView(z), c.outputView(residual), host(coef)}}
	o.in, o.out = o.x.regions(nil), []region{o.z.region()}
	if residual != nil {
		o.in = append(o.in, o.residual.region())
	}
	return o
}

func (o *convActivate) group() int { return o.c.group }

func (o *convActivate) images(w *worker, s span) {
	for group := range s.parts(o.c.group) {
		o.c.method.activate(w, &o.activation, o.x, group.lo, group.hi)
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
	c     *conv
	dx    view // without memory: not wanted
	dw    []float32
	x, dy []convTerm // each primal first
}

func (c *conv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	return c.backward(dx, dw, []convTerm{{c.input(x), inputSlot, nil}}, []convTerm{{c.output(dy), gradSlot, &c.weights}})
}

func (c *conv) BackwardTangent(dxDot, dwDot device.Buffer, x, xDot, dy, dyDot device.Operand) device.Op {
	return c.backward(dxDot, dwDot,
		[]convTerm{{c.input(x), inputSlot, nil}, {c.input(xDot), inputTangentSlot, nil}},
		[]convTerm{{c.output(dy), gradSlot, &c.tangent}, {c.output(dyDot), gradTangentSlot, &c.weights}})
}

func (c *conv) backward(dx, dw device.Buffer, x, dy []convTerm) device.Op {
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
	o := &convBackward{c: c, dx: viewOf(dx, c.In, c.Size, c.Size), dw: host(dw), x: x, dy: dy}
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
	partial := o.c.partial[s.index]
	if s.first {
		o.c.method.clear(w, partial)
	}
	for group := range s.parts(o.c.group) {
		o.c.method.backward(w, o.dx, partial, o.x, o.dy, group.lo, group.hi)
	}
	if s.last {
		o.c.method.gather(w, partial)
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
