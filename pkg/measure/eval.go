package measure

import (
	"context"
	"iter"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/evaluate"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Eval scores a checkpoint on all images of the split: accuracy, loss,
// calibration, confusion.
type Eval struct {
	BatchSize int  `aliases:"batch" record:"-" default:"128" placeholder:"N" help:"Images of a pass, at most: a device may take fewer. Memory grows with it, results do not depend on it (${default})."`
	Confusion bool `help:"Add the confusion matrix: examples by true class (row) and predicted class."`
}

// Check refuses values that cannot work.
func (e *Eval) Check() error {
	if e.BatchSize < 1 {
		return run.Refuse("batch_size", "%d is not at least 1", e.BatchSize)
	}
	return nil
}

func (e *Eval) tests() int { return 0 }

func (e *Eval) settings() *Loss {
	return &Loss{Examples: &dataset.Examples{}, BN: "eval", BatchSize: e.BatchSize}
}

// Prepare needs nothing.
func (e *Eval) Prepare(*Series) error { return nil }

// Network has no gradients.
func (e *Eval) Network() resnet.Config { return resnet.Config{ForwardOnly: true} }

// Records are one.
func (e *Eval) Records(*checkpoint.Checkpoint) ([]string, error) {
	return []string{record.Eval{}.Type()}, nil
}

// Measure yields a *record.Eval.
func (e *Eval) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		each(yield, skip, func() (record.Record, error) { return made(e.score(ctx, p)) })
	}
}

func (e *Eval) score(ctx context.Context, p *Point) (*record.Eval, error) {
	p.bar.Done()
	p.bar = p.Series.progress(int64(len(p.Examples)), p.label())
	evaluator := evaluate.New(p.Net, p.Series.Images(p.Checkpoint), p.Series.Split.Labels, p.Examples)
	evaluator.OnBatch = p.tick(ctx)
	start := time.Now()
	r, err := evaluator.Run()
	if err != nil {
		return nil, err
	}
	seconds := time.Since(start).Seconds()
	rec := &record.Eval{Subject: p.subject(), Top1: r.Top1, Top5: r.Top5, Loss: r.Loss, ECE: r.ECE, ECEBins: evaluate.Bins, PerClassTop1: r.PerClassTop1,
		EvalSeconds: seconds, ImagesPerSecond: float64(r.N) / seconds}
	if e.Confusion {
		rec.Confusion = r.Confusion
	}
	return rec, nil
}
