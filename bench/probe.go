package main

import (
	"fmt"
	"time"

	"srn/pkg/device"
)

// probe is a backend that runs operations one at a time and adds up what each
// kind takes. It sees what networks plan, and needs nothing of the backend
// that it wraps.
type probe struct {
	device.Backend
	batch int
	ops   map[device.Op]*kind
	kinds []*kind // in the order in which they first ran
	stage device.Stage
}

// kind is operations that do the same on the same shapes.
type kind struct {
	name, shape string
	work        work

	// Since the latest reset.
	seconds float64
	count   int
	images  int
}

// newProbe wraps a backend for networks of a batch size.
func newProbe(be device.Backend, batch int) *probe {
	return &probe{Backend: be, batch: batch, ops: map[device.Op]*kind{}}
}

// reset forgets what was measured.
func (p *probe) reset() {
	for _, k := range p.kinds {
		k.seconds, k.count, k.images = 0, 0, 0
	}
}

// find returns the kind of a name and shape.
func (p *probe) find(name, shape string, w work) *kind {
	for _, k := range p.kinds {
		if k.name == name && k.shape == shape {
			return k
		}
	}
	k := &kind{name: name, shape: shape, work: w}
	p.kinds = append(p.kinds, k)
	return k
}

// learn remembers what an operation is.
func (p *probe) learn(op device.Op, name, shape string, w work) device.Op {
	p.ops[op] = p.find(name, shape, w)
	return op
}

func (k *kind) add(start time.Time, images int) {
	k.seconds += time.Since(start).Seconds()
	k.count++
	k.images += images
}

// Run implements device.Backend.
func (p *probe) Run(n int, stage device.Stage) {
	if n == 0 {
		start := time.Now()
		p.Backend.Run(0, stage)
		p.find("weights prepared", "", work{}).add(start, 0)
		return
	}
	for _, op := range stage {
		k, ok := p.ops[op]
		if !ok {
			k = p.find("classifier and loss", "", work{})
		}
		start := time.Now()
		p.stage = append(p.stage[:0], op)
		p.Backend.Run(n, p.stage)
		k.add(start, n)
	}
}

// flat times arithmetic on flat vectors.
func (p *probe) flat(name string, f func()) {
	start := time.Now()
	f()
	p.find(name, "", work{}).add(start, 0)
}

func (p *probe) SGD(x, v, g device.Buffer, lr, momentum, decay float32) {
	p.flat("SGD and norms", func() { p.Backend.SGD(x, v, g, lr, momentum, decay) })
}

func (p *probe) Dot(x, y device.Buffer) (dot float64) {
	p.flat("SGD and norms", func() { dot = p.Backend.Dot(x, y) })
	return dot
}

// Load implements device.Layers.
func (p *probe) Load(dst device.Buffer, images *device.Images) device.Loader {
	l := p.Backend.Load(dst, images)
	w := writing(dst, p.batch)
	w.bytes *= 1.25 // and a byte read for each value
	p.learn(l.Op(), "images loaded", "3 × 32²", w)
	return l
}

// Combine implements device.Layers.
func (p *probe) Combine(dst device.Buffer, src device.Operand, channels, pixels int) device.Op {
	w := reading(src, p.batch).plus(writing(dst, p.batch))
	name := fmt.Sprintf("combination of %d", len(src.Src))
	if src.Post == device.Mask {
		name += ", masked"
	}
	return p.learn(p.Backend.Combine(dst, src, channels, pixels), name, layer(channels, pixels), w)
}

// moving is what it takes to read some buffers and to write others.
func (p *probe) moving(buffers ...device.Buffer) (w work) {
	for _, b := range buffers {
		w = w.plus(writing(b, p.batch))
	}
	return w
}

// Subsample implements device.Layers.
func (p *probe) Subsample(dst, src device.Buffer, channels, size int) device.Op {
	w := p.moving(dst).plus(work{bytes: p.moving(src).bytes / 4})
	return p.learn(p.Backend.Subsample(dst, src, channels, size), "shortcut", layer(channels, size*size), w)
}

// SubsampleGrad implements device.Layers.
func (p *probe) SubsampleGrad(dsrc, ddst device.Buffer, channels, size int) device.Op {
	w := work{bytes: p.moving(dsrc).bytes / 2} // a quarter of the pixels, read and written
	w.bytes += p.moving(ddst).bytes / 2        // half of the channels
	return p.learn(p.Backend.SubsampleGrad(dsrc, ddst, channels, size), "shortcut's gradient", layer(channels, size*size), w)
}

// MeanPool implements device.Layers.
func (p *probe) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	return p.learn(p.Backend.MeanPool(dst, src, channels, pixels), "mean pooling", layer(channels, pixels), p.moving(dst, src))
}

// MeanPoolGrad implements device.Layers.
func (p *probe) MeanPoolGrad(dsrc, ddst device.Buffer, channels, pixels int) device.Op {
	return p.learn(p.Backend.MeanPoolGrad(dsrc, ddst, channels, pixels), "mean pooling's gradient", layer(channels, pixels), p.moving(dsrc, ddst))
}

func layer(channels, pixels int) string {
	for size := 1; size <= 32; size++ {
		if size*size == pixels {
			return fmt.Sprintf("%d × %d²", channels, size)
		}
	}
	return fmt.Sprintf("%d × %d", channels, pixels)
}

// Conv implements device.Convs.
func (p *probe) Conv(s device.ConvShape) device.Conv {
	return &probedConv{p.Backend.Conv(s), p, s}
}

type probedConv struct {
	device.Conv
	p *probe
	s device.ConvShape
}

func (c *probedConv) learn(op device.Op, name string, w work) device.Op {
	return c.p.learn(op, name, convName(c.s), w)
}

func convName(s device.ConvShape) string {
	if s.Stride > 1 {
		return fmt.Sprintf("%d → %d, %d², stride %d", s.In, s.Out, s.Size, s.Stride)
	}
	return fmt.Sprintf("%d → %d, %d²", s.In, s.Out, s.Size)
}

func (c *probedConv) Forward(y device.Buffer, x device.Operand) device.Op {
	w := reading(x, c.p.batch).plus(writing(y, c.p.batch)).plus(forward(c.s, 1))
	return c.learn(c.Conv.Forward(y, x), "forward", w)
}

func (c *probedConv) Activate(z device.Buffer, x device.Operand, coef, residual device.Buffer) device.Op {
	w := reading(x, c.p.batch).plus(writing(residual, c.p.batch)).plus(writing(z, c.p.batch)).plus(forward(c.s, 1))
	return c.learn(c.Conv.Activate(z, x, coef, residual), "activation", w)
}

func (c *probedConv) ForwardTangent(yDot device.Buffer, x, xDot device.Operand) device.Op {
	terms := 2
	if xDot.Zero() {
		terms = 1
	}
	w := reading(x, c.p.batch).plus(reading(xDot, c.p.batch)).plus(writing(yDot, c.p.batch)).
		plus(forward(c.s, terms))
	return c.learn(c.Conv.ForwardTangent(yDot, x, xDot), "forward tangent", w)
}

func (c *probedConv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	w := reading(x, c.p.batch).plus(reading(dy, c.p.batch)).plus(writing(dx, c.p.batch)).plus(correlating(c.s, 1))
	if dx != nil {
		w = w.plus(backward(c.s, 1))
	}
	return c.learn(c.Conv.Backward(dx, dw, x, dy), "backward", w)
}

func (c *probedConv) BackwardTangent(dxDot, dwDot device.Buffer, x, xDot, dy, dyDot device.Operand) device.Op {
	terms := 2
	if xDot.Zero() {
		terms = 1
	}
	w := reading(x, c.p.batch).plus(reading(xDot, c.p.batch)).plus(reading(dy, c.p.batch)).plus(reading(dyDot, c.p.batch)).
		plus(writing(dxDot, c.p.batch)).plus(correlating(c.s, terms))
	if dxDot != nil {
		w = w.plus(backward(c.s, 2))
	}
	return c.learn(c.Conv.BackwardTangent(dxDot, dwDot, x, xDot, dy, dyDot), "backward tangent", w)
}

// BatchNorm implements device.Layers.
func (p *probe) BatchNorm(channels, pixels, batch int) device.BatchNorm {
	return &probedNorm{p.Backend.BatchNorm(channels, pixels, batch), p, layer(channels, pixels)}
}

type probedNorm struct {
	device.BatchNorm
	p     *probe
	shape string
}

func (n *probedNorm) learn(op device.Op, name string, read ...device.Buffer) device.Op {
	var w work
	for _, b := range read {
		w = w.plus(writing(b, n.p.batch)) // the same bytes, and one multiply-add each
		w.flop += 2 * float64(b.Len()) / float64(n.p.batch)
	}
	return n.p.learn(op, name, n.shape, w)
}

func (n *probedNorm) Train(y, gamma, beta, mean, variance device.Buffer) device.Op {
	return n.learn(n.BatchNorm.Train(y, gamma, beta, mean, variance), "batch norm's sums", y)
}

func (n *probedNorm) Backward(dgamma, dbeta, dz, y device.Buffer) device.Op {
	return n.learn(n.BatchNorm.Backward(dgamma, dbeta, dz, y), "batch norm's gradient sums", dz, y)
}

func (n *probedNorm) Tangent(yDot, y, gammaDot, betaDot device.Buffer) device.Op {
	return n.learn(n.BatchNorm.Tangent(yDot, y, gammaDot, betaDot), "batch norm's tangent sums", yDot, y)
}

func (n *probedNorm) BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot device.Buffer) device.Op {
	return n.learn(n.BatchNorm.BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot), "batch norm's gradient tangent sums", dz, dzDot, y, yDot)
}
