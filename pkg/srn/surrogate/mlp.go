package surrogate

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// mlp is the multilayer perceptron of the ablation in Table 4. The paper says
// no more of it than that its parameters are as many as the convolutional
// surrogate's, so that its first layer cannot read the weights one by one:
// with 93,569 numbers in φ, it would have one unit for ResNet-8 and not half of
// one for ResNet-20. Here the sequence is averaged over S equal segments
// (PyTorch's AdaptiveAvgPool1d(S)) and
//
//	p = segment means of x,  a = ReLU(W₁·p + b₁),  features = ReLU(W₂·a + b₂)
//
// with as many units in a as bring φ's length nearest to the convolutional
// surrogate's. It is piecewise linear in x. It is computed in float64 in host
// memory: a pass is one multiply-add a number of φ and two for one of Θ.
type mlp struct {
	be     device.Backend
	length int
	w1, w2 matrix

	x, dx, host []float32
	p, pDot     []float64 // segments
	a, aDot     []float64 // units before ReLU, and their tangents
	f           []float64 // features before ReLU
	dp, da, df  []float64
}

// newMLP returns the stack with its layout.
func newMLP(be device.Backend, c Config, length int) (stack, nn.Layout) {
	segments, units, features := c.Segments, c.units(), c.Channels[len(c.Channels)-1]
	var layout nn.Layout
	layout.Add("fc1.weight", units, segments)
	layout.Add("fc1.bias", units)
	layout.Add("fc2.weight", features, units)
	layout.Add("fc2.bias", features)
	floats := func(n int) []float64 { return make([]float64, n) }
	return &mlp{be: be, length: length, w1: newMatrix(units, segments), w2: newMatrix(features, units),
		x: make([]float32, length), dx: make([]float32, length), host: make([]float32, layout.Len()),
		p: floats(segments), pDot: floats(segments), dp: floats(segments),
		a: floats(units), aDot: floats(units), da: floats(units), f: floats(features), df: floats(features)}, layout
}

// units is the number of hidden units that matches the parameter count of the
// convolutional surrogate with the same channels and kernel; the heads are alike.
func (c Config) units() int {
	want := device.Conv1DShape{Channels: c.Channels, Kernel: c.Kernel}.Weights()
	features := c.Channels[len(c.Channels)-1]
	perUnit := c.Segments + 1 + features
	return max(1, (want-features+perUnit/2)/perUnit)
}

// Load takes flat weights in the layout's order.
func (m *mlp) Load(w device.Buffer) {
	m.be.Read(m.host, w)
	m.w2.load(m.w1.load(m.host))
}

// Forward computes the features.
func (m *mlp) Forward(features []float64, x device.Buffer) {
	m.be.Read(m.x, x)
	m.pool(m.p, m.x)
	m.w1.apply(m.a, m.p, 1)
	m.w2.apply(m.f, rectified(m.da, m.a), 1)
	rectified(features, m.f)
}

// Gradient implements the stack's.
func (m *mlp) Gradient(features []float64, dx, dw, x device.Buffer, c []float64) {
	m.Forward(features, x)
	m.backward(c)
	if dw != nil {
		w := m.w1.outer(m.host, m.da, m.p, 1)
		m.w2.outer(w, m.df, rectified(m.aDot, m.a), 1)
		m.be.Write(dw, m.host)
	}
	if dx != nil {
		m.w1.transposed(m.dp, m.da)
		m.unpool(m.dx, m.dp)
		m.be.Write(dx, m.dx)
	}
}

// Tangent implements the stack's: what opens a ReLU does not change.
func (m *mlp) Tangent(featuresDot []float64, dwDot, x, xDot device.Buffer, c []float64) {
	m.Forward(featuresDot, x)
	m.backward(c)
	m.be.Read(m.x, xDot)
	m.pool(m.pDot, m.x)
	m.w1.apply(m.aDot, m.pDot, 0)
	mask(m.aDot, m.a)
	m.w2.apply(featuresDot, m.aDot, 0)
	mask(featuresDot, m.f)
	w := m.w1.outer(m.host, m.da, m.pDot, 0)
	m.w2.outer(w, m.df, m.aDot, 0)
	m.be.Write(dwDot, m.host)
}

// backward computes the gradients of ⟨c, features⟩ before both ReLUs.
func (m *mlp) backward(c []float64) {
	copy(m.df, c)
	mask(m.df, m.f)
	m.w2.transposed(m.da, m.df)
	mask(m.da, m.a)
}

// segment is where a segment begins and ends.
func (m *mlp) segment(j int) (from, to int) {
	n := len(m.p)
	return j * m.length / n, ((j+1)*m.length + n - 1) / n
}

func (m *mlp) pool(p []float64, x []float32) {
	for j := range p {
		from, to := m.segment(j)
		sum := 0.0
		for _, v := range x[from:to] {
			sum += float64(v)
		}
		p[j] = sum / float64(to-from)
	}
}

// unpool is pool's transpose.
func (m *mlp) unpool(dx []float32, dp []float64) {
	clear(dx)
	for j, d := range dp {
		from, to := m.segment(j)
		share := float32(d / float64(to-from))
		for i := from; i < to; i++ {
			dx[i] += share
		}
	}
}

// matrix is a layer's weights, by rows, and its biases.
type matrix struct {
	rows, columns int
	w, b          []float64
}

func newMatrix(rows, columns int) matrix {
	return matrix{rows, columns, make([]float64, rows*columns), make([]float64, rows)}
}

// load takes its part of flat weights and returns the rest.
func (m *matrix) load(flat []float32) []float32 {
	for i := range m.w {
		m.w[i] = float64(flat[i])
	}
	flat = flat[len(m.w):]
	for i := range m.b {
		m.b[i] = float64(flat[i])
	}
	return flat[len(m.b):]
}

// apply computes y = W·x + bias·b.
func (m *matrix) apply(y, x []float64, bias float64) {
	for o := range y {
		sum := bias * m.b[o]
		for i, w := range m.w[o*m.columns : (o+1)*m.columns] {
			sum += w * x[i]
		}
		y[o] = sum
	}
}

// transposed computes x = Wᵀ·y.
func (m *matrix) transposed(x, y []float64) {
	clear(x)
	for o, v := range y {
		if v == 0 {
			continue
		}
		for i, w := range m.w[o*m.columns : (o+1)*m.columns] {
			x[i] += v * w
		}
	}
}

// outer writes the gradients y·xᵀ and bias·y in its part of flat weights and
// returns the rest.
func (m *matrix) outer(flat []float32, y, x []float64, bias float64) []float32 {
	for o, v := range y {
		for i, u := range x {
			flat[o*m.columns+i] = float32(v * u)
		}
	}
	flat = flat[len(m.w):]
	for o, v := range y {
		flat[o] = float32(bias * v)
	}
	return flat[len(m.b):]
}

// rectified computes y = ReLU(a).
func rectified(y, a []float64) []float64 {
	for i, v := range a {
		y[i] = max(v, 0)
	}
	return y
}

// mask clears v where a is not positive.
func mask(v, a []float64) {
	for i, x := range a {
		if x <= 0 {
			v[i] = 0
		}
	}
}
