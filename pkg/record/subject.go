package record

// Subject says which checkpoint was examined, and on which images.
type Subject struct {
	// The checkpoint's file, as the user named it.
	Checkpoint string `json:"checkpoint"`
	// Of its uncompressed bytes, in hexadecimal.
	CheckpointSHA256 string `json:"checkpoint_sha256"`
	Network
	// Training that made it; nil for a checkpoint of other software.
	*Training
	// Epoch after which it was written; left out for a checkpoint of other software.
	Epoch *int `json:"epoch,omitzero" unit:"epochs" range:"0.."`
	// Mean and standard deviation of pixels scaled to 0…1, by which images are normalised: red, green, blue.
	Mean [3]float32 `json:"mean"`
	Std  [3]float32 `json:"std" range:"0.."`
	Examined
}

// Examined says on which images something was measured.
type Examined struct {
	// Data set examined on.
	OnDataset string `json:"on_dataset"`
	// Of its dataset file, uncompressed, in hexadecimal.
	OnDataSHA256 string `json:"on_data_sha256"`
	// Whether its images are all those of the official files, none changed; left out where that is not known.
	OnDataOfficial *bool `json:"on_data_official,omitzero"`
	// Part of it: test, train, meta_train or meta_val.
	Split string `json:"split" enum:"test|train|meta_train|meta_val"`
	// Images examined.
	Images int `json:"images" unit:"images" range:"0.."`
	// Set of kernels and precision of the measurement; empty where they are not known.
	OnKernels   string `json:"on_kernels"`
	OnPrecision string `json:"on_precision"`
}

// LossConfig says of which loss the curvature is, on which of the images.
type LossConfig struct {
	// Which of the split's images: all, N at random, or first:N.
	Subset string `json:"subset"`
	// Seed of the random choice.
	SubsetSeed int64 `json:"subset_seed"`
	// Statistics of batch normalisation: eval, the running ones; train, each batch's.
	BN string `json:"bn" enum:"eval|train"`
	// Images of a pass; of matter with bn train.
	PassImages int `json:"pass_images" unit:"images" range:"0.."`
	// What the Hessian is of.
	Objective string `json:"objective"`
	// Temperature of the smoothed margin, where it is the objective.
	Tau *float64 `json:"tau,omitzero" range:"0.."`
	// Coefficient λ of the added term λ/2·‖θ‖².
	L2Term float64 `json:"l2_term" range:"0.."`
}

// LossAt is a loss at a checkpoint.
type LossAt struct {
	LossConfig
	// The objective without the added term, and the term.
	Loss   float64 `json:"loss"`
	LossL2 float64 `json:"loss_l2"`
}

// Matrix says which matrix of the loss a record is about.
type Matrix struct {
	LossAt
	// hessian, ggn (generalised Gauss–Newton) or fisher (empirical).
	Operator string `json:"operator" enum:"hessian|ggn|fisher"`
	// Patterns of tensor names; empty: all parameters.
	Params string `json:"params"`
	// What there is a record of: all, layer, block or stage.
	Per string `json:"per"`
	// Name of the layer, block or stage; empty: all of the parameters.
	Block string `json:"block"`
	// Rows of the matrix.
	ParameterCount int `json:"parameter_count" range:"0.."`
}

// Solver says how eigenpairs were sought.
type Solver struct {
	// lanczos or power.
	Algorithm string `json:"algorithm"`
	// Residual ‖Hv−λv‖/|λ| at which a pair is converged.
	Tol float64 `json:"tol" range:"0..1"`
	// Seed of the random start.
	LanczosSeed int64 `json:"lanczos_seed"`
	// Whether the search began at an eigenvector of the checkpoint before.
	WarmStart bool `json:"warm_start"`
}

// Eigenpair is an extreme eigenvalue and how well it is known.
type Eigenpair struct {
	// The largest eigenvalue.
	LambdaMax float64 `json:"lambda_max"`
	// ‖Hv−λv‖/|λ|.
	Residual float64 `json:"residual" range:"0.."`
	// Whether the residual is within the tolerance.
	Converged bool `json:"converged"`
	// Lanczos steps and Hessian-vector products that it took.
	Steps int `json:"steps" unit:"steps" range:"0.."`
	HVPs  int `json:"hvps" unit:"HVPs" range:"0.."`
}

// Timed is the time of a measurement.
type Timed struct {
	// Time of the measurement.
	HessianSeconds float64 `json:"hessian_seconds" unit:"seconds" range:"0.."`
}

// CheckpointPath is the file of the checkpoint that a record is about.
func (s Subject) CheckpointPath() string { return s.Checkpoint }
