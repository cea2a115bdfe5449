package stats

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// Choosing is how many of n seeds choose the best of several configurations;
// the others, at least two, test it. Whoever is chosen and tested by the same
// seeds is flattered by their chance, and so is who is chosen by all seeds but
// one in turn: their choices agree with each other.
// It is 0 where n is below 3.
func Choosing(n int) int {
	if n < 3 {
		return 0
	}
	return max(1, n/2)
}

// ExpectedBest is the expected largest of k independent values with a normal
// distribution of mean 0 and standard deviation 1: how far the best of k equal
// ones lies above their mean by chance.
func ExpectedBest(k int) float64 {
	if k < 2 {
		return 0
	}
	normal := distuv.UnitNormal
	return quad.Fixed(func(x float64) float64 {
		return x * float64(k) * normal.Prob(x) * math.Pow(normal.CDF(x), float64(k-1))
	}, -9, 9, 200, nil, 0)
}

// Residual is the standard deviation of what is left of values[i][s], one for
// each configuration i and seed s, after each configuration's mean and each
// seed's common part; NaN where nothing can be left.
func Residual(values [][]float64) float64 {
	if len(values) < 2 || len(values[0]) < 2 {
		return math.NaN()
	}
	k, n := float64(len(values)), float64(len(values[0]))
	bySeed, all := make([]float64, len(values[0])), 0.0
	for _, row := range values {
		for s, v := range row {
			bySeed[s] += v / k
			all += v / (k * n)
		}
	}
	sum := 0.0
	for _, row := range values {
		mean := Summarise(row).Mean
		for s, v := range row {
			left := v - mean - bySeed[s] + all
			sum += left * left
		}
	}
	return math.Sqrt(sum / ((k - 1) * (n - 1)))
}
