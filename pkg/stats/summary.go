package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Summary is a mean over runs.
type Summary struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"` // with n−1; 0 where N is below 2
}

// Summarise returns the mean and standard deviation of values.
func Summarise(values []float64) Summary {
	s := Summary{N: len(values)}
	switch s.N {
	case 0:
	case 1:
		s.Mean = values[0]
	default:
		s.Mean, s.SD = stat.MeanStdDev(values, nil)
	}
	return s
}

// Median of values, NaN of none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile interpolates linearly between the values around the fraction q of
// the way from the smallest to the largest; NaN of none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	t := at - float64(i)
	return s[i]*(1-t) + s[i+1]*t // without a difference, which could overflow
}
