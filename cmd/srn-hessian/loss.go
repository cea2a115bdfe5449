package main

import (
	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/nn"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// lossFlags say of which loss the curvature is; every subcommand has them.
type lossFlags struct {
	Examples   *dataset.Examples `placeholder:"N|first:N|all" help:"Images of the split: N at random by --subset-seed, the first N in archive order, or all (default: 1000, or all where there are fewer)."`
	SubsetSeed int64             `default:"0" placeholder:"N" help:"Of the random choice of images (${default})."`
	BN         string            `name:"bn" default:"eval" enum:"eval,train" placeholder:"MODE" help:"Statistics of batch normalisation: eval, the running ones; train, each batch's own, so that --batch matters (${default})."`
	Batch      int               `default:"0" placeholder:"N" help:"Images of a pass, of which memory is 2 (resnet8) to 6 (resnet32) MB each. 0 is 128, or, for products with --bn eval, all images where 4 GB hold them, which saves a third of the time (${default})."`

	images dataset.Examples // as chosen
	auto   bool             // Batch was 0
}

const (
	// defaultExamples is how many images a curvature is measured on.
	defaultExamples = 1000
	// defaultBatch is how many images a pass takes where not all fit.
	defaultBatch = 128
	// passMemory is how many bytes the passes may take where nobody says how
	// many images. It is the same on every machine, so that results are too.
	passMemory = 4 << 30
)

func (l *lossFlags) check() error {
	if l.Batch < 0 {
		return cli.Errorf(cli.ExitUsage, "--batch: %d is negative", l.Batch)
	}
	if l.auto = l.Batch == 0; l.auto {
		l.Batch = defaultBatch
	}
	return nil
}

// pass is how many images a pass with tangents takes.
func (l *lossFlags) pass(arch string, images int) int {
	if l.auto && l.BN == "eval" && images <= passMemory/imageMemory(arch) {
		return images
	}
	return min(l.Batch, images)
}

// imageMemory is about what an image takes in a network with tangents, in
// bytes: measured 1.7 MB for resnet8, and 0.2 MB for each layer beyond.
func imageMemory(arch string) int {
	blocks, err := resnet.Blocks(arch)
	if err != nil {
		return passMemory
	}
	return 500_000 + 1_200_000*blocks
}

// begin opens the checkpoints and data and picks the images.
func (l *lossFlags) begin(ctx *cli.Context, flags *probe.Flags) (*probe.Session, []int32, error) {
	s, err := flags.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	examples, err := l.choose(s.Indices)
	return s, examples, err
}

// choose picks the images out of a split's.
func (l *lossFlags) choose(indices []int32) ([]int32, error) {
	switch {
	case l.Examples != nil:
		l.images = *l.Examples
	case len(indices) > defaultExamples:
		l.images = dataset.Examples{N: defaultExamples}
	}
	chosen, err := l.images.Of(indices, uint64(l.SubsetSeed))
	if err != nil {
		return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "--examples: %v", err), "ask for fewer, or for all")
	}
	return chosen, nil
}

// mode is that of --bn.
func (l *lossFlags) mode() nn.Mode {
	if l.BN == "train" {
		return nn.TrainFrozen
	}
	return nn.Eval
}

// config is what the header says of the loss.
func (l *lossFlags) config() artifact.Fields {
	batch := l.Batch
	if l.auto {
		batch = 0
	}
	return artifact.Fields{
		{Key: "examples", Value: l.images.String()}, {Key: "subset_seed", Value: l.SubsetSeed},
		{Key: "bn", Value: l.BN}, {Key: "batch", Value: batch},
	}
}
