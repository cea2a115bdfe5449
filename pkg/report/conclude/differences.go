package conclude

import (
	"fmt"

	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// Difference is the comparison of a group with its baseline in one metric.
type Difference struct {
	Group, Baseline *study.Group
	Paired
	Corrected float64 // p for all groups of the cohort; of one pair 0
}

// Differences compares each group of a cohort that has a baseline with it. The
// p-values are corrected together.
func Differences(c *study.Cohort, m study.Metric) []Difference {
	var list []Difference
	var tests Family
	for _, g := range c.Groups {
		if g.Baseline == nil {
			continue
		}
		p := Minus(g, g.Baseline, m)
		if p.N == 0 {
			continue
		}
		if p.N > 1 {
			tests.Add(len(list), p.P)
		}
		list = append(list, Difference{Group: g, Baseline: g.Baseline, Paired: p})
	}
	tests.Each(func(i int, p float64) { list[i].Corrected = p })
	return list
}

// Sentences put the paired comparisons of top-1 into words.
func Sentences(c *study.Cohort) []string {
	var list []string
	all := Differences(c, study.Top1)
	tests := 0
	for _, d := range all {
		if d.N > 1 {
			tests++
		}
	}
	for _, d := range all {
		if d.N < 2 {
			continue
		}
		verdict := "within the scatter between seeds"
		if d.Corrected < 0.05 {
			verdict = "beyond the scatter between seeds"
		}
		probability := "p = " + number.Significant(d.P, 2)
		if tests > 1 {
			probability += fmt.Sprintf(", %s corrected for %d comparisons", number.Significant(d.Corrected, 2), tests)
		}
		list = append(list, fmt.Sprintf("%s against %s: %s percentage points of top-1 over %s (95%% interval %s to %s; %s): a difference %s; a true one of %s would be found in 4 of 5 repetitions",
			d.Group.Legend(c), d.Baseline.Legend(c), number.Signed(100*d.Mean, 2), number.Count(d.N, "paired seed"), number.Signed(100*d.Low, 2), number.Signed(100*d.High, 2),
			probability, verdict, number.Fixed(100*d.Detectable, 2)))
	}
	return list
}
