package record

// Worst is the largest loss within a radius of a checkpoint's parameters.
type Worst struct {
	Subject
	LossAt
	Solver
	Eigenpair
	GradNorm  float64 `json:"grad_norm" range:"0.."`
	ThetaNorm float64 `json:"theta_norm" range:"0.."`
	// The radius.
	Rho float64 `json:"rho" range:"0.."`
	// Largest loss found within it, and how much above the checkpoint's.
	WorstLoss float64 `json:"worst_loss"`
	Increase  float64 `json:"increase"`
	// What a slope and a curvature alone would predict: ρ‖∇L‖ and ρ²λ_max/2.
	FirstOrder              float64 `json:"first_order"`
	SecondOrder             float64 `json:"second_order"`
	IncreaseOverSecondOrder float64 `json:"increase_over_second_order"`
	// Where it was found: its distance, and angles with the gradient and the top eigenvector.
	DisplacementNorm        float64 `json:"displacement_norm" range:"0.."`
	CosDisplacementGradient float64 `json:"cos_displacement_gradient" range:"-1..1"`
	AbsCosDisplacementVMax  float64 `json:"abs_cos_displacement_v_max" range:"0..1"`
	// The start that led there: gradient, v_max, -v_max or random; empty: none was worse than the checkpoint.
	Start string `json:"start,omitzero"`
	// Gradients taken, and whether the ascent has converged: by ascent_gap, with a finite loss at all points tried.
	Gradients       int  `json:"gradients" range:"0.."`
	AscentConverged bool `json:"ascent_converged"`
	// ρ‖g‖ − ⟨g, ε⟩ at the displacement ε, g being the gradient there: the most that the slope promises for another point of the ball, 0 at stationary points.
	AscentGap float64 `json:"ascent_gap,omitzero" range:"0.."`
	// Points of the ball at which the loss is not finite.
	NotFinite int `json:"not_finite,omitzero" range:"0.."`
	// What each ascent found above the checkpoint's loss: that from the starts, then those from random points.
	Increases     []float64 `json:"increases,omitzero"`
	AscentSeconds float64   `json:"ascent_seconds" unit:"seconds" range:"0.."`
	Timed
}

func (Worst) Type() string { return "worst" }
