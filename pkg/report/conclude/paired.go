// Package conclude holds what a report concludes from comparable groups: tests,
// intervals, verdicts and the sentences that say them. Which groups are
// comparable it takes from package study.
package conclude

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// Paired compares two groups by the differences between runs of equal seed.
type Paired struct {
	N          int     `json:"n"` // pairs
	Mean       float64 `json:"mean"`
	SD         float64 `json:"sd"` // of the differences
	Low        float64 `json:"low"`
	High       float64 `json:"high"`       // 95% interval of the mean, Student's t
	P          float64 `json:"p"`          // two-sided paired t-test
	Detectable float64 `json:"detectable"` // true difference found with 80% power at 5%
}

// Pair summarises differences. From two on it has an interval and a detectable
// difference, (t(0.975) + t(0.8))·sd/√n with n-1 degrees of freedom.
func Pair(differences []float64) Paired {
	s := study.Summarise(differences)
	p := Paired{N: s.N, Mean: s.Mean, SD: s.SD}
	if s.N < 2 {
		return p
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.N - 1)}
	se := s.SD / math.Sqrt(float64(s.N))
	half := t.Quantile(0.975) * se
	p.Low, p.High = s.Mean-half, s.Mean+half
	p.Detectable = (t.Quantile(0.975) + t.Quantile(0.8)) * se
	switch {
	case se > 0:
		p.P = 2 * t.Survival(math.Abs(s.Mean)/se)
	case s.Mean == 0:
		p.P = 1
	}
	return p
}

// Minus compares a metric of two groups.
func Minus(g, b *study.Group, m study.Metric) Paired { return Pair(g.Minus(b, m)) }

// Family is tests that are corrected for their number together, each with the
// row of a table that shows it.
type Family struct {
	p    []float64
	rows []int
}

// Add adds a test.
func (f *Family) Add(row int, p float64) { f.p, f.rows = append(f.p, p), append(f.rows, row) }

// Len is the number of tests.
func (f *Family) Len() int { return len(f.p) }

// Each gives the corrected p-values.
func (f *Family) Each(do func(row int, p float64)) {
	for i, p := range holm(f.p) {
		do(f.rows[i], p)
	}
}

// holm corrects the p-values of several tests for their number, by Holm's
// step-down method.
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	corrected := make([]float64, len(p))
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, p[i]*float64(len(p)-rank)))
		corrected[i] = largest
	}
	return corrected
}

// PValue writes a probability.
func PValue(p float64) string {
	if p < 1e-3 {
		return "< 0.001"
	}
	return number.Significant(p, 2)
}

// TestNote says what the numbers of a paired comparison are.
const TestNote = "pp: percentage points. Interval and p: Student’s t on the differences between runs of one seed, two-sided. " +
	"Detectable: the true difference that this many pairs with this scatter would show at 5% in 80 of 100 repetitions; one pair tests nothing."
