package record

// Epoch is what a training tells of an epoch.
type Epoch struct {
	// Number of the epoch, from 1.
	Epoch int `json:"epoch" unit:"epochs" range:"0.."`
	// Mean cross-entropy of the training images as they came.
	TrainLoss float64 `json:"train_loss" unit:"nats"`
	// Share of them that was classified correctly.
	TrainTop1 float64 `json:"train_top1" unit:"fraction" range:"0..1"`
	// Learning rate in force.
	EpochLR float64 `json:"epoch_lr" range:"0.."`
	// Mean over the steps of the norm of the gradient descended, without weight decay.
	GradNorm float64 `json:"grad_norm" range:"0.."`
	// Norm of all trainable parameters after the epoch.
	ThetaNorm float64 `json:"theta_norm" range:"0.."`
	Figures
	// Of the test images, by the checkpoint of this epoch, where it was evaluated.
	TestTop1 *float64 `json:"test_top1,omitzero" unit:"fraction" range:"0..1"`
	// Share whose class is among the five most probable.
	TestTop5 *float64 `json:"test_top5,omitzero" unit:"fraction" range:"0..1"`
	// Mean cross-entropy of the test images.
	TestLoss *float64 `json:"test_loss,omitzero" unit:"nats"`
	// Expected calibration error of the test images.
	TestECE *float64 `json:"test_ece,omitzero" unit:"fraction" range:"0..1"`
	// Time of the training alone, loading and augmentation included.
	EpochSeconds float64 `json:"epoch_seconds" unit:"seconds" range:"0.."`
	// Images trained on in a second of it.
	ImagesPerSecond float64 `json:"images_per_second" unit:"images/second" range:"0.."`
	Network
	Training
}

func (Epoch) Type() string { return "epoch" }

// Figures are what a method tells of an epoch. Without a surrogate or
// another guidance only Own is used.
type Figures struct {
	// Mean score r of the surrogate.
	R *float64 `json:"r,omitzero"`
	// Mean over the steps of ‖λ∇r‖/‖∇task‖, or of what a control adds in place of λ∇r.
	GuidanceRatio *float64 `json:"guidance_ratio,omitzero" range:"0.."`
	// Mean of ‖∇r‖.
	GradRNorm *float64 `json:"grad_r_norm,omitzero" range:"0.."`
	// Mean time of a computation of r and ∇r.
	SurrogateSeconds *float64 `json:"surrogate_seconds,omitzero" unit:"seconds" range:"0.."`
	// Figures of the methods' own, under METHOD.FIGURE.
	Own map[string]float64 `json:",embed"`
}

// Final ends the records of a training: the checkpoint that it has written.
type Final struct {
	// Epochs trained.
	Epoch int `json:"epoch" unit:"epochs" range:"0.."`
	// Of the checkpoint's uncompressed bytes, in hexadecimal.
	CheckpointSHA256 string `json:"checkpoint_sha256"`
	Network
	Training
}

func (Final) Type() string { return "final" }
