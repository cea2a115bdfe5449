package curvature

// Fisher is the empirical Fisher matrix, the mean over the examples of
// ∇ℓ_i·∇ℓ_iᵀ, with the gradients of their own cross-entropies at their own
// labels, not centred. No gradient of one example is ever formed: ⟨∇ℓ_i, v⟩ of
// all of them is one tangent pass, and Σ ⟨∇ℓ_i, v⟩·∇ℓ_i one backward pass from
// logit gradients scaled by it.
type Fisher struct {
	*CrossEntropy
	logitGrad []float32 // of the batch's mean loss
	dot       []float32
}

// NewFisher returns the matrix at the network's present parameters.
func NewFisher(c *CrossEntropy) *Fisher {
	n := c.net.LogitGrad().Len()
	return &Fisher{c, make([]float32, n), make([]float32, n)}
}

// Load runs the network forward on the examples.
func (f *Fisher) Load(examples []int32) (float64, error) {
	sum := f.forward(examples)
	n := f.images * f.classes
	f.be.Read(f.logitGrad[:n], f.net.LogitGrad().Slice(0, n))
	return sum, nil
}

// HVP multiplies v by the matrix of the mean over the loaded examples.
func (f *Fisher) HVP(dst, v []float32) error {
	n := f.images * f.classes
	grad, scaled := f.logitGrad[:n], f.dot[:n]
	f.be.Write(f.v, v)
	f.net.ForwardTangent(f.images, f.v)
	f.be.Read(scaled, f.net.LogitsDot().Slice(0, n))
	for i := 0; i < n; i += f.classes {
		var slope float64 // ⟨∇ℓ_i, v⟩/images, as grad is of the mean
		for k := i; k < i+f.classes; k++ {
			slope += float64(grad[k]) * float64(scaled[k])
		}
		slope *= float64(f.images)
		for k := i; k < i+f.classes; k++ {
			scaled[k] = float32(slope * float64(grad[k]))
		}
	}
	f.be.Write(f.net.LogitGrad().Slice(0, n), scaled)
	f.net.Backward(f.images)
	f.be.Read(dst, f.net.Grad())
	return nil
}

// LowerBound is 0: the matrix is positive semidefinite.
func (*Fisher) LowerBound() float64 { return 0 }

// Quadratic computes ⟨∇ℓ_i, v⟩² of each example.
func (f *Fisher) Quadratic(dst []float64, examples []int32, v []float32) error {
	dot := f.tangents(examples, v)
	z, p := f.logits(), make([]float64, f.classes)
	for i, e := range examples {
		softmax64(p, z[i*f.classes:][:f.classes], 1, -1)
		p[f.labels[e]]--
		var slope float64
		for k, d := range dot[i*f.classes:][:f.classes] {
			slope += p[k] * float64(d)
		}
		dst[i] = slope * slope
	}
	return nil
}
