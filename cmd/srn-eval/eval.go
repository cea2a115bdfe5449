package main

import (
	"errors"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/evaluate"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// schema is the version of the records' layout.
const schema = 1

// eval is the command's flags.
type eval struct {
	probe.Flags
	Batch     int  `default:"128" placeholder:"N" help:"Images of a pass, at most: a device may take fewer. Memory grows with it, results do not depend on it (${default})."`
	Confusion bool `help:"Add the confusion matrix: examples by true class (row) and predicted class."`
	cli.Common
}

func (e *eval) Examples() string { return examples }

// Run scores the checkpoints.
func (e *eval) Run(ctx *cli.Context) error {
	if e.Batch < 1 {
		return cli.Errorf(cli.ExitUsage, "--batch: %d is not at least 1", e.Batch)
	}
	s, err := e.Open(ctx)
	if err != nil {
		return err
	}
	out, err := s.Create(schema, 0, artifact.Fields{{Key: "batch", Value: e.Batch}, {Key: "ece_bins", Value: evaluate.Bins}})
	if err != nil {
		return err
	}
	total := len(s.Checkpoints) * len(s.Indices)
	bar := ctx.Progress(int64(total), e.Split)
	defer bar.Done()
	return s.Each(out, func(c *checkpoint.Checkpoint) (artifact.Fields, error) {
		net, err := s.Net(c, resnet.Config{Batch: min(e.Batch, len(s.Indices)), ForwardOnly: true})
		if err != nil {
			return nil, err
		}
		evaluator := evaluate.New(net, s.Images(c), s.Split.Labels, s.Indices)
		evaluator.OnBatch = func(images int) error {
			bar.Add(images)
			return s.Stopped()
		}
		start := time.Now()
		r, err := evaluator.Run()
		seconds := time.Since(start).Seconds()
		if errors.Is(err, evaluate.ErrNotFinite) {
			return nil, probe.Diverged(c, err)
		}
		if err != nil {
			return nil, err
		}
		ctx.Logf("%s: top-1 %.2f%%  top-5 %.2f%%  loss %.4f  ece %.4f", probe.Label(c), 100*r.Top1, 100*r.Top5, r.Loss, r.ECE)
		return e.record(s.Fields("eval", c), r, seconds), nil
	})
}

// record appends the scores to what a record says of its subject.
func (e *eval) record(f artifact.Fields, r evaluate.Result, seconds float64) artifact.Fields {
	f = append(f,
		artifact.Field{Key: "n", Value: r.N},
		artifact.Field{Key: "top1", Value: r.Top1},
		artifact.Field{Key: "top5", Value: r.Top5},
		artifact.Field{Key: "loss", Value: r.Loss},
		artifact.Field{Key: "ece", Value: r.ECE},
		artifact.Field{Key: "ece_bins", Value: evaluate.Bins},
		artifact.Field{Key: "per_class_top1", Value: r.PerClassTop1},
	)
	if e.Confusion {
		f = append(f, artifact.Field{Key: "confusion", Value: r.Confusion})
	}
	return append(f,
		artifact.Field{Key: "eval_seconds", Value: seconds},
		artifact.Field{Key: "images_per_second", Value: float64(r.N) / seconds},
	)
}
