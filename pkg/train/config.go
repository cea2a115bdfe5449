// Package train runs the training loop: batches in a reproducible order, a
// method's gradient, SGD, a learning-rate schedule, records, checkpoints,
// and a state from which an interrupted run goes on with the same bytes.
package train

import (
	"fmt"
	"math"

	"srn/pkg/dataset"
)

// Config is everything that decides the result of a run. It is recorded in
// the run's header and in its checkpoints, and a run is resumed only with the
// same one.
type Config struct {
	Dataset     string  `json:"dataset"`
	DataSHA256  string  `json:"data_sha256"`
	Split       string  `json:"split"` // what is trained on: train or meta_train
	Arch        string  `json:"arch"`
	Method      string  `json:"method"`
	Label       string  `json:"label,omitempty"`      // the method with what is not its default, if anything is not
	Parameters  string  `json:"parameters,omitempty"` // all of the method's, name=value
	Epochs      int     `json:"epochs"`
	Batch       int     `json:"batch"`
	LR          float64 `json:"lr"`
	Schedule    string  `json:"schedule"`
	Momentum    float64 `json:"momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Augment     string  `json:"augment"`
	Init        string  `json:"init"`
	Seed        int64   `json:"seed"`
	EvalEvery   int     `json:"eval_every"`

	CheckpointEvery int `json:"checkpoint_every"`

	TF32 bool `json:"tf32,omitempty"` // convolutions with factors rounded to TF32

	Outliers string `json:"outliers_sha256,omitempty"`

	// Of the surrogate's guidance; zero without it.
	SRN           string  `json:"srn_sha256,omitempty"`
	Surrogate     string  `json:"surrogate,omitempty"` // what it was fitted to and its form
	Lambda        float64 `json:"lambda_srn,omitempty"`
	GuidanceRatio float64 `json:"guidance_ratio_target"`
	GuidanceEvery int     `json:"guidance_every,omitempty"`
	Refresh       string  `json:"guidance_refresh,omitempty"` // whole if empty
}

// Augmentation is how training images are varied.
func (c Config) Augmentation() dataset.Augment {
	if c.Augment == "crop-flip" {
		return dataset.CIFARAugment
	}
	return dataset.Augment{}
}

// Check refuses values that make no run, naming the flag and the mend.
func (c Config) Check() error {
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("--epochs %d: want at least 1", c.Epochs)
	case c.Batch < 2:
		return fmt.Errorf("--batch %d: want at least 2, since batch normalisation needs statistics", c.Batch)
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return fmt.Errorf("--lr %g: want a positive number", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("--momentum %g: want 0 or more and less than 1", c.Momentum)
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("--weight-decay %g: want 0 or more", c.WeightDecay)
	case c.EvalEvery < 0:
		return fmt.Errorf("--eval-every %d: want 0 (never) or a number of epochs", c.EvalEvery)
	case c.CheckpointEvery < 0:
		return fmt.Errorf("--checkpoint-every %d: want 0 (never) or a number of epochs", c.CheckpointEvery)
	}
	return nil
}

// Rate is the learning rate in force in an epoch, counted from 1. The cosine
// schedule falls from LR in the first epoch towards 0 after the last, as
// PyTorch's CosineAnnealingLR does when it is stepped once an epoch.
func (c Config) Rate(epoch int) float64 {
	if c.Schedule == "constant" {
		return c.LR
	}
	return c.LR / 2 * (1 + math.Cos(math.Pi*float64(epoch-1)/float64(c.Epochs)))
}
