package conclude

import (
	"maps"
	"math"
	"slices"

	"srn/pkg/compare"
	"srn/pkg/report/load"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
	"srn/pkg/stats"
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

// LeastCheckpoints are those from which a variance or spikes can be told.
const LeastCheckpoints = 3

// Late is what the end of training is like by λ_max: a group against its
// baseline, by the checkpoints that both runs of a pair have. It is secondary:
// neither tested nor corrected.
type Late struct {
	Group *study.Group
	Mean  stats.Summary // over the group's runs, of each one's mean in the window

	Seeds           []int64          // of the pairs; none: no baseline
	Ratio, Variance stats.Difference // geometric mean ratios, paired by seed, of the means and of the variances in the window
	Spikes          [2]stats.Summary // of a run's curve, the group's and the baseline's
	SpikesMore      stats.Difference
	Checkpoints     [2]int // that a pair has in common, at least: in the window, and in all
}

// LateOf compares the ends of the runs of each group of a cohort under one
// condition.
func LateOf(c *study.Cohort, cond compare.Condition) []Late {
	var list []Late
	for _, g := range c.Groups {
		mine := curves(g, cond)
		from, _ := LateWindow(g.Epochs)
		l := Late{Group: g}
		var means []float64
		for _, s := range slices.Sorted(maps.Keys(mine)) {
			if late := alsoIn(mine[s], from, mine[s]); len(late) > 0 {
				means = append(means, stats.Summarise(late).Mean)
			}
		}
		if l.Mean = stats.Summarise(means); l.Mean.N == 0 {
			continue
		}
		if g.Baseline != nil {
			l.against(mine, curves(g.Baseline, cond), from)
		}
		list = append(list, l)
	}
	return list
}

// curves are λ_max by epoch of the group's runs that did not fail, by seed.
func curves(g *study.Group, cond compare.Condition) map[int64]map[int]float64 {
	all := map[int64]map[int]float64{}
	for _, r := range g.Runs {
		if !r.Complete() || Failed(r) {
			continue
		}
		curve := map[int]float64{}
		for _, t := range study.Under(r.Tops, cond) {
			if v := t.LambdaMax; !math.IsNaN(v) && !math.IsInf(v, 0) {
				curve[load.EpochOf(t.Subject)] = v
			}
		}
		if len(curve) > 0 {
			all[r.Seed] = curve
		}
	}
	return all
}

// against compares with the baseline's runs, a pair a seed.
func (l *Late) against(mine, theirs map[int64]map[int]float64, from int) {
	var ratios, variances, more, a, b []float64
	l.Seeds = common(mine, theirs)
	for i, s := range l.Seeds {
		x, y := alsoIn(mine[s], from, theirs[s]), alsoIn(theirs[s], from, mine[s])
		all, others := alsoIn(mine[s], 0, theirs[s]), alsoIn(theirs[s], 0, mine[s])
		for k, n := range [2]int{len(x), len(all)} {
			if i == 0 || n < l.Checkpoints[k] {
				l.Checkpoints[k] = n
			}
		}
		if len(x) == 0 {
			continue
		}
		mean, other := stats.Summarise(x), stats.Summarise(y)
		if mean.Mean > 0 && other.Mean > 0 {
			ratios = append(ratios, math.Log(mean.Mean/other.Mean))
		}
		if len(x) < LeastCheckpoints {
			continue
		}
		if mean.SD > 0 && other.SD > 0 {
			variances = append(variances, 2*math.Log(mean.SD/other.SD))
		}
		n, o := float64(spikes(all)), float64(spikes(others))
		a, b, more = append(a, n), append(b, o), append(more, n-o)
	}
	l.Ratio, l.Variance = stats.Differences(ratios, 0).Exp(), stats.Differences(variances, 0).Exp()
	l.Spikes, l.SpikesMore = [2]stats.Summary{stats.Summarise(a), stats.Summarise(b)}, stats.Differences(more, 1)
}

// alsoIn are a curve's values from an epoch on, at those epochs that the other
// has too, in order.
func alsoIn(curve map[int]float64, from int, other map[int]float64) []float64 {
	var list []float64
	for _, epoch := range slices.Sorted(maps.Keys(curve)) {
		if _, ok := other[epoch]; ok && epoch >= from {
			list = append(list, curve[epoch])
		}
	}
	return list
}

// spikes counts the peaks of a curve whose prominence is at least the curve's
// median: the height above the higher of the two lowest points between the
// peak and whatever is higher on either side.
func spikes(curve []float64) int {
	count, middle := 0, stats.Median(curve)
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
