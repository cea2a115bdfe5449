package conclude

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"srn/pkg/compare"
	"srn/pkg/report/load"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
)

// LateWindow is the epochs over which the end of a run is summarised: the
// paper's last 50 of 200, and as large a part of a shorter run.
func LateWindow(epochs int) (from, to int) {
	n := paper.LastEpochs
	if epochs < paper.Epochs {
		n = max(1, int(math.Round(float64(epochs*paper.LastEpochs)/paper.Epochs)))
	}
	return epochs - n + 1, epochs
}

// Late is what the end of the curves of λ_max of a group's runs is like.
type Late struct {
	Mean, Variance, Spikes study.Stat
	Inside, All            int // checkpoints of a run: in the window, and in all
}

// LateOf summarises the ends of a group's complete runs under one condition.
func LateOf(g *study.Group, cond compare.Condition) Late {
	var l Late
	var means, variances, counts []float64
	for _, r := range g.Complete() {
		one, ok := lateOf(r, cond)
		if !ok {
			continue
		}
		means, counts = append(means, one.mean), append(counts, one.spikes)
		if !math.IsNaN(one.variance) {
			variances = append(variances, one.variance)
		}
		l.Inside, l.All = one.inside, one.all
	}
	l.Mean, l.Variance, l.Spikes = study.Summarise(means), study.Summarise(variances), study.Summarise(counts)
	return l
}

// late is the end of one run's curve.
type late struct {
	mean, variance, spikes float64
	inside, all            int
}

// lateOf summarises a run; ok is false where no checkpoint of its end was
// measured.
func lateOf(r *load.Run, cond compare.Condition) (l late, ok bool) {
	from, _ := LateWindow(r.Epochs)
	var window, curve []float64
	for _, t := range study.Under(r.Tops, cond) {
		if math.IsNaN(t.LambdaMax) {
			continue
		}
		curve = append(curve, t.LambdaMax)
		if load.EpochOf(t.Subject) >= from {
			window = append(window, t.LambdaMax)
		}
	}
	l.inside, l.all = len(window), len(curve)
	if l.inside == 0 {
		return l, false
	}
	l.mean, l.variance = window[0], math.NaN()
	if l.inside > 1 {
		l.mean, l.variance = stat.MeanVariance(window, nil)
	}
	l.spikes = float64(spikes(curve))
	return l, true
}

// spikes counts the peaks of a curve whose prominence is at least the curve's
// median: the height above the higher of the two lowest points between the
// peak and whatever is higher on either side.
func spikes(curve []float64) int {
	count, middle := 0, study.Median(curve)
	for i := 1; i+1 < len(curve); i++ {
		if !(curve[i] > curve[i-1] && curve[i] >= curve[i+1]) {
			continue
		}
		left, right := curve[i], curve[i]
		for k := i - 1; k >= 0 && curve[k] <= curve[i]; k-- {
			left = min(left, curve[k])
		}
		for k := i + 1; k < len(curve) && curve[k] <= curve[i]; k++ {
			right = min(right, curve[k])
		}
		if curve[i]-max(left, right) >= middle {
			count++
		}
	}
	return count
}
