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

// LowerBound is 0: the matrix is positive semidefinite.
func (GaussNewton) LowerBound() float64 { return 0 }

// Quadratic computes żᵀ(diag p − p·pᵀ)ż of each example, ż being the derivative of
// its logits along v.
func (g GaussNewton) Quadratic(dst []float64, examples []int32, v []float32) error {
	dot := g.tangents(examples, v)
	z, p := g.logits(), make([]float64, g.classes)
	for i := range examples {
		softmax64(p, z[i*g.classes:][:g.classes], 1, -1)
		var mean, square float64
		for k, d := range dot[i*g.classes:][:g.classes] {
			mean += p[k] * float64(d)
			square += p[k] * float64(d) * float64(d)
		}
		dst[i] = square - mean*mean
	}
	return nil
}
