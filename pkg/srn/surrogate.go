package srn

import (
	"fmt"
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Surrogate is r(Θ;φ) = clamp(softplus(⟨w, f⟩ + b)) (or another [Config]'s
// head), where f are the mean-pooled features of a stack of 1-D convolutions
// over the classifier's parameters Θ. φ are the convolutions' weights and
// biases, w and b.
//
// The convolutions are piecewise linear in Θ, so the Hessian of r in Θ is
// h″(u)·∇u·∇uᵀ almost everywhere, of rank one.
type Surrogate struct {
	Config
	be     device.Backend
	layout nn.Layout // of φ
	target nn.Layout // of Θ
	in     input
	stack  device.Conv1D

	phi  []float32
	conv device.Buffer // the convolutions' part of φ
	grad device.Buffer // gradients in it

	features  []float64
	cotangent []float64 // w, or 1/n of a mean
	host      []float32 // of grad
}

// New makes a surrogate of networks with a layout; its parameters are zero
// until Init or SetPhi.
func New(be device.Backend, c Config, layout nn.Layout) (*Surrogate, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	in, err := newInput(be, c.Input, layout)
	if err != nil {
		return nil, err
	}
	s := &Surrogate{Config: c, be: be, target: layout, in: in}
	shape := device.Conv1DShape{Channels: c.Channels, Kernel: c.Kernel, Length: in.length()}
	s.stack = be.Conv1D(shape)
	for l, out := range c.Channels {
		channels, _, _ := shape.Layer(l)
		s.layout.Add(fmt.Sprintf("conv%d.weight", l+1), out, channels, c.Kernel)
		s.layout.Add(fmt.Sprintf("conv%d.bias", l+1), out)
	}
	convs := s.layout.Len()
	s.conv, s.grad, s.host = be.New(convs), be.New(convs), make([]float32, convs)
	if c.Head != "mean" {
		s.layout.Add("linear.weight", 1, shape.Features())
		s.layout.Add("linear.bias", 1)
	}
	s.phi = make([]float32, s.layout.Len())
	s.features, s.cotangent = make([]float64, shape.Features()), make([]float64, shape.Features())
	return s, nil
}

// Layout describes φ.
func (s *Surrogate) Layout() nn.Layout { return s.layout }

// Target describes the parameters Θ that the surrogate reads.
func (s *Surrogate) Target() nn.Layout { return s.target }

// Phi returns a copy of φ.
func (s *Surrogate) Phi() []float32 { return append([]float32(nil), s.phi...) }

// SetPhi sets φ.
func (s *Surrogate) SetPhi(phi []float32) {
	if len(phi) != len(s.phi) {
		panic(fmt.Sprintf("srn: %d values for φ, which has %d", len(phi), len(s.phi)))
	}
	copy(s.phi, phi)
	s.be.Write(s.conv, s.phi[:s.conv.Len()])
	s.stack.Load(s.conv)
	for i := range s.cotangent {
		if s.Head == "mean" {
			s.cotangent[i] = 1 / float64(len(s.cotangent))
		} else {
			s.cotangent[i] = float64(s.phi[s.conv.Len()+i])
		}
	}
}

// Init draws φ as PyTorch initialises Conv1d and Linear: weights and biases
// uniform in ±1/√fan-in.
func (s *Surrogate) Init(seed uint64) {
	phi := make([]float32, len(s.phi))
	bound := 0.0
	for i, t := range s.layout {
		if len(t.Shape) > 1 { // the biases after it have the same bound
			bound = 1 / math.Sqrt(float64(t.Len()/t.Shape[0]))
		}
		r := rng.New(seed, rng.Stream("surrogate"), uint64(i))
		for j := range t.Len() {
			phi[t.Offset+j] = float32(bound * (2*r.Float64() - 1))
		}
	}
	s.SetPhi(phi)
}

// linear is the head's argument u of the latest features.
func (s *Surrogate) linear() float64 {
	u := 0.0
	if s.Head != "mean" {
		u = float64(s.phi[len(s.phi)-1])
	}
	for i, f := range s.features {
		u += s.cotangent[i] * f
	}
	return u
}

// Value computes r at the parameters.
func (s *Surrogate) Value(params device.Buffer) Value {
	s.stack.Forward(s.features, s.in.read(params))
	return s.value(s.linear())
}

// Gradient computes r and writes ∇_Θ u, which is ∇_Θ r before the factor
// Slope: the direction is worth having even where a clamp makes r constant.
func (s *Surrogate) Gradient(gradient, params device.Buffer) Value {
	s.stack.Gradient(s.features, s.in.grad(gradient), nil, s.in.read(params), s.cotangent)
	s.in.finish(gradient)
	return s.value(s.linear())
}

// Gradients computes r, writes ∇_Θ u as Gradient does, and returns ∇_φ u,
// which is ∇_φ r before the factor Slope.
func (s *Surrogate) Gradients(gradient, params device.Buffer) (Value, PhiGrad) {
	s.stack.Gradient(s.features, s.in.grad(gradient), s.grad, s.in.read(params), s.cotangent)
	s.in.finish(gradient)
	return s.value(s.linear()), s.phiGrad(1)
}

// PhiGrad is a gradient in φ.
type PhiGrad []float64

// phiGrad assembles a gradient of u, or of its tangent, in φ from the stack's
// and the features (or their tangents); bias is that in the head's bias.
func (s *Surrogate) phiGrad(bias float64) PhiGrad {
	g := make(PhiGrad, len(s.phi))
	s.be.Read(s.host, s.grad)
	for i, v := range s.host {
		g[i] = float64(v)
	}
	if s.Head != "mean" {
		copy(g[len(s.host):], s.features)
		g[len(g)-1] = bias
	}
	return g
}

// Mixed computes ∇_φ ⟨∇_Θ r(Θ;φ), v⟩, which is how a step along ∇_Θ r moves
// with φ: the meta-gradient through that step.
func (s *Surrogate) Mixed(params, v device.Buffer) PhiGrad {
	x := s.in.read(params)
	s.stack.Gradient(s.features, nil, s.grad, x, s.cotangent)
	value := s.value(s.linear())
	g := s.phiGrad(1)

	s.stack.Tangent(s.features, s.grad, x, s.in.tangent(v), s.cotangent)
	uDot := 0.0
	for i, f := range s.features {
		uDot += s.cotangent[i] * f
	}
	dot := s.phiGrad(0)
	for i := range g {
		g[i] = value.bend*uDot*g[i] + value.slope*dot[i]
	}
	return g
}
