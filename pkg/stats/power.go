package stats

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// Plans are made for a standard deviation that is not known but estimated from
// few pairs: they take its upper limit, below which it lies with this
// confidence, and are for this power.
const (
	Confidence = 0.8
	Power      = 0.8
)

// UpperSD is the upper limit of a normal sample's true standard deviation with
// a one-sided confidence: sd·√(df/χ²), χ² the quantile at 1−confidence.
func UpperSD(sd float64, df, confidence float64) float64 {
	return sd * math.Sqrt(df/distuv.ChiSquared{K: df}.Quantile(1-confidence))
}

// power of a two-sided paired t-test of n pairs at a level, for a true mean
// difference of effect standard deviations.
func power(effect float64, n int, level float64) float64 {
	df := float64(n - 1)
	critical := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - level/2)
	shift := effect * math.Sqrt(float64(n))
	return 1 - noncentral(critical, df, shift) + noncentral(-critical, df, shift)
}

// noncentral is the distribution function of the noncentral t with df degrees
// of freedom: the mean of Φ(t·s − shift) over s² = χ²/df, taken over the
// quantiles of χ².
func noncentral(t, df, shift float64) float64 {
	chi := distuv.ChiSquared{K: df}
	return quad.Fixed(func(u float64) float64 {
		// u = 3v²−2v³ crowds the nodes at the ends, where the integrand is steep.
		at, slope := u*u*(3-2*u), 6*u*(1-u)
		return distuv.UnitNormal.CDF(t*math.Sqrt(chi.Quantile(at)/df)-shift) * slope
	}, 0, 1, 64, nil, 0)
}

// Detectable is the true difference that n pairs show at a level with a power
// of at least [Power], were the true standard deviation of the differences as
// large as sd.
func Detectable(sd float64, n int, level float64) float64 {
	if n < 2 || sd == 0 {
		return math.NaN()
	}
	low, high := 0.0, 1.0
	for power(high, n, level) < Power {
		low, high = high, 2*high
	}
	for range 40 {
		if middle := (low + high) / 2; power(middle, n, level) < Power {
			low = middle
		} else {
			high = middle
		}
	}
	return high * sd
}

// Detectable is the true difference that as many pairs would show with 80%
// power, for the upper limit of the standard deviation; NaN where there is no
// test. Level is that of one test: of a family of m, Level/m.
func (d Difference) Detectable(level float64) float64 {
	if d.Test == nil {
		return math.NaN()
	}
	return Detectable(UpperSD(d.SD, float64(d.N-1), Confidence), d.N, level)
}

// MostSeeds is where counting seeds ends.
const MostSeeds = 10000

// Seeds is the least number of pairs that show a true difference of effect with
// 80% power at a level, for the upper limit of the standard deviation; 0 where
// there is no test, or none up to [MostSeeds].
func (d Difference) Seeds(effect, level float64) int {
	if d.Test == nil || effect <= 0 {
		return 0
	}
	relative := effect / UpperSD(d.SD, float64(d.N-1), Confidence)
	enough := func(n int) bool { return power(relative, n, level) >= Power }
	low, high := 1, 2
	for !enough(high) {
		if low, high = high, 2*high; low >= MostSeeds {
			return 0
		}
	}
	for high-low > 1 {
		if middle := (low + high) / 2; enough(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	if high > MostSeeds {
		return 0
	}
	return high
}
