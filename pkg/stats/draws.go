package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// LeastDraws is the number of draws from which their scatter can be told.
const LeastDraws = 3

// AgainstDraws compares values, one a seed, with a control that was drawn at
// random several times, each draw run with every seed: control[k][i] is draw
// k's value with seed i. The question is of the population that the draws came
// from, so that more seeds with the same draws do not answer it: the variance
// of the mean difference is that of the differences over seeds, plus that of
// the draws' means over draws. The test weighs the two as Cochran and Cox do
// (1950): its critical value is the mean of Student's t with n−1 and with k−1
// degrees of freedom, weighted by the two variances. There is no test with
// fewer than [LeastDraws] draws.
func AgainstDraws(values []float64, control [][]float64, resolution float64) Difference {
	draws := len(control)
	d := make([]float64, len(values))
	copy(d, values)
	means := make([]float64, draws)
	for k, list := range control {
		for i, v := range list {
			d[i] -= v / float64(draws)
		}
		means[k] = Summarise(list).Mean
	}
	r := Differences(d, resolution)
	if r.Test == nil || draws < LeastDraws {
		r.Test = nil
		return r
	}
	bySeed := r.SD * r.SD / float64(r.N)
	spread := Summarise(means).SD
	byDraw := spread * spread / float64(draws)
	seeds, others := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(r.N - 1)}, distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(draws - 1)}
	critical := func(p float64) float64 {
		return (bySeed*seeds.Quantile(1-p/2) + byDraw*others.Quantile(1-p/2)) / (bySeed + byDraw)
	}
	se := math.Sqrt(bySeed + byDraw)
	half := critical(Level) * se
	low, high := -40.0, 0.0 // of log p
	for range 60 {
		if middle := (low + high) / 2; critical(math.Exp(middle)) > math.Abs(r.Mean)/se {
			low = middle
		} else {
			high = middle
		}
	}
	r.Test = &Test{Low: r.Mean - half, High: r.Mean + half, P: math.Exp(high)}
	return r
}
