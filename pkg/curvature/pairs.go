package curvature

import (
	"math"
	"slices"
)

// sortPairs puts wanted pairs first.
func sortPairs(pairs []Pair, order Order) {
	values := make([]float64, len(pairs))
	for i, p := range pairs {
		values[i] = p.Value
	}
	before := slices.Clone(pairs)
	for i, j := range order.sorted(values) {
		pairs[i] = before[j]
	}
}

// Vectors are those of pairs, as guesses for [Options].Start.
func Vectors(pairs []Pair) [][]float32 {
	list := make([][]float32, len(pairs))
	for i, p := range pairs {
		list[i] = p.Vector
	}
	return list
}

// Extremes says which of the pairs found in an order have the operator's
// largest and smallest eigenvalue; what they do not tell is NaN. Of the
// values of largest magnitude the first positive one is the largest of all,
// and the first negative one the smallest. Both ends tell both.
func Extremes(pairs []Pair, order Order) (largest, smallest float64) {
	if order == BothEnds && len(pairs) > 1 {
		return pairs[0].Value, pairs[1].Value
	}
	largest, smallest = math.NaN(), math.NaN()
	for i, p := range pairs {
		first := i == 0
		if math.IsNaN(largest) && (order == LargestAlgebraic && first || order == LargestMagnitude && p.Value > 0) {
			largest = p.Value
		}
		if math.IsNaN(smallest) && (order == SmallestAlgebraic && first || order == LargestMagnitude && p.Value < 0) {
			smallest = p.Value
		}
	}
	return largest, smallest
}
