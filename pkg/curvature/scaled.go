package curvature

import "math"

// Scaled is D·H·D of an operator H and a diagonal matrix D.
//
// With D constant within each layer and equal to the norm ‖θ_l‖ of its
// weights, it is the second derivative with respect to the layers' directions
// θ_l/‖θ_l‖ taken as free vectors. A layer whose scale does not matter, as that
// of a convolution before batch normalisation, has a Hessian that shrinks with
// ‖θ_l‖², which D makes up for: the eigenvalues of D·H·D over such layers do
// not depend on the scale of any of them.
type Scaled struct {
	op   Operator
	d    []float32
	work []float32
}

// NewScaled returns D·H·D for the diagonal d, of length Dim.
func NewScaled(op Operator, d []float32) *Scaled {
	if len(d) != op.Dim() {
		panic("curvature: a diagonal of another length than the operator's")
	}
	return &Scaled{op, d, make([]float32, len(d))}
}

// Dim is the operator's.
func (s *Scaled) Dim() int { return len(s.d) }

// LowerBound is 0 where the operator has no negative eigenvalue.
func (s *Scaled) LowerBound() float64 {
	if lowerBound(s.op) >= 0 {
		return 0
	}
	return math.Inf(-1)
}

// Apply computes dst = D·H·D·v.
func (s *Scaled) Apply(dst, v []float32) error {
	for i, d := range s.d {
		s.work[i] = d * v[i]
	}
	if err := s.op.Apply(dst, s.work); err != nil {
		return err
	}
	for i, d := range s.d {
		dst[i] *= d
	}
	return nil
}
