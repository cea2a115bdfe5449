package conclude

import (
	"maps"
	"math"
	"slices"

	"srn/pkg/compare"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// Associate is how λ_max and top-1 go together over groups, by the means of
// each one's runs that did not fail; ok is false for fewer than four groups
// that have both.
func Associate(groups []*study.Group, cond compare.Condition) (a stats.Association, ok bool) {
	var x, y []float64
	for _, g := range groups {
		lambda, top1 := values(g, study.LambdaMax(cond)), values(g, study.Top1)
		if len(lambda) > 0 && len(top1) > 0 {
			x, y = append(x, mean(lambda)), append(y, mean(top1))
		}
	}
	return stats.Associate(x, y)
}

// ChanceOfBest is by how much chance lifts the best of several groups above
// one more on average, in units of the metric, were all equal; ok is false
// where they do not all have the same seeds, at least two.
func ChanceOfBest(g *study.Group, others []*study.Group, m study.Metric) (expected float64, ok bool) {
	all := []map[int64]float64{values(g, m)}
	for _, o := range others {
		all = append(all, values(o, m))
	}
	seeds := common(all...)
	if len(others) < 2 || len(seeds) < 2 || slices.ContainsFunc(all, func(v map[int64]float64) bool { return len(v) != len(seeds) }) {
		return 0, false
	}
	table := make([][]float64, len(all))
	for i := range table {
		for _, s := range seeds {
			table[i] = append(table[i], all[i][s])
		}
	}
	return stats.ExpectedBest(len(others)) * stats.Residual(table) / math.Sqrt(float64(len(seeds))), true
}

// mean over seeds, in their order.
func mean(values map[int64]float64) float64 {
	sum := 0.0
	for _, seed := range slices.Sorted(maps.Keys(values)) {
		sum += values[seed]
	}
	return sum / float64(len(values))
}
