package curvature

// Shifted is Operator + Shift·I: with Shift the coefficient λ of weight decay,
// the curvature of the loss with the term λ/2·‖θ‖², which is what coupled
// weight decay descends.
type Shifted struct {
	Operator
	Shift float64
}

// Apply computes dst = (H + Shift·I)·v.
func (s Shifted) Apply(dst, v []float32) error {
	return s.ApplyAll([][]float32{dst}, [][]float32{v})
}

// ApplyAll does so for several vectors.
func (s Shifted) ApplyAll(dst, v [][]float32) error {
	if err := applyAll(s.Operator, dst, v); err != nil {
		return err
	}
	for j := range v {
		for i, x := range v[j] {
			dst[j][i] = float32(float64(dst[j][i]) + s.Shift*float64(x))
		}
	}
	return nil
}

// LowerBound is the operator's and the shift.
func (s Shifted) LowerBound() float64 { return lowerBound(s.Operator) + s.Shift }
