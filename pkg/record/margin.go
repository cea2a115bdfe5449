package record

// Margin sets the curvature of the smoothed margin beside that of the loss.
type Margin struct {
	Subject
	LossAt
	Solver
	Eigenpair
	// Mean smoothed margin, Eq. 21.
	SmoothMargin float64 `json:"smooth_margin"`
	// Largest eigenvalue of the margin's Hessian.
	LambdaMaxMargin float64 `json:"lambda_max_margin"`
	ResidualMargin  float64 `json:"residual_margin" range:"0.."`
	ConvergedMargin bool    `json:"converged_margin"`
	StepsMargin     int     `json:"steps_margin" unit:"steps" range:"0.."`
	HVPsMargin      int     `json:"hvps_margin" unit:"HVPs" range:"0.."`
	// Smallest eigenvalue of it.
	LambdaMinMargin    float64 `json:"lambda_min_margin"`
	ResidualMinMargin  float64 `json:"residual_min_margin" range:"0.."`
	ConvergedMinMargin bool    `json:"converged_min_margin"`
	StepsMinMargin     int     `json:"steps_min_margin" unit:"steps" range:"0.."`
	HVPsMinMargin      int     `json:"hvps_min_margin" unit:"HVPs" range:"0.."`
	// |cos| of the loss's top eigenvector with those of the margin's two ends, and of two random vectors.
	AbsCosVMaxMarginMax float64 `json:"abs_cos_v_max_margin_max" range:"0..1"`
	AbsCosVMaxMarginMin float64 `json:"abs_cos_v_max_margin_min" range:"0..1"`
	AbsCosRandom        float64 `json:"abs_cos_random" range:"0..1"`
	// Rayleigh quotient of the margin's Hessian at the loss's top eigenvector.
	MarginRayleighVMax float64 `json:"margin_rayleigh_v_max"`
	Timed
}

func (Margin) Type() string { return "margin" }
