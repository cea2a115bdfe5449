package curvature

import (
	"math"
	"testing"
)

func TestExtremes(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		order             Order
		values            []float64
		largest, smallest float64
	}{
		{LargestAlgebraic, []float64{3, 2, -1}, 3, nan},
		{LargestAlgebraic, []float64{-1, -2}, -1, nan},
		{SmallestAlgebraic, []float64{-4, 1}, nan, -4},
		{LargestMagnitude, []float64{5, -4, 3, -1}, 5, -4},
		{LargestMagnitude, []float64{-5, -4}, nan, -5},
		{LargestMagnitude, []float64{2, 1}, 2, nan},
		{LargestAlgebraic, nil, nan, nan},
	} {
		var pairs []Pair
		for _, v := range c.values {
			pairs = append(pairs, Pair{Value: v})
		}
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if largest, smallest := Extremes(pairs, c.order); !same(largest, c.largest) || !same(smallest, c.smallest) {
			t.Errorf("%s %v: %g, %g", c.order, c.values, largest, smallest)
		}
	}
}
