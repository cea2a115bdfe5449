package record

// MetaRun says of which meta-training a record is.
type MetaRun struct {
	Network
	// Data set, such as cifar10.
	Dataset string `json:"dataset"`
	// Of the dataset file, uncompressed, in hexadecimal.
	DataSHA256 string `json:"data_sha256"`
	// Images of meta_train and meta_val.
	MetaTrainImages int `json:"meta_train_images" unit:"images" range:"0.."`
	MetaValImages   int `json:"meta_val_images" unit:"images" range:"0.."`
	// Precision of the products; empty where that is not known.
	Precision string `json:"precision" enum:"|f32|tf32"`
	// Set of kernels, such as avx512; empty where that is not known.
	Kernels string `json:"kernels"`
	// Seed of all randomness.
	Seed int64 `json:"seed"`
	// What the surrogate is fitted to.
	Objective string `json:"objective"`
	// Form of the surrogate: conv, mlp or dictionary.
	Surrogate string `json:"surrogate"`
}

// Meta is every setting that decides the result of meta-training.
type Meta struct {
	MetaRun
	// Channels of its convolutions.
	Channels []int `json:"channels" range:"1.."`
	// Taps of each convolution.
	Kernel int `json:"kernel" range:"1.."`
	// Segments of Θ that an mlp reads; 0 for other forms.
	Segments int `json:"segments,omitzero" range:"0.."`
	// What turns features into r.
	Head string `json:"head"`
	// How r is held below its ceiling.
	Clamp string `json:"clamp"`
	// Ceiling of r.
	RMax float64 `json:"r_max"`
	// What of the network is read.
	Input string `json:"input"`
	// Decay of the average of Θ that a dictionary reads; 0 for other forms.
	AverageDecay float64 `json:"average_decay,omitzero" range:"0..1"`

	// Which margin s_meta has.
	Margin string `json:"margin"`
	// Floor of the margin.
	MarginFloor float64 `json:"margin_floor"`
	// Temperature of the smoothed margin.
	MarginTau float64 `json:"margin_tau"`
	// Weight γ of the margin's term.
	GammaMar float64 `json:"gamma_mar"`
	// How z standardises.
	Z string `json:"z"`
	// Floor of its standard deviation.
	ZFloor float64 `json:"z_floor"`
	// Decay of its moving average.
	ZDecay float64 `json:"z_decay"`
	// Rounds of its window.
	ZWindow int `json:"z_window" unit:"rounds"`

	// Factor λ of ∇r in the inner steps.
	Lambda float64 `json:"lambda_srn"`
	// Target of ‖λ∇r‖/‖∇task‖; 0: λ is fixed.
	GuidanceRatio float64 `json:"guidance_ratio_target" range:"0.."`
	// Steps between computations of ∇r.
	GuidanceEvery int `json:"guidance_every" unit:"steps" range:"0.."`
	// What is computed anew then.
	GuidanceRefresh string `json:"guidance_refresh"`

	// Schedule of inner and outer updates.
	Mode string `json:"mode"`
	// Rounds of an inner and an outer stage.
	Rounds int `json:"rounds" unit:"rounds" range:"0.."`
	// Epochs of an inner stage.
	InnerEpochs int `json:"inner_epochs" unit:"epochs" range:"0.."`
	// Learning rate of the inner stage, and its schedule.
	InnerLR          float64 `json:"inner_lr" range:"0.."`
	InnerSchedule    string  `json:"inner_schedule"`
	InnerMomentum    float64 `json:"inner_momentum" range:"0..1"`
	InnerWeightDecay float64 `json:"inner_weight_decay" range:"0.."`
	// Images of an inner step.
	InnerBatchSize int `json:"inner_batch_size" unit:"images" range:"0.."`
	// Training images and validation images of a round, counted as sampling says.
	InnerN   int    `json:"inner_n" unit:"images" range:"0.."`
	OuterN   int    `json:"outer_n" unit:"images" range:"0.."`
	Sampling string `json:"sampling"`
	// Classifier between rounds: persist or reset.
	Theta string `json:"theta"`
	// Batch normalisation of the validation pass.
	OuterBN string `json:"outer_bn"`
	// Whether training images are cropped and flipped.
	Augment bool `json:"augment"`

	// What s_meta has beside the margin: loss, random or ascent, and ‖δ‖ of the latter two.
	Signal    string  `json:"signal"`
	SignalRho float64 `json:"signal_rho" range:"0.."`
	// Inner steps that the meta-gradient goes back through.
	Unroll int `json:"unroll,omitzero" unit:"steps" range:"0.."`
	// Decay of the accumulated influence.
	InfluenceDecay float64 `json:"influence_decay,omitzero" range:"0..1"`
	// Order of the meta-gradient.
	MetaGrad string `json:"meta_grad"`
	// Optimiser of φ and its learning rate.
	OuterOptimizer string  `json:"outer_optimizer"`
	OuterLR        float64 `json:"outer_lr" range:"0.."`
	// Share of the rounds, the last, over which φ is averaged.
	OuterAverage float64 `json:"outer_average" range:"0..1"`
}

// Round is what meta-training tells of a round.
type Round struct {
	// Number of the round, from 1.
	Round int `json:"round" range:"0.."`
	// r(Θ′;φ) before the update.
	R *float64 `json:"r,omitzero"`
	// The target of r, Eq. 6.
	SMeta *float64 `json:"s_meta,omitzero"`
	// (r − s_meta)².
	MetaLoss *float64 `json:"meta_loss,omitzero" range:"0.."`
	// z(L_val), or of the signal in its place.
	ZValLoss *float64 `json:"z_val_loss,omitzero"`
	// z(1/𝓜).
	ZInverseMargin *float64 `json:"z_inverse_margin,omitzero"`
	// ‖∇_Θ r(Θ′;φ)‖.
	GradRNorm *float64 `json:"grad_r_norm,omitzero" range:"0.."`
	// |ΔL_val| of Eq. 5, with the signals random and ascent.
	ValChange *float64 `json:"val_change,omitzero" unit:"nats" range:"0.."`
	// L_val − L_train, of the objective gap.
	Gap *float64 `json:"gap,omitzero" unit:"nats"`
	// ‖∇_φ L_val‖, of the objective hypergradient.
	HypergradientNorm *float64 `json:"hypergradient_norm,omitzero" range:"0.."`
	// Mean cross-entropy of the inner steps.
	TrainLoss float64 `json:"train_loss" unit:"nats"`
	// L_val and the accuracy on the validation images.
	ValLoss float64 `json:"val_loss" unit:"nats"`
	ValTop1 float64 `json:"val_top1" unit:"fraction" range:"0..1"`
	// 𝓜 and 1/𝓜.
	Margin        float64 `json:"margin"`
	InverseMargin float64 `json:"inverse_margin"`
	// ‖λh‖/‖∇task‖, mean of the inner steps.
	GuidanceRatio float64 `json:"guidance_ratio" range:"0.."`
	// ‖Θ′‖.
	ThetaNorm float64 `json:"theta_norm" range:"0.."`
	// ‖φ − φ₀‖/‖φ₀‖ after the update.
	PhiDrift float64 `json:"phi_drift" range:"0.."`
	// Share of the round's evaluations of r that were at a hard ceiling.
	FractionClipped float64 `json:"fraction_clipped" unit:"fraction" range:"0..1"`
	// Share of the validation images with a margin below the floor.
	FractionFloored float64 `json:"fraction_floored" unit:"fraction" range:"0..1"`
	// Time of the round.
	RoundSeconds float64 `json:"round_seconds" unit:"seconds" range:"0.."`
	MetaRun
}

func (Round) Type() string { return "round" }

// Surrogate ends the records of meta-training: the surrogate that it has written.
type Surrogate struct {
	// Rounds done.
	Round int `json:"round" range:"0.."`
	// Of the surrogate's uncompressed bytes, in hexadecimal.
	SurrogateSHA256 string `json:"surrogate_sha256"`
	MetaRun
}

func (Surrogate) Type() string { return "surrogate" }
