package record

// Class says what a difference between two trainings in a setting means for
// their comparison.
type Class string

const (
	// Method: the setting is the method's own. Runs that differ in it alone are
	// what is to be compared.
	OfMethod Class = "method"
	// Protocol: what surrounds the method. Runs that differ in it are not
	// comparable.
	OfProtocol Class = "protocol"
	// Footnote: rounding or bookkeeping. Runs that differ in it are comparable,
	// and the difference is said.
	OfFootnote Class = "footnote"
	// Free: the runs of one configuration may differ in it.
	OfFree Class = "free"
)

// Network says which network a record is of.
type Network struct {
	// Architecture, such as resnet20.
	Arch string `json:"arch" compare:"protocol"`
	// Outputs of the network.
	Classes int `json:"classes" range:"0.." compare:"protocol"`
}

// Data says on which images a training was done.
type Data struct {
	// Data set trained on, such as cifar10.
	Dataset string `json:"dataset" compare:"protocol"`
	// Of the dataset file, uncompressed, in hexadecimal.
	DataSHA256 string `json:"data_sha256" compare:"protocol"`
	// Whether the images are all those of the official files, none changed; left out where that is not known.
	DataOfficial *bool `json:"data_official,omitzero" compare:"protocol"`
	// Share of the training labels, but meta_val's, that were replaced by wrong ones, and how: symmetric or asymmetric.
	LabelNoise float64 `json:"label_noise,omitzero" unit:"fraction" range:"0..1" compare:"protocol"`
	NoiseKind  string  `json:"label_noise_kind,omitzero" compare:"protocol"`
	// Part of the training images that was trained on: train, all of them, or meta_train.
	TrainSplit string `json:"train_split" enum:"train|meta_train" compare:"protocol"`
	// Images trained on; 0 where that is not known.
	TrainImages int `json:"train_images" unit:"images" range:"0.." compare:"protocol"`
	// Test images in the dataset file; 0 where that is not known.
	TestImages int `json:"test_images" unit:"images" range:"0.." compare:"protocol"`
}

// Training is every setting that decides the result of a training. It is the
// same in the header of its records, in each of them, in the checkpoint's
// metadata, and in evaluations and measurements of its checkpoints.
type Training struct {
	Data
	// The methods in the registry's order, such as sam and cutout.
	Methods []string `json:"methods" compare:"method"`
	// The same joined by +.
	Method string `json:"method" compare:"method"`
	// All parameters of the methods, as METHOD.PARAMETER: numbers or texts.
	Parameters map[string]any `json:"parameters" compare:"method"`
	// Passes over the training images.
	Epochs int `json:"epochs" unit:"epochs" range:"0.." compare:"protocol"`
	// Images of a step.
	BatchSize int `json:"batch_size" unit:"images" range:"0.." compare:"protocol"`
	// Learning rate at the start.
	LR float64 `json:"lr" range:"0.." compare:"protocol"`
	// Learning rate over the epochs.
	Schedule string `json:"schedule" compare:"protocol"`
	Recipe
	// Momentum of SGD.
	Momentum float64 `json:"momentum" range:"0..1" compare:"protocol"`
	// Coefficient λ of λ/2·‖θ‖².
	WeightDecay float64 `json:"weight_decay" range:"0.." compare:"method"`
	// How training images are varied, apart from the method.
	Augment string `json:"augment" compare:"protocol"`
	// Distribution of the initial weights.
	Init string `json:"init" compare:"protocol"`
	// Seed of initialisation, order and augmentation.
	Seed int64 `json:"seed" compare:"free"`
	// Epochs between evaluations on the test images; 0: never.
	EvalEvery int `json:"eval_every" unit:"epochs" range:"0.." compare:"free"`
	// Epochs between checkpoints; 0: only the last.
	CheckpointEvery int `json:"checkpoint_every" unit:"epochs" range:"0.." compare:"free"`
	// Precision of the products.
	Precision string `json:"precision" enum:"f32|tf32" compare:"protocol"`
	// Set of kernels, such as avx512; empty where that is not known.
	Kernels string `json:"kernels" compare:"footnote"`
	// Images of no class, where the method takes any from a file.
	Outliers string `json:"outliers_sha256,omitzero" compare:"method"`
	Guided
}

// Guided is how a surrogate guides a training; empty without one.
type Guided struct {
	// Surrogate file that guides, uncompressed, in hexadecimal.
	SRN string `json:"srn_sha256,omitzero" compare:"free"`
	// What the surrogate was fitted to and its form, such as "s-meta conv".
	Surrogate string `json:"surrogate,omitzero" compare:"method"`
	// Factor λ of ∇r.
	Lambda float64 `json:"lambda_srn,omitzero" compare:"method"`
	// Target of ‖λ∇r‖/‖∇task‖, which λ is set to reach at each step; 0: λ is fixed.
	GuidanceRatio float64 `json:"guidance_ratio_target,omitzero" range:"0.." compare:"method"`
	// Steps between computations of ∇r.
	GuidanceEvery int `json:"guidance_every,omitzero" unit:"steps" range:"0.." compare:"method"`
	// What is computed anew then: whole, or a block in turn (cyclic).
	GuidanceRefresh string `json:"guidance_refresh,omitzero" compare:"method"`
}

// Fit is the configuration of a training: the network and all settings.
type Fit struct {
	Network
	Training
}
