package record

// Guidance is what a surrogate's gradient has to do with curvature at a checkpoint.
type Guidance struct {
	Subject
	LossAt
	Solver
	Eigenpair
	// Score r; null for a surrogate without one.
	R float64 `json:"r"`
	// Whether r is at a hard ceiling, and its slope there.
	Clipped bool    `json:"clipped"`
	Slope   float64 `json:"slope"`
	// ‖∇r‖, and the same before the head's slope.
	GradRNorm float64 `json:"grad_r_norm" range:"0.."`
	GradUNorm float64 `json:"grad_u_norm" range:"0.."`
	ThetaNorm float64 `json:"theta_norm" range:"0.."`
	GradNorm  float64 `json:"grad_norm" range:"0.."`
	// Cosine of ∇r with θ and ∇L, and |cos| with the top eigenvector and of two random vectors.
	CosTheta     float64 `json:"cos_theta" range:"-1..1"`
	CosGrad      float64 `json:"cos_grad" range:"-1..1"`
	AbsCosVMax   float64 `json:"abs_cos_v_max" range:"0..1"`
	AbsCosRandom float64 `json:"abs_cos_random" range:"0..1"`
	// Rayleigh quotient of ∇r, and its share of λ_max.
	Rayleigh              float64 `json:"rayleigh"`
	RayleighOverLambdaMax float64 `json:"rayleigh_over_lambda_max"`
	// λ_max·‖θ‖².
	LambdaMaxTheta2 float64 `json:"lambda_max_theta2"`
	ValLoss         float64 `json:"val_loss" unit:"nats"`
	Top1            float64 `json:"top1" unit:"fraction" range:"0..1"`
	Margin          float64 `json:"margin"`
	InverseMargin   float64 `json:"inverse_margin"`
	// Whether the margin is at its floor.
	MarginFloored  bool    `json:"margin_floored"`
	SMeta          float64 `json:"s_meta"`
	ZValLoss       float64 `json:"z_val_loss"`
	ZInverseMargin float64 `json:"z_inverse_margin"`
	Timed
	// The surrogate.
	SurrogateSHA256 string `json:"surrogate_sha256"`
}

func (Guidance) Type() string { return "guidance" }

// GuidanceSeries sets r beside other quantities along a series of checkpoints:
// R² of regressions of r.
type GuidanceSeries struct {
	Network
	// Training that made the checkpoints; nil where they are of several, or of other software.
	*Training
	Examined
	LossConfig
	SurrogateSHA256 string `json:"surrogate_sha256"`
	Checkpoints     int    `json:"checkpoints" range:"0.."`
	// On one quantity alone.
	R2ValLoss       float64 `json:"r2_val_loss"`
	R2Margin        float64 `json:"r2_margin"`
	R2InverseMargin float64 `json:"r2_inverse_margin"`
	R2SMeta         float64 `json:"r2_s_meta"`
	R2LambdaMax     float64 `json:"r2_lambda_max"`
	R2ThetaNorm     float64 `json:"r2_theta_norm"`
	R2Epoch         float64 `json:"r2_epoch"`
	// On ‖θ‖ and epoch together, plain and adjusted.
	R2Baselines         float64 `json:"r2_baselines"`
	R2BaselinesAdjusted float64 `json:"r2_baselines_adjusted"`
	// On these, the validation loss and 1/𝓜.
	R2BaselinesAndSignals         float64 `json:"r2_baselines_and_signals"`
	R2BaselinesAndSignalsAdjusted float64 `json:"r2_baselines_and_signals_adjusted"`
}

func (GuidanceSeries) Type() string { return "guidance_series" }
