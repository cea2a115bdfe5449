package curvature

import (
	"math"
	"slices"
)

// Order says which eigenvalues are wanted, in the terms of ARPACK.
type Order string

const (
	LargestAlgebraic  Order = "la" // from the largest down
	SmallestAlgebraic Order = "sa" // from the smallest up
	LargestMagnitude  Order = "lm" // from the largest |λ| down
	BothEnds          Order = "be" // largest, smallest, second largest, second smallest, …
)

// orders lists them all.
var orders = []Order{LargestAlgebraic, SmallestAlgebraic, LargestMagnitude, BothEnds}

// sorted returns the indices of values, wanted ones first.
func (o Order) sorted(values []float64) []int {
	index := make([]int, len(values))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return o.compare(values[a], values[b]) })
	if o != BothEnds {
		return index
	}
	// From the two ends of the descending list in turn.
	ends := make([]int, 0, len(index))
	for lo, hi := 0, len(index)-1; lo <= hi; lo, hi = lo+1, hi-1 {
		ends = append(ends, index[lo])
		if lo < hi {
			ends = append(ends, index[hi])
		}
	}
	return ends
}

// compare sorts wanted eigenvalues first; for both ends, descending.
func (o Order) compare(a, b float64) int {
	switch o {
	case SmallestAlgebraic:
		a, b = b, a
	case LargestMagnitude:
		a, b = math.Abs(a), math.Abs(b)
	}
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}
