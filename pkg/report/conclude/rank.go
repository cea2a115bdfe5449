package conclude

import (
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Spearman is the correlation of the ranks, ties sharing theirs.
func Spearman(x, y []float64) float64 { return stat.Correlation(ranks(x), ranks(y), nil) }

func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	r := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last < len(sorted) && sorted[last] == v {
			last++
		}
		r[i] = float64(first+last-1) / 2
	}
	return r
}
