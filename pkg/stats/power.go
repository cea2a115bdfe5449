package stats

import (
	"math"
	"sync"

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
// of freedom: the mean of Φ(t·s − shift) over s, s² being χ²/df, by Gauss and
// Legendre's rule over nine of its standard deviations to either side of 1.
func noncentral(t, df, shift float64) float64 {
	reach := 9 / math.Sqrt(2*df)
	from := max(0, 1-reach)
	width := 1 + reach - from
	gamma, _ := math.Lgamma(df / 2)
	constant := math.Log(2) + df/2*math.Log(df/2) - gamma
	sum := 0.0
	at, weights := nodes()
	for i, u := range at {
		s := from + width*u*u*u // crowded at the lower end, where few degrees of freedom have most to tell
		density := math.Exp(constant + (df-1)*math.Log(s) - df*s*s/2)
		sum += weights[i] * distuv.UnitNormal.CDF(t*s-shift) * density * width * 3 * u * u
	}
	return sum
}

// nodes are those of Gauss and Legendre's rule between 0 and 1, and their
// weights.
var nodes = sync.OnceValues(func() (at, weights []float64) {
	at, weights = make([]float64, 96), make([]float64, 96)
	quad.Legendre{}.FixedLocations(at, weights, 0, 1)
	return at, weights
})

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
