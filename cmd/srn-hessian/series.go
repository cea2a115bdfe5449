package main

import (
	"srn/pkg/artifact"
	"srn/pkg/landscape"
	"srn/pkg/srn/meta"
)

// series collects what the guidance's last record compares r with, over all
// checkpoints in their order.
type series struct {
	target *meta.Target
	batch  int // images of a pass

	r, loss, marginValue, inverse, score, lambda, theta, epoch []float64
}

func (t *series) add(r, loss, margin, score, lambda, theta, epoch float64) {
	t.r, t.loss, t.marginValue = append(t.r, r), append(t.loss, loss), append(t.marginValue, margin)
	t.inverse, t.score, t.lambda = append(t.inverse, 1/margin), append(t.score, score), append(t.lambda, lambda)
	t.theta, t.epoch = append(t.theta, theta), append(t.epoch, epoch)
}

// one is R² of a regression on one predictor, the squared correlation.
func one(y, x []float64) float64 {
	r2, _ := landscape.R2(y, x)
	return r2
}

// fields are R² of r against each quantity alone, against the baselines
// together, and against baselines and the ingredients of s_meta together: only
// what the last adds to the baselines is more than size and time.
func (t *series) fields() artifact.Fields {
	base, baseAdjusted := landscape.R2(t.r, t.theta, t.epoch)
	full, fullAdjusted := landscape.R2(t.r, t.theta, t.epoch, t.loss, t.inverse)
	return artifact.Fields{
		{Key: "checkpoints", Value: len(t.r)},
		{Key: "r2_val_loss", Value: one(t.r, t.loss)},
		{Key: "r2_margin", Value: one(t.r, t.marginValue)},
		{Key: "r2_inverse_margin", Value: one(t.r, t.inverse)},
		{Key: "r2_s_meta", Value: one(t.r, t.score)},
		{Key: "r2_lambda_max", Value: one(t.r, t.lambda)},
		{Key: "r2_theta_norm", Value: one(t.r, t.theta)},
		{Key: "r2_epoch", Value: one(t.r, t.epoch)},
		{Key: "r2_baselines", Value: base}, {Key: "r2_baselines_adjusted", Value: baseAdjusted},
		{Key: "r2_baselines_and_signals", Value: full}, {Key: "r2_baselines_and_signals_adjusted", Value: fullAdjusted},
	}
}
