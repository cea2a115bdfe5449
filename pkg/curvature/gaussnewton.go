package curvature

// GaussNewton is the generalised Gauss–Newton matrix of a network's mean
// cross-entropy, Jᵀ·H_z·J: J is the Jacobian of the logits in the parameters,
// and H_z = (diag(p) − p·pᵀ)/n the Hessian of the mean loss in the logits. It
// is the Hessian without the curvature of the network itself, positive
// semidefinite, and the Fisher information of the predicted distribution.
//
// A product is one tangent pass and one backward pass.
type GaussNewton struct{ *CrossEntropy }

// Load runs the network forward on the examples.
func (g GaussNewton) Load(examples []int32) (float64, error) { return g.forward(examples), nil }

// HVP multiplies v by the matrix of the mean over the loaded examples.
func (g GaussNewton) HVP(dst, v []float32) error {
	n := g.images
	g.be.Write(g.v, v)
	g.net.ForwardTangent(n, g.v)
	g.net.CrossEntropyTangent(n) // H_z·J·v
	g.be.Copy(g.net.LogitGrad().Slice(0, n*g.classes), g.net.LogitGradDot().Slice(0, n*g.classes))
	g.net.Backward(n)
	g.be.Read(dst, g.net.Grad())
	return nil
}

// Form is Σ vᵀ·A_i·v over a batch of examples, A_i being example i's matrix,
// with J·v by central differences of the logits.
func (g GaussNewton) Form(examples []int32, v []float32, step float64) (float64, error) {
	zDot, p := g.logitDifferences(examples, v, step)
	var sum float64
	for i := range examples {
		var first, second float64
		for k := i * g.classes; k < (i+1)*g.classes; k++ {
			first += p[k] * zDot[k]
			second += p[k] * zDot[k] * zDot[k]
		}
		sum += second - first*first
	}
	return sum, nil
}

// LowerBound is 0: the matrix is positive semidefinite.
func (GaussNewton) LowerBound() float64 { return 0 }
