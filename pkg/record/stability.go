package record

// Stability sets the learning rate beside the bound that λ_max puts on it.
type Stability struct {
	Subject
	LossAt
	Solver
	Eigenpair
	// Learning rate in force, that of the next epoch, the momentum, and whether it is Nesterov's; left out where they are not known.
	EpochLR      *float64 `json:"epoch_lr,omitzero" range:"0.."`
	NextLR       *float64 `json:"next_lr,omitzero" range:"0.."`
	StepMomentum *float64 `json:"step_momentum,omitzero" range:"0..1"`
	StepNesterov bool     `json:"step_nesterov,omitzero"`
	// 2/λ_max, and 2/(λ_max + weight decay); left out, with what follows from them, where learning rate or weight decay are not known.
	Bound   *float64 `json:"bound,omitzero"`
	BoundL2 *float64 `json:"bound_l2,omitzero"`
	// bound_l2 times 1+μ with the momentum μ, or (1+μ)/(1+2μ) where it is Nesterov's.
	BoundMomentum *float64 `json:"bound_momentum,omitzero"`
	// Learning rate over bound_l2, and over bound_momentum.
	LROverBound         *float64 `json:"lr_over_bound,omitzero"`
	LROverBoundMomentum *float64 `json:"lr_over_bound_momentum,omitzero"`
	// 2/η with the learning rate η, and that times the momentum's factor: the edge of stability in λ_max + weight decay.
	Edge         *float64 `json:"edge,omitzero"`
	EdgeMomentum *float64 `json:"edge_momentum,omitzero"`
	ThetaNorm    float64  `json:"theta_norm" range:"0.."`
	// By convolution: its name, ‖θ_l‖², λ_max·‖θ_l‖² and the share of v_max in it.
	Layers                []string  `json:"layers"`
	ThetaNormSquared      []float64 `json:"theta_norm_squared" range:"0.."`
	LambdaThetaSquared    []float64 `json:"lambda_theta_squared"`
	LambdaThetaSquaredSum float64   `json:"lambda_theta_squared_sum"`
	VMaxShare             []float64 `json:"v_max_share" unit:"fraction" range:"0..1"`
	// Largest eigenvalue free of the scale of weights.
	LambdaMaxScaled float64 `json:"lambda_max_scaled"`
	ResidualScaled  float64 `json:"residual_scaled" range:"0.."`
	ConvergedScaled bool    `json:"converged_scaled"`
	StepsScaled     int     `json:"steps_scaled" unit:"steps" range:"0.."`
	HVPsScaled      int     `json:"hvps_scaled" unit:"HVPs" range:"0.."`
	// The same of each convolution alone.
	LambdaMaxLayers []float64 `json:"lambda_max_layers,omitzero"`
	ResidualsLayers []float64 `json:"residuals_layers,omitzero" range:"0.."`
	ConvergedLayers *bool     `json:"converged_layers,omitzero"`
	HVPsLayers      int       `json:"hvps_layers,omitzero" unit:"HVPs" range:"0.."`
	Timed
}

func (Stability) Type() string { return "stability" }
