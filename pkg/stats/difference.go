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
// all the same to within half of their resolution. Differences so large that
// their mean or deviation is not finite are none.
func Differences(d []float64, resolution float64) Difference {
	s := Summarise(d)
	if !finite(s.Mean, s.SD) {
		return Difference{}
	}
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

// Exp turns a difference of logarithms into a ratio: mean and interval are
// those of the geometric mean; SD stays that of the logarithms. What is not finite
// is left out.
func (d Difference) Exp() Difference {
	if d.N > 0 {
		d.Mean = math.Exp(d.Mean)
	}
	if d.Test != nil {
		d.Test = &Test{Low: math.Exp(d.Test.Low), High: math.Exp(d.Test.High), P: d.Test.P}
		if !finite(d.Test.High) {
			d.Test = nil
		}
	}
	if !finite(d.Mean) {
		return Difference{}
	}
	return d
}

// finite says that no value is NaN or infinite.
func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
