package method

import (
	"math"

	"srn/pkg/rng"
)

// mlp is a small network W₂·relu(W₁·x + b₁) + b₂, in float64.
type mlp struct {
	in, hidden, out int
	phi             []float64 // W₁ by rows, b₁, W₂ by rows, b₂

	x, a, y []float64 // of the latest forward: input, before the relu, output
}

// newMLP starts as PyTorch's linear layers do.
func newMLP(in, hidden, out int, r *rng.Rand) mlp {
	m := mlp{in: in, hidden: hidden, out: out,
		x: make([]float64, in), a: make([]float64, hidden), y: make([]float64, out)}
	for _, layer := range []struct{ in, out int }{{in, hidden}, {hidden, out}} {
		bound := 1 / math.Sqrt(float64(layer.in))
		for range (layer.in + 1) * layer.out {
			m.phi = append(m.phi, bound*(2*r.Float64()-1))
		}
	}
	return m
}

// layers parts a vector like φ.
func (m *mlp) layers(v []float64) (w1, b1, w2, b2 []float64) {
	take := func(k int) []float64 { head := v[:k]; v = v[k:]; return head }
	return take(m.hidden * m.in), take(m.hidden), take(m.out * m.hidden), take(m.out)
}

// forward returns the outputs, valid until the next forward.
func (m *mlp) forward(x ...float64) []float64 {
	w1, b1, w2, b2 := m.layers(m.phi)
	copy(m.x, x)
	for j := range m.a {
		m.a[j] = b1[j]
		for i, v := range m.x {
			m.a[j] += w1[j*m.in+i] * v
		}
	}
	for k := range m.y {
		m.y[k] = b2[k]
		for j, a := range m.a {
			m.y[k] += w2[k*m.hidden+j] * max(0, a)
		}
	}
	return m.y
}

// backward adds to grad the gradient in φ of ⟨d, outputs⟩ of the latest forward.
func (m *mlp) backward(grad, d []float64) {
	_, _, w2, _ := m.layers(m.phi)
	g1, gb1, g2, gb2 := m.layers(grad)
	for k, v := range d {
		gb2[k] += v
	}
	for j, a := range m.a {
		if a <= 0 {
			continue
		}
		inA := 0.0
		for k, v := range d {
			g2[k*m.hidden+j] += v * a
			inA += v * w2[k*m.hidden+j]
		}
		gb1[j] += inA
		for i, x := range m.x {
			g1[j*m.in+i] += inA * x
		}
	}
}
