package curvature

import "math"

// Form is Σ vᵀ·H_i·v over a batch of examples with their Hessians H_i, by
// central differences of the gradient: n·vᵀ(∇L(θ+h·v) − ∇L(θ−h·v))/2h for the
// mean loss L over the n examples and the step h.
func (c *CrossEntropy) Form(examples []int32, v []float32, step float64) (float64, error) {
	grad, wide := make([]float32, c.Dim()), make([]float64, c.Dim())
	var form float64
	for _, sign := range []float64{1, -1} {
		c.move(v, sign*step)
		if _, err := c.Load(examples); err != nil {
			return 0, err
		}
		c.be.Read(grad, c.net.Grad())
		widen(wide, grad)
		form += sign * dot(v, wide)
	}
	c.move(v, 0)
	return float64(len(examples)) * form / (2 * step), nil
}

// logitDifferences returns the central differences of a batch's logits along v,
// and its predicted probabilities at θ.
func (c *CrossEntropy) logitDifferences(examples []int32, v []float32, step float64) (zDot, p []float64) {
	n := len(examples) * c.classes
	zDot, p = make([]float64, n), make([]float64, n)
	z := make([]float32, n)
	read := func(offset float64) {
		c.move(v, offset)
		c.forward(examples)
		c.be.Read(z, c.net.Logits().Slice(0, n))
	}
	read(step)
	widen(zDot, z)
	read(-step)
	axpy(zDot, -1, z)
	for i := range zDot {
		zDot[i] /= 2 * step
	}
	read(0)
	for i := 0; i < n; i += c.classes {
		softmax(p[i:i+c.classes], z[i:i+c.classes])
	}
	return zDot, p
}

// move makes the network's parameters θ + offset·v, θ being those before the
// first move.
func (c *CrossEntropy) move(v []float32, offset float64) {
	if c.params == nil {
		c.params = make([]float32, c.Dim())
		c.be.Read(c.params, c.net.Params())
	}
	moved := c.params
	if offset != 0 {
		moved = make([]float32, c.Dim())
		for i, p := range c.params {
			moved[i] = float32(float64(p) + offset*float64(v[i]))
		}
	}
	c.be.Write(c.net.Params(), moved)
	c.net.Load()
}

// softmax computes p from logits.
func softmax(p []float64, z []float32) {
	largest := math.Inf(-1)
	for _, v := range z {
		largest = max(largest, float64(v))
	}
	var sum float64
	for k, v := range z {
		p[k] = math.Exp(float64(v) - largest)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}
