package measure

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/evaluate"
	"srn/pkg/imageset"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Eval scores a checkpoint on all images of the split: accuracy, loss,
// calibration, confusion.
type Eval struct {
	BatchSize   int    `aliases:"batch" record:"-" default:"128" placeholder:"N" help:"Images of a pass, at most: a device may take fewer. Memory grows with it, results do not depend on it (${default})."`
	Corruptions string `record:"-" placeholder:"DIR" help:"Folder of CIFAR-10-C's or CIFAR-100-C's .npy files: score these images in place of the split's, a record for each corruption and severity."`
	Confusion   bool   `help:"Add the confusion matrix: examples by true class (row) and predicted class."`

	names  []string      // of the corruptions
	loaded string        // the one whose images are
	images dataset.Split // kept
}

// Check refuses values that cannot work.
func (e *Eval) Check() error {
	return run.Bound("batch_size", e.BatchSize, 1, mostImages)
}

func (e *Eval) tests() int { return 0 }

func (e *Eval) settings() *Loss {
	return &Loss{Examples: &dataset.Examples{}, BN: "eval", BatchSize: e.BatchSize}
}

// Prepare lists the corruptions, and their files among the inputs.
func (e *Eval) Prepare(s *Series) (err error) {
	if e.Corruptions == "" {
		return nil
	}
	if s.Source.Split != "test" {
		return run.Refuse("corruptions", "are of the test images, not of %s", s.Source.Split)
	}
	if e.names, err = imageset.Corruptions(e.Corruptions); err != nil {
		return err
	}
	paths := []string{imageset.CorruptionLabels(e.Corruptions)}
	for _, name := range e.names {
		paths = append(paths, imageset.CorruptionPath(e.Corruptions, name))
	}
	for _, path := range paths {
		sum, err := artifact.HashFile(path)
		if err != nil {
			return err
		}
		s.input("corruption", path, sum)
	}
	return nil
}

// Network has no gradients.
func (e *Eval) Network() resnet.Config { return resnet.Config{ForwardOnly: true} }

// Records are one, or one for each corruption and severity.
func (e *Eval) Records(*checkpoint.Checkpoint) ([]string, error) {
	if e.Corruptions == "" {
		return []string{record.Eval{}.Type()}, nil
	}
	return slices.Repeat([]string{record.Corrupted{}.Type()}, imageset.Severities*len(e.names)), nil
}

// Fits tells whether a record is of the n-th corruption and severity.
func (e *Eval) Fits(n int, r record.Record) bool {
	c, ok := r.(*record.Corrupted)
	return !ok || c.Corruption == e.names[n/imageset.Severities] && c.Severity == n%imageset.Severities+1
}

// Measure yields a *record.Eval, or a *record.Corrupted for each corruption and
// severity.
func (e *Eval) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	var parts []part
	if e.Corruptions == "" {
		parts = []part{func() (record.Record, error) {
			return made(e.score(ctx, p, p.Series.Images(p.Checkpoint), p.Series.Split.Labels, p.Examples, p.label()))
		}}
	}
	for _, name := range e.names {
		for severity := 1; severity <= imageset.Severities; severity++ {
			parts = append(parts, func() (record.Record, error) { return made(e.corrupted(ctx, p, name, severity)) })
		}
	}
	return func(yield func(record.Record, error) bool) { each(yield, skip, parts...) }
}

// corrupted scores the images of a corruption and severity; those of the
// corruption are kept for the next.
func (e *Eval) corrupted(ctx context.Context, p *Point, name string, severity int) (*record.Corrupted, error) {
	if e.loaded != name {
		var err error
		e.images = dataset.Split{} // so that its memory can serve the new one
		if e.images, err = imageset.Corrupted(e.Corruptions, name, p.Net.Classes); err != nil {
			return nil, err
		}
		e.loaded = name
	}
	images := p.Series.Data.Images(&e.images)
	images.Mean, images.Std = p.Checkpoint.Meta.Mean, p.Checkpoint.Meta.Std
	r, err := e.score(ctx, p, images, e.images.Labels, imageset.Severity(&e.images, severity), fmt.Sprintf("%s %s %d", p.label(), name, severity))
	if err != nil {
		return nil, err
	}
	return &record.Corrupted{Eval: *r, Corruption: name, Severity: severity}, nil
}

func (e *Eval) score(ctx context.Context, p *Point, images *device.Images, labels, examples []int32, what string) (*record.Eval, error) {
	p.bar.Done()
	p.bar = p.Series.progress(int64(len(examples)), what)
	evaluator := evaluate.New(p.Net, images, labels, examples)
	evaluator.OnBatch = p.tick(ctx)
	start := time.Now()
	r, err := evaluator.Run()
	if err != nil {
		return nil, err
	}
	seconds := time.Since(start).Seconds()
	rec := &record.Eval{Subject: p.Series.Subject(p.Checkpoint, len(examples)), Top1: r.Top1, Top5: r.Top5, Loss: r.Loss, ECE: r.ECE, ECEBins: evaluate.Bins, PerClassTop1: r.PerClassTop1,
		EvalSeconds: seconds, ImagesPerSecond: float64(r.N) / seconds}
	if e.Confusion {
		rec.Confusion = r.Confusion
	}
	return rec, nil
}
