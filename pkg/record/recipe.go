package record

// Recipe says how a training descends beyond plain SGD with momentum at the
// schedule's learning rate. Its zero value is that.
type Recipe struct {
	// Epochs after which the learning rate falls, with the schedule step.
	Milestones []int `json:"milestones,omitzero" unit:"epochs" range:"1.." compare:"protocol"`
	// Factor by which it falls at each.
	LRDrop float64 `json:"lr_drop,omitzero" range:"0..1" compare:"protocol"`
	// Epochs in which the learning rate rises linearly, step by step, to the schedule's.
	Warmup float64 `json:"warmup_epochs,omitzero" unit:"epochs" range:"0.." compare:"protocol"`
	// Whether the momentum is Nesterov's, as PyTorch has it.
	Nesterov bool `json:"nesterov,omitzero" compare:"protocol"`
	// What decays: weights, those of convolutions and the classifier; left out where all parameters do.
	DecayOf string `json:"weight_decay_of,omitzero" compare:"protocol"`
	// Norm to which the gradient is shortened where it is longer; left out where it is not.
	ClipNorm float64 `json:"clip_norm,omitzero" range:"0.." compare:"protocol"`
	// Decay of the exponential average of parameters and running statistics that is evaluated and kept; left out where the last are.
	EMA float64 `json:"ema,omitzero" range:"0..1" compare:"protocol"`
	// Checkpoint that the training starts from, uncompressed, in hexadecimal.
	From string `json:"from_sha256,omitzero" compare:"protocol"`
}
