package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Level is the rate at which a verdict may be wrong where nothing differs, and
// one less the coverage of every interval.
const Level = 0.05

// Difference is a paired comparison of two configurations: of the differences
// between their runs of one seed, one for each seed that both have.
type Difference struct {
	N    int     `json:"n"` // pairs
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"` // of the differences, at least their resolution; 0 where N is below 2
	// Test is nil where the sample tells nothing of its scatter, so that the
	// true difference is not told: see [Differences].
	Test *Test `json:"test,omitempty"`
}

// Test is what a sample tells of the true difference.
type Test struct {
	Low  float64 `json:"low"` // 95% interval
	High float64 `json:"high"`
	P    float64 `json:"p"` // two-sided, of a true difference of 0
}

// Differences compares by Student's t. Resolution is the step in which a value
// is measured, 1/n of a share of n images, 0 where there is none: scatter
// cannot be known more finely, so the standard deviation is at least that.
// There is no test of fewer than two differences, nor of differences that are
// all the same to within half of their resolution.
func Differences(d []float64, resolution float64) Difference {
	s := Summarise(d)
	r := Difference{N: s.N, Mean: s.Mean}
	if s.N < 2 {
		return r
	}
	scattered := slices.Max(d)-slices.Min(d) > max(resolution/2, 1e-9*math.Abs(s.Mean))
	r.SD = max(s.SD, resolution)
	if !scattered {
		return r
	}
	r.Test = studentised(r.Mean, r.SD/math.Sqrt(float64(r.N)), float64(r.N-1))
	return r
}

// studentised is the test of a mean by its standard error.
func studentised(mean, se, df float64) *Test {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	half := t.Quantile(1-Level/2) * se
	return &Test{Low: mean - half, High: mean + half, P: 2 * t.Survival(math.Abs(mean)/se)}
}

// Ratios compares positive values by the differences of their logarithms, a
// pair a seed; pairs with a value that is not positive are left out. Mean, Low
// and High are those of the geometric mean ratio, SD that of the logarithms.
func Ratios(a, b []float64) Difference {
	var logs []float64
	for i := range a {
		if a[i] > 0 && b[i] > 0 {
			logs = append(logs, math.Log(a[i]/b[i]))
		}
	}
	r := Differences(logs, 0)
	r.Mean = math.Exp(r.Mean)
	if r.Test != nil {
		r.Test.Low, r.Test.High = math.Exp(r.Test.Low), math.Exp(r.Test.High)
	}
	return r
}
