package measure

import (
	"math"
	"reflect"

	"srn/pkg/landscape"
	"srn/pkg/record"
)

// guidanceSeries collects what the last record compares r with, over all
// checkpoints in their order.
type guidanceSeries struct {
	network  record.Network
	training *record.Training // of all checkpoints; nil where they are of several
	examined record.Examined
	loss     record.LossConfig
	sha256   string

	r, valLoss, margin, inverse, score, lambda, theta, epoch []float64
}

// Resume takes in the records that an earlier run has written.
func (g *Guidance) Resume(done []record.Record) {
	for _, rec := range done {
		if r, ok := rec.(*record.Guidance); ok {
			g.target.Next(r.ValLoss, r.InverseMargin)
			g.series.add(r)
		}
	}
}

func (t *guidanceSeries) add(r *record.Guidance) {
	if t.network = r.Network; len(t.r) == 0 {
		t.training = r.Training
	} else if !reflect.DeepEqual(t.training, r.Training) {
		t.training = nil
	}
	epoch := math.NaN()
	if r.Epoch != nil {
		epoch = float64(*r.Epoch)
	}
	t.r, t.valLoss, t.margin = append(t.r, r.R), append(t.valLoss, r.ValLoss), append(t.margin, r.Margin)
	t.inverse, t.score, t.lambda = append(t.inverse, r.InverseMargin), append(t.score, r.SMeta), append(t.lambda, r.LambdaMax)
	t.theta, t.epoch = append(t.theta, r.ThetaNorm), append(t.epoch, epoch)
}

// Last is R² of r against each quantity alone, against the baselines together,
// and against baselines and the ingredients of s_meta together: only what the
// last adds to the baselines is more than size and time.
func (g *Guidance) Last() record.Record {
	t := &g.series
	one := func(x []float64) float64 {
		r2, _ := landscape.R2(t.r, x)
		return r2
	}
	base, baseAdjusted := landscape.R2(t.r, t.theta, t.epoch)
	full, fullAdjusted := landscape.R2(t.r, t.theta, t.epoch, t.valLoss, t.inverse)
	return &record.GuidanceSeries{
		Network: t.network, Training: t.training, Examined: t.examined, LossConfig: t.loss, SurrogateSHA256: t.sha256, Checkpoints: len(t.r),
		R2ValLoss: one(t.valLoss), R2Margin: one(t.margin), R2InverseMargin: one(t.inverse), R2SMeta: one(t.score),
		R2LambdaMax: one(t.lambda), R2ThetaNorm: one(t.theta), R2Epoch: one(t.epoch),
		R2Baselines: base, R2BaselinesAdjusted: baseAdjusted,
		R2BaselinesAndSignals: full, R2BaselinesAndSignalsAdjusted: fullAdjusted,
	}
}
