package report

import (
	"math"
	"slices"

	"srn/pkg/artifact"
)

// metric is one number a run has, ok being false where it was not measured.
type metric func(r *run) (v float64, ok bool)

// onTest reads a metric of the checkpoint of the last epoch on the test split:
// from srn-eval or, failing that, from what srn-fit measured itself. Never
// from the best epoch.
func onTest(evalKey, fitKey string) metric {
	return func(r *run) (float64, bool) {
		if n := len(r.evals); n > 0 && whole(r.evals[n-1], "epoch") >= r.Epochs {
			if v, ok := r.evals[n-1].Float(evalKey); ok {
				return v, true
			}
		}
		if v, ok := r.final.Float(fitKey); ok {
			return v, true
		}
		if n := len(r.epochs); n > 0 && whole(r.epochs[n-1], "epoch") >= r.Epochs {
			return r.epochs[n-1].Float(fitKey)
		}
		return 0, false
	}
}

var (
	top1     = onTest("top1", "test_top1")
	top5     = onTest("top5", "test_top5")
	testLoss = onTest("loss", "test_loss")
	ece      = onTest("ece", "test_ece")
)

// lambdaMax is λ_max at the last epoch under one condition.
func lambdaMax(c condition) metric {
	return func(r *run) (float64, bool) {
		for i := len(r.tops) - 1; i >= 0; i-- {
			if t := r.tops[i]; conditionOf(t) == c && whole(t, "epoch") >= r.Epochs {
				return t.Float("lambda_max")
			}
		}
		return 0, false
	}
}

// epochMedian is the median over a run's epochs of a field.
func epochMedian(key string) metric {
	return func(r *run) (float64, bool) {
		values := fieldValues(r.epochs, key)
		return median(values), len(values) > 0
	}
}

var (
	secondsPerEpoch = epochMedian("epoch_seconds")
	imagesPerSecond = epochMedian("images_per_second")
)

// guidanceRatio is the median over epochs of ‖λ∇r‖/‖∇task‖; methods without
// guidance have none.
func guidanceRatio(r *run) (float64, bool) {
	values := fieldValues(r.epochs, "guidance_ratio")
	if len(values) == 0 || slices.Max(values) == 0 {
		return 0, false
	}
	return median(values), true
}

func fieldValues(list []artifact.Record, key string) []float64 {
	var values []float64
	for _, rec := range list {
		if v, ok := rec.Float(key); ok {
			values = append(values, v)
		}
	}
	return values
}

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// over summarises a metric over a group's complete runs.
func (g *group) over(m metric) Stat {
	var values []float64
	for _, r := range g.whole() {
		if v, ok := m(r); ok {
			values = append(values, v)
		}
	}
	return summarise(values)
}

// minus compares g with another group by seed; both runs of a pair are complete.
func (g *group) minus(b *group, m metric) Paired {
	var differences []float64
	for _, r := range g.whole() {
		for _, q := range b.whole() {
			if q.Seed != r.Seed {
				continue
			}
			v, ok := m(r)
			w, ok2 := m(q)
			if ok && ok2 {
				differences = append(differences, v-w)
			}
		}
	}
	return paired(differences)
}
