// Package train runs the training loop: batches in a reproducible order, a
// method's gradient, SGD, a learning-rate schedule, records, checkpoints,
// and a state from which an interrupted run goes on with the same bytes.
package train

import (
	"fmt"
	"math"

	"srn/pkg/dataset"
	"srn/pkg/record"
)

// Config is everything that decides the result of a run. It is recorded in
// the run's header and in its checkpoints, and a run is resumed only with the
// same one.
type Config struct{ record.Fit }

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
	case c.BatchSize < 2:
		return fmt.Errorf("--batch %d: want at least 2, since batch normalisation needs statistics", c.BatchSize)
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return fmt.Errorf("--lr %g: want a positive number", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("--momentum %g: want 0 or more and less than 1", c.Momentum)
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("--weight-decay %g: want 0 or more", c.WeightDecay)
	case c.Schedule == "step" && !ascending(c.Milestones):
		return fmt.Errorf("--milestones %v: want epochs from 1, each later than the one before", c.Milestones)
	case c.Schedule == "step" && !(c.LRDrop > 0 && c.LRDrop <= 1):
		return fmt.Errorf("--lr-drop %g: want a factor above 0 and at most 1", c.LRDrop)
	case !(c.Warmup >= 0) || math.IsInf(c.Warmup, 0):
		return fmt.Errorf("--warmup %g: want 0 or a number of epochs", c.Warmup)
	case c.Nesterov && c.Momentum == 0:
		return fmt.Errorf("--nesterov: there is no momentum")
	case !(c.ClipNorm >= 0) || math.IsInf(c.ClipNorm, 0):
		return fmt.Errorf("--clip-norm %g: want 0 (never) or a norm", c.ClipNorm)
	case !(c.EMA >= 0 && c.EMA < 1):
		return fmt.Errorf("--ema %g: want 0 or more and less than 1", c.EMA)
	case c.EvalEvery < 0:
		return fmt.Errorf("--eval-every %d: want 0 (never) or a number of epochs", c.EvalEvery)
	case c.CheckpointEvery < 0:
		return fmt.Errorf("--checkpoint-every %d: want 0 (never) or a number of epochs", c.CheckpointEvery)
	}
	return nil
}

// ascending tells whether there are epochs, each later than the one before.
func ascending(epochs []int) bool {
	last := 0
	for _, e := range epochs {
		if e <= last {
			return false
		}
		last = e
	}
	return last > 0
}

// Rate is the learning rate in force in an epoch, counted from 1, after the
// warm-up. The cosine schedule falls from LR in the first epoch towards 0 after
// the last, as PyTorch's CosineAnnealingLR does when it is stepped once an
// epoch; the schedule step falls by LRDrop after each milestone, as its
// MultiStepLR does.
func (c Config) Rate(epoch int) float64 {
	switch c.Schedule {
	case "constant":
		return c.LR
	case "step":
		rate := c.LR
		for _, m := range c.Milestones {
			if epoch > m {
				rate *= c.LRDrop
			}
		}
		return rate
	}
	return c.LR / 2 * (1 + math.Cos(math.Pi*float64(epoch-1)/float64(c.Epochs)))
}

// StepRate is the learning rate of a step, from 0, of an epoch of so many.
func (c Config) StepRate(epoch, step, steps int) float64 {
	rate := c.Rate(epoch)
	if done := float64(epoch-1) + float64(step+1)/float64(steps); done < c.Warmup {
		rate *= done / c.Warmup
	}
	return rate
}
