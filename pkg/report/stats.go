package report

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Stat is a mean over seeds.
type Stat struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"` // with n-1; 0 where N is below 2
}

func summarise(values []float64) Stat {
	s := Stat{N: len(values)}
	switch s.N {
	case 0:
	case 1:
		s.Mean = values[0]
	default:
		s.Mean, s.SD = stat.MeanStdDev(values, nil)
	}
	return s
}

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

// paired summarises differences. From two on it has an interval and a
// detectable difference, (t(0.975) + t(0.8))·sd/√n with n-1 degrees of freedom.
func paired(differences []float64) Paired {
	s := summarise(differences)
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

// family is tests that are corrected for their number together, each with the
// row of a table that shows it.
type family struct {
	p    []float64
	rows []int
}

func (f *family) add(row int, p float64) { f.p, f.rows = append(f.p, p), append(f.rows, row) }

// each gives the corrected p-values.
func (f *family) each(do func(row int, p float64)) {
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

func median(values []float64) float64 { return quantile(values, 0.5) }
