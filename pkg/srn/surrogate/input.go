package surrogate

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/run"
)

// input maps a classifier's parameters to the sequence that the surrogate
// reads, and derivatives back.
type input interface {
	length() int
	// read returns the sequence of the parameters. The derivatives below are
	// taken at the parameters read last.
	read(params device.Buffer) device.Buffer
	// tangent returns the sequence's change along a change of the parameters.
	tangent(paramsDot device.Buffer) device.Buffer
	// grad returns where the gradient in the sequence is to be stored so that
	// finish can complete the gradient in the parameters.
	grad(params device.Buffer) device.Buffer
	// finish turns a gradient in the sequence, stored where grad said, into
	// one in the parameters.
	finish(params device.Buffer)
	// bend adds scale times the gradient in the parameters of ⟨g, y⟩, where g
	// is what finish makes of a gradient that does not itself change. It is
	// zero where the sequence is linear in the parameters.
	bend(into, gradient, y device.Buffer, scale float64)
}

func newInput(be device.Backend, kind string, layout nn.Layout) (input, error) {
	switch kind {
	case "all":
		return allInput{layout.Len()}, nil
	case "conv":
		c := &convInput{be: be}
		for _, p := range layout {
			if len(p.Shape) == 4 {
				c.tensors = append(c.tensors, p)
				c.n += p.Len()
			}
		}
		if c.n == 0 {
			return nil, run.Refuse("input", "the network has no convolutions, which %q reads", kind)
		}
		c.x, c.xDot, c.dx = be.New(c.n), be.New(c.n), be.New(c.n)
		return c, nil
	case "scaled":
		n := layout.Len()
		return &scaledInput{be: be, layout: layout, scale: make([]float64, len(layout)),
			x: be.New(n), xDot: be.New(n)}, nil
	}
	return nil, run.Refuse("input", "unknown kind %q", kind)
}

// allInput reads all parameters as they are.
type allInput struct{ n int }

func (a allInput) length() int                               { return a.n }
func (a allInput) read(params device.Buffer) device.Buffer   { return params }
func (a allInput) tangent(dot device.Buffer) device.Buffer   { return dot }
func (a allInput) grad(gradient device.Buffer) device.Buffer { return gradient }
func (a allInput) finish(device.Buffer)                      {}
func (a allInput) bend(_, _, _ device.Buffer, _ float64)     {}

// convInput reads the weights of convolutions, one tensor after the other.
type convInput struct {
	be          device.Backend
	tensors     []nn.Param
	n           int
	x, xDot, dx device.Buffer
}

func (c *convInput) length() int { return c.n }

// each calls f with each tensor's part of a vector of all parameters and of
// a sequence.
func (c *convInput) each(params, sequence device.Buffer, f func(p, s device.Buffer)) {
	at := 0
	for _, t := range c.tensors {
		f(params.Slice(t.Offset, t.Offset+t.Len()), sequence.Slice(at, at+t.Len()))
		at += t.Len()
	}
}

func (c *convInput) read(params device.Buffer) device.Buffer {
	c.each(params, c.x, func(p, s device.Buffer) { c.be.Copy(s, p) })
	return c.x
}

func (c *convInput) tangent(dot device.Buffer) device.Buffer {
	c.each(dot, c.xDot, func(p, s device.Buffer) { c.be.Copy(s, p) })
	return c.xDot
}

func (c *convInput) grad(device.Buffer) device.Buffer { return c.dx }

func (c *convInput) finish(gradient device.Buffer) {
	c.be.Fill(gradient, 0)
	c.each(gradient, c.dx, func(p, s device.Buffer) { c.be.Copy(p, s) })
}

func (c *convInput) bend(_, _, _ device.Buffer, _ float64) {}

// scaledInput reads each tensor divided by its root mean square, s = θ/ρ with
// ρ² = mean(θ²) + ε². The ε keeps tensors that start at zero from being blown
// up to unit size.
type scaledInput struct {
	be      device.Backend
	layout  nn.Layout
	scale   []float64 // 1/ρ of each tensor
	x, xDot device.Buffer
}

const scaledEpsilon = 0.01

func (c *scaledInput) length() int { return c.layout.Len() }

func (c *scaledInput) read(params device.Buffer) device.Buffer {
	c.be.Copy(c.x, params)
	for i, t := range c.layout {
		x := c.x.Slice(t.Offset, t.Offset+t.Len())
		c.scale[i] = 1 / math.Sqrt(c.be.Dot(x, x)/float64(t.Len())+scaledEpsilon*scaledEpsilon)
		c.be.Scale(x, float32(c.scale[i]))
	}
	return c.x
}

// derive applies the derivative of the scaling in place: a symmetric matrix
// for each tensor, (I − s·sᵀ/n)/ρ, so that it serves tangents and gradients.
func (c *scaledInput) derive(v device.Buffer) {
	for i, t := range c.layout {
		x, y := c.x.Slice(t.Offset, t.Offset+t.Len()), v.Slice(t.Offset, t.Offset+t.Len())
		c.be.Axpy(y, float32(-c.be.Dot(x, y)/float64(t.Len())), x)
		c.be.Scale(y, float32(c.scale[i]))
	}
}

func (c *scaledInput) tangent(dot device.Buffer) device.Buffer {
	c.be.Copy(c.xDot, dot)
	c.derive(c.xDot)
	return c.xDot
}

func (c *scaledInput) grad(gradient device.Buffer) device.Buffer { return gradient }
func (c *scaledInput) finish(gradient device.Buffer)             { c.derive(gradient) }

// bend differentiates ⟨(I − s·sᵀ/n)·a/ρ, y⟩, tensor by tensor, with ∂ρ/∂θ = s/n.
func (c *scaledInput) bend(into, gradient, y device.Buffer, scale float64) {
	for i, t := range c.layout {
		s, a, y, to := part(c.x, t), part(gradient, t), part(y, t), part(into, t)
		n, inverse := float64(t.Len()), c.scale[i]
		sa, sy := c.be.Dot(s, a), c.be.Dot(s, y)
		value := (c.be.Dot(a, y) - sa*sy/n) * inverse
		k := inverse * inverse / n
		c.be.Axpy(to, float32(scale*(2*sa*sy/n*k-value*inverse/n)), s)
		c.be.Axpy(to, float32(-scale*sy*k), a)
		c.be.Axpy(to, float32(-scale*sa*k), y)
	}
}
