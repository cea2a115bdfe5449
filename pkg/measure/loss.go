package measure

import (
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Loss says of which loss something is measured: the mean over which images,
// with which statistics of batch normalisation. Every measurement has one.
type Loss struct {
	Examples   *dataset.Examples `placeholder:"N|first:N|all" help:"Images of the split: N at random by the subset seed, the first N in archive order, or all (default: 1000, or all where there are fewer)."`
	SubsetSeed int64             `default:"0" placeholder:"N" help:"Of the random choice of images (${default})."`
	BN         string            `name:"bn" default:"${bn}" enum:"eval,train" placeholder:"MODE" help:"Statistics of batch normalisation: eval, the running ones; train, each batch's own, so that the batch size matters (${default})."`
	BatchSize  int               `aliases:"batch" default:"0" placeholder:"N" help:"Images of a pass, of which memory is 2 (resnet8) to 6 (resnet32) MB each. 0 is the batch size of training where the checkpoint tells it, else 128; or, for Hessian-vector products with running statistics, all images where 4 GB hold them, which saves a third of the time (${default})."`
}

const (
	// defaultExamples is how many images are measured on where nobody says.
	defaultExamples = 1000
	// defaultBatch is how many images a pass takes where not all fit.
	defaultBatch = 128
	// passMemory is how many bytes the passes may take where nobody says how
	// many images. It is the same on every machine, so that results are too.
	passMemory = 4 << 30
)

// mostImages is more than a pass could take.
const mostImages = 10_000_000

// room refuses passes of a size asked for that memory has no room for.
func (l *Loss) room(s *Series) error {
	config := s.Measurement.Network()
	if l.BatchSize == 0 || config.ForwardOnly {
		return nil
	}
	for _, c := range s.Checkpoints {
		bytes := float64(imageMemory(c.Meta.Arch)) * float64(l.pass(c, len(s.examples), config.Tangents))
		if err := run.CheckMemory("batch_size", bytes, "take fewer images at a time"); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loss) settings() *Loss { return l }

// Check refuses values that cannot work.
func (l *Loss) Check() error {
	return run.Bound("batch_size", l.BatchSize, 0, mostImages)
}

// choose picks the images out of a split's.
func (l *Loss) choose(indices []int32) (chosen []int32, subset dataset.Examples, err error) {
	switch {
	case l.Examples != nil:
		subset = *l.Examples
	case len(indices) > defaultExamples:
		subset = dataset.Examples{N: defaultExamples}
	}
	chosen, err = subset.Of(indices, uint64(l.SubsetSeed))
	if err != nil {
		return nil, subset, &run.SettingError{Setting: "examples", Problem: err.Error(), Fix: "ask for fewer, or for all"}
	}
	return chosen, subset, nil
}

// pass is how many of the images a pass takes at a checkpoint. With the batch's
// own statistics it is the batch that training took. With the running ones
// Hessian-vector products gain by taking in all.
func (l *Loss) pass(c *checkpoint.Checkpoint, images int, tangents bool) int {
	size := l.BatchSize
	if size == 0 {
		size = defaultBatch
		switch t := c.Meta.Training; {
		case l.BN == "train" && t != nil && t.BatchSize > 0:
			size = t.BatchSize
		case tangents && l.BN == "eval" && images <= passMemory/imageMemory(c.Meta.Arch):
			size = images
		}
	}
	return min(size, images)
}

// imageMemory is about what an image takes in a network with tangents, in
// bytes.
func imageMemory(arch string) int {
	if bytes := resnet.ImageMemory(arch, true); bytes > 0 {
		return int(bytes)
	}
	return passMemory
}

// mode is that of batch normalisation.
func (l *Loss) mode() nn.Mode {
	if l.BN == "train" {
		return nn.TrainFrozen
	}
	return nn.Eval
}

// record is what a record says of the mean cross-entropy over a subset, by
// passes of so many images.
func (l *Loss) record(subset dataset.Examples, pass int) record.LossConfig {
	return record.LossConfig{Subset: subset.String(), SubsetSeed: l.SubsetSeed, BN: l.BN, PassImages: pass, Objective: "cross_entropy_mean"}
}
