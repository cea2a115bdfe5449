package surrogate

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
	"srn/pkg/run"
)

// Scorer is a surrogate with a score r(Θ;φ) = clamp(softplus(⟨w, f⟩ + b)) (or
// another [Config]'s head), where f are the features that a stack of layers
// makes of the classifier's parameters Θ. φ are the stack's weights and
// biases, w and b. Its guidance is ∇_Θ r.
//
// The stacks are piecewise linear in what they read. With Θ as it is, the
// Hessian of r is h″(u)·∇u·∇uᵀ almost everywhere, of rank one.
type Scorer struct {
	base
	in    input
	stack stack
	order []int // of shuffled layers, nil: none

	weights device.Buffer // the stack's part of φ
	grad    device.Buffer // gradients in it
	dx      device.Buffer // ∇_Θ u of VJP, once it was asked for

	features  []float64
	cotangent []float64 // w, or 1/n of a mean
	host      []float32 // of grad
}

// stack makes features of a sequence, by flat weights; its methods are those
// of [device.Conv1D], which is one.
type stack interface {
	Load(w device.Buffer)
	Forward(features []float64, x device.Buffer)
	Gradient(features []float64, dx, dw, x device.Buffer, c []float64)
	Tangent(featuresDot []float64, dwDot, x, xDot device.Buffer, c []float64)
}

// NewScorer makes a conv or mlp surrogate of networks with a layout; φ is
// zero until Init or SetPhi.
func NewScorer(be device.Backend, c Config, layout nn.Layout) (*Scorer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	in, err := newInput(be, c.Input, layout)
	if err != nil {
		return nil, err
	}
	s := &Scorer{base: base{Config: c, be: be, target: layout}, in: in}
	switch c.Surrogate {
	case "conv":
		s.stack, s.layout = newConv(be, c, in.length())
	case "mlp":
		s.stack, s.layout = newMLP(be, c, in.length())
	default:
		return nil, run.Refuse("surrogate", "%s has no score of its own", c.Surrogate)
	}
	n, features := s.layout.Len(), c.Channels[len(c.Channels)-1]
	s.weights, s.grad, s.host = be.New(n), be.New(n), make([]float32, n)
	if c.Head != "mean" {
		s.layout.Add("linear.weight", 1, features)
		s.layout.Add("linear.bias", 1)
	}
	s.phi = make([]float32, s.layout.Len())
	s.features, s.cotangent = make([]float64, features), make([]float64, features)
	return s, nil
}

// SetPhi sets φ.
func (s *Scorer) SetPhi(phi []float32) {
	s.setPhi(phi)
	s.be.Write(s.weights, s.phi[:s.weights.Len()])
	s.stack.Load(s.weights)
	for i := range s.cotangent {
		if s.Head == "mean" {
			s.cotangent[i] = 1 / float64(len(s.cotangent))
		} else {
			s.cotangent[i] = float64(s.phi[s.weights.Len()+i])
		}
	}
}

// Init draws φ as PyTorch initialises Conv1d and Linear: weights and biases
// uniform in ±1/√fan-in.
func (s *Scorer) Init(seed uint64) {
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

// ReadsPath is false: h depends on Θ alone.
func (s *Scorer) ReadsPath() bool { return false }

// linear is the head's argument u of the latest features.
func (s *Scorer) linear() float64 {
	u := s.bias()
	for i, f := range s.features {
		u += s.cotangent[i] * f
	}
	return u
}

// bias is the head's b.
func (s *Scorer) bias() float64 {
	if s.Head == "mean" {
		return 0
	}
	return float64(s.phi[len(s.phi)-1])
}

// Value computes r at the parameters.
func (s *Scorer) Value(params device.Buffer) Value {
	s.stack.Forward(s.features, s.in.read(params))
	return s.Score(s.linear())
}

// Gradient computes r and writes ∇_Θ u, which is ∇_Θ r before the factor
// Slope: the direction is worth having even where a clamp makes r constant.
func (s *Scorer) Gradient(gradient, params device.Buffer) Value {
	s.stack.Gradient(s.features, s.in.grad(gradient), nil, s.in.read(params), s.cotangent)
	s.in.finish(gradient)
	return s.Score(s.linear())
}

// Guide is Gradient, with its layers shuffled where they are to be.
func (s *Scorer) Guide(h device.Buffer, at Point) Value {
	v := s.Gradient(h, at.Params)
	s.exchangeScales(h)
	return v
}

// ShuffleLayers makes each tensor's part of ∇r as large (by root mean square)
// as another's is.
func (s *Scorer) ShuffleLayers(order []int) { s.order = order }

func (s *Scorer) exchangeScales(h device.Buffer) {
	if s.order == nil {
		return
	}
	size := make([]float64, len(s.target))
	for i, t := range s.target {
		size[i] = rootMeanSquare(s.be, h, t)
	}
	for i, t := range s.target {
		if size[i] > 0 {
			s.be.Scale(part(h, t), float32(size[s.order[i]]/size[i]))
		}
	}
}

// part is a tensor's part of a flat vector.
func part(v device.Buffer, t nn.Param) device.Buffer { return v.Slice(t.Offset, t.Offset+t.Len()) }

func rootMeanSquare(be device.Vectors, v device.Buffer, t nn.Param) float64 {
	p := part(v, t)
	return math.Sqrt(be.Dot(p, p) / float64(t.Len()))
}

// Gradients computes r, writes ∇_Θ u as Gradient does, and returns ∇_φ u,
// which is ∇_φ r before the factor Slope.
func (s *Scorer) Gradients(gradient, params device.Buffer) (Value, PhiGrad) {
	s.stack.Gradient(s.features, s.in.grad(gradient), s.grad, s.in.read(params), s.cotangent)
	s.in.finish(gradient)
	return s.Score(s.linear()), s.phiGrad(1)
}

// phiGrad assembles a gradient of u, or of its tangent, in φ from the stack's
// and the features (or their tangents); bias is that in the head's bias.
func (s *Scorer) phiGrad(bias float64) PhiGrad {
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

// VJP computes ∇_φ ⟨∇_Θ r(Θ;φ), u⟩, which is how a step along ∇_Θ r moves
// with φ, and adds the Hessian of r times u to into.Params.
func (s *Scorer) VJP(at Point, v device.Buffer, into Point) PhiGrad {
	x := s.in.read(at.Params)
	if into.Params != nil {
		if s.dx == nil {
			s.dx = s.be.New(at.Params.Len())
		}
		s.stack.Gradient(s.features, s.in.grad(s.dx), s.grad, x, s.cotangent)
	} else {
		s.stack.Gradient(s.features, nil, s.grad, x, s.cotangent)
	}
	value := s.Score(s.linear())
	g := s.phiGrad(1)

	s.stack.Tangent(s.features, s.grad, x, s.in.tangent(v), s.cotangent)
	uDot := 0.0
	for i, f := range s.features {
		uDot += s.cotangent[i] * f
	}
	dot := s.phiGrad(0)
	for i := range g {
		g[i] = value.bend*uDot*g[i] + value.Slope*dot[i]
	}
	if into.Params != nil {
		s.in.bend(into.Params, s.dx, v, value.Slope)
		s.in.finish(s.dx)
		s.be.Axpy(into.Params, float32(value.bend*uDot), s.dx)
	}
	return g
}
