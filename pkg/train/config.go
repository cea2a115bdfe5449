// Package train runs the training loop: batches in a reproducible order, a
// method's gradient, SGD, a learning-rate schedule, records, checkpoints,
// and a state from which an interrupted run goes on with the same bytes.
package train

import (
	"fmt"
	"math"

	"srn/pkg/dataset"
	"srn/pkg/record"
	"srn/pkg/run"
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

// Check refuses values that make no run, by a [*run.SettingError].
func (c Config) Check() error {
	switch {
	case c.Epochs < 1 || c.Epochs > mostEpochs:
		return run.Refuse("epochs", "%d, want 1 to %d", c.Epochs, mostEpochs)
	case c.BatchSize < 2:
		return run.Refuse("batch_size", "%d, want at least 2, since batch normalisation needs statistics", c.BatchSize)
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return run.Refuse("lr", "%g, want a positive number", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return run.Refuse("momentum", "%g, want 0 or more and less than 1", c.Momentum)
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return run.Refuse("weight_decay", "%g, want 0 or more", c.WeightDecay)
	case c.Schedule == "step" && !ascending(c.Milestones):
		return run.Refuse("milestones", "%v, want epochs from 1, each later than the one before", c.Milestones)
	case c.Schedule == "step" && !(c.LRDrop > 0 && c.LRDrop <= 1):
		return run.Refuse("lr_drop", "%g, want a factor above 0 and at most 1", c.LRDrop)
	case !(c.Warmup >= 0 && c.Warmup <= float64(c.Epochs)):
		return run.Refuse("warmup", "%g, want 0 to the epochs, %d", c.Warmup, c.Epochs)
	case c.Nesterov && c.Momentum == 0:
		return run.Refuse("nesterov", "there is no momentum")
	case !(c.ClipNorm >= 0) || math.IsInf(c.ClipNorm, 0):
		return run.Refuse("clip_norm", "%g, want 0 (never) or a norm", c.ClipNorm)
	case !(c.EMA >= 0 && c.EMA < 1):
		return run.Refuse("ema", "%g, want 0 or more and less than 1", c.EMA)
	case c.EvalEvery > mostEpochs:
		return run.Refuse("eval_every", "%d, want at most %d", c.EvalEvery, mostEpochs)
	case c.CheckpointEvery > mostEpochs:
		return run.Refuse("checkpoint_every", "%d, want at most %d", c.CheckpointEvery, mostEpochs)
	case len(c.Milestones) > 0 && c.Milestones[len(c.Milestones)-1] > mostEpochs:
		return run.Refuse("milestones", "%d, want at most %d", c.Milestones[len(c.Milestones)-1], mostEpochs)
	case c.EvalEvery < 0:
		return run.Refuse("eval_every", "%d, want 0 (never) or a number of epochs", c.EvalEvery)
	case c.CheckpointEvery < 0:
		return run.Refuse("checkpoint_every", "%d, want 0 (never) or a number of epochs", c.CheckpointEvery)
	}
	return nil
}

// mostEpochs is more than any run here would see the end of: a million epochs
// of ResNet-8 take months.
const mostEpochs = 1_000_000

// checkpointName is that of the checkpoint after an epoch.
func checkpointName(epoch int) string { return fmt.Sprintf("epoch-%04d.safetensors.zst", epoch) }

// checkpoints says whether there is to be one after an epoch.
func (c Config) checkpoints(epoch int) bool {
	every := c.CheckpointEvery
	return every > 0 && (epoch%every == 0 || epoch == c.Epochs)
}

// Series are the checkpoints that a run leaves in a folder, "" for none.
func (c Config) Series(folder string) run.Series {
	s := run.Series{Folder: folder, Pattern: "epoch-[0-9]*.safetensors.zst"}
	for epoch := 1; epoch <= c.Epochs && folder != ""; epoch++ {
		if c.checkpoints(epoch) {
			s.Names = append(s.Names, checkpointName(epoch))
		}
	}
	return s
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
