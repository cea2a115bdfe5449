package study

import (
	"math"
	"slices"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/stats"
)

// Metric is one number that a run has, ok being false where it was not
// measured or is not finite.
type Metric func(r *load.Run) (v float64, ok bool)

func measured(v float64) (float64, bool) { return v, !math.IsNaN(v) && !math.IsInf(v, 0) }

func optional(v *float64) (float64, bool) {
	if v == nil {
		return 0, false
	}
	return measured(*v)
}

// onTest reads a metric of the checkpoint of the last epoch on the test images:
// from srn-eval or, failing that, from what srn-fit measured itself. Never
// from the best epoch.
func onTest(eval func(*record.Eval) float64, epoch func(*record.Epoch) *float64) Metric {
	return func(r *load.Run) (float64, bool) {
		if n := len(r.Tests); n > 0 && load.EpochOf(r.Tests[n-1].Subject) >= r.Epochs {
			if v, ok := measured(eval(r.Tests[n-1])); ok {
				return v, true
			}
		}
		if n := len(r.Curve); n > 0 && r.Curve[n-1].Epoch >= r.Epochs {
			return optional(epoch(r.Curve[n-1]))
		}
		return 0, false
	}
}

// Metrics of the last epoch on test images.
var (
	Top1 = onTest(func(e *record.Eval) float64 { return e.Top1 }, func(e *record.Epoch) *float64 { return e.TestTop1 })
	Top5 = onTest(func(e *record.Eval) float64 { return e.Top5 }, func(e *record.Epoch) *float64 { return e.TestTop5 })
	Loss = onTest(func(e *record.Eval) float64 { return e.Loss }, func(e *record.Epoch) *float64 { return e.TestLoss })
	ECE  = onTest(func(e *record.Eval) float64 { return e.ECE }, func(e *record.Epoch) *float64 { return e.TestECE })
)

// Percents is a metric of a fraction in percent.
func Percents(m Metric) Metric {
	return func(r *load.Run) (float64, bool) {
		v, ok := m(r)
		return 100 * v, ok
	}
}

// Logarithm is that of a metric that is above 0.
func Logarithm(m Metric) Metric {
	return func(r *load.Run) (float64, bool) {
		v, ok := m(r)
		return math.Log(v), ok && v > 0
	}
}

// LambdaMax is λ_max at the last epoch under one condition.
func LambdaMax(c compare.Condition) Metric {
	return func(r *load.Run) (float64, bool) {
		for _, t := range slices.Backward(r.Tops) {
			if load.ConditionOf(t) == c && load.EpochOf(t.Subject) >= r.Epochs {
				return measured(t.LambdaMax)
			}
		}
		return 0, false
	}
}

// SecondsPerEpoch and ImagesPerSecond are medians over a run's epochs.
var (
	SecondsPerEpoch = epochMedian(func(e *record.Epoch) float64 { return e.EpochSeconds })
	ImagesPerSecond = epochMedian(func(e *record.Epoch) float64 { return e.ImagesPerSecond })
)

func epochMedian(of func(*record.Epoch) float64) Metric {
	return func(r *load.Run) (float64, bool) {
		values := OfEpochs(r.Curve, of)
		return stats.Median(values), len(values) > 0
	}
}

// OfEpochs lists the finite values of a field over epochs.
func OfEpochs(list []*record.Epoch, of func(*record.Epoch) float64) []float64 {
	var values []float64
	for _, e := range list {
		if v, ok := measured(of(e)); ok {
			values = append(values, v)
		}
	}
	return values
}

// Ratios are ‖λ∇r‖/‖∇task‖ of each epoch that has it.
func Ratios(r *load.Run) []float64 {
	return OfEpochs(r.Curve, func(e *record.Epoch) float64 { return Number(e.GuidanceRatio) })
}

// Number is an optional value, NaN where it is left out.
func Number(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// GuidanceRatio is the median over epochs of ‖λ∇r‖/‖∇task‖; methods without
// guidance have none.
func GuidanceRatio(r *load.Run) (float64, bool) {
	values := Ratios(r)
	if len(values) == 0 || slices.Max(values) == 0 {
		return 0, false
	}
	return stats.Median(values), true
}

// TrainingSeconds is what all epochs of a run took.
func TrainingSeconds(r *load.Run) (float64, bool) {
	values := OfEpochs(r.Curve, func(e *record.Epoch) float64 { return e.EpochSeconds })
	if len(values) < r.Epochs || len(values) == 0 {
		return 0, false
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum, true
}

// Values are a metric's over complete runs.
func (g *Group) Values(m Metric) []float64 {
	var values []float64
	for _, r := range g.Complete() {
		if v, ok := m(r); ok {
			values = append(values, v)
		}
	}
	return values
}

// Over summarises a metric over a group's complete runs.
func (g *Group) Over(m Metric) stats.Summary { return stats.Summarise(g.Values(m)) }
