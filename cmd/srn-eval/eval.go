package main

import (
	"errors"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/evaluate"
	"srn/pkg/probe"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

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
	out, err := s.Create(0, artifact.Fields{{Key: "batch", Value: e.Batch}, {Key: "ece_bins", Value: evaluate.Bins}})
	if err != nil {
		return err
	}
	total := len(s.Checkpoints) * len(s.Indices)
	bar := ctx.Progress(int64(total), e.Split)
	defer bar.Done()
	return s.Each(out, func(c *checkpoint.Checkpoint) (record.Record, error) {
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
		return e.record(s.Subject(c), r, seconds), nil
	})
}

// record is the scores of a checkpoint.
func (e *eval) record(subject record.Subject, r evaluate.Result, seconds float64) record.Eval {
	rec := record.Eval{Subject: subject, Top1: r.Top1, Top5: r.Top5, Loss: r.Loss, ECE: r.ECE, ECEBins: evaluate.Bins, PerClassTop1: r.PerClassTop1,
		EvalSeconds: seconds, ImagesPerSecond: float64(r.N) / seconds}
	if e.Confusion {
		rec.Confusion = r.Confusion
	}
	return rec
}
