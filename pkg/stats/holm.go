package stats

import (
	"cmp"
	"slices"
)

// Holm corrects the p-values of a family of tests for their number, by Holm's
// step-down method (1979): where nothing differs, the chance that any of them
// falls below a level is at most that level, whatever their dependence.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	corrected := make([]float64, len(p))
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, p[i]*float64(len(p)-rank)))
		corrected[i] = largest
	}
	return corrected
}
