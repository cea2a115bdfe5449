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
	if err := s.Operator.Apply(dst, v); err != nil {
		return err
	}
	for i, x := range v {
		dst[i] = float32(float64(dst[i]) + s.Shift*float64(x))
	}
	return nil
}
