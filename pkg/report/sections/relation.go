package sections

import (
	"fmt"

	"srn/pkg/compare"
	"srn/pkg/report/chart"
	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// relation sets accuracy against λ_max over all methods: whether flatter goes
// with better.
func relation(s *material) []Section {
	section := Section{ID: "accuracy-curvature", Heading: "Accuracy against λ_max"}
	for i, co := range s.Cohorts {
		for j, r := range related(co) {
			sc := &chart.Scatter{X: chart.Axis{Label: "λ_max at the last epoch", Text: number.Digits(3)}, Y: chart.Axis{Label: "Test top-1, %", Scale: chart.Linear, Text: number.Decimals(2)}}
			d := chart.Dots{Label: co.Name()}
			for _, g := range r.groups {
				x, y := g.Over(study.LambdaMax(r.cond)), g.Over(measures[paper.Top1])
				if x.N > 0 && y.N > 0 {
					d.Dots = append(d.Dots, chart.Dot{Label: g.Legend(&study.Cohort{Groups: []*study.Group{g}}), X: x.Mean, XSD: x.SD, Y: y.Mean, YSD: y.SD, N: min(x.N, y.N)})
				}
			}
			sc.Groups = []chart.Dots{d}
			caption := "Mean over seeds of each method; lines: ± one standard deviation. λ_max: " + r.cond.String() + "."
			if r.told {
				caption += fmt.Sprintf(" Rank correlation over the means of %d methods: Spearman’s %s (p = %s), Kendall’s τ %s (p = %s), by permutation of the methods, which are taken for independent of each other; runs that failed are left out.",
					r.N, number.Signed(r.Spearman.R, 2), conclude.PValue(r.Spearman.P), number.Signed(r.Kendall.R, 2), conclude.PValue(r.Kendall.P))
			}
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("relation-%d-%d", i+1, j+1), Title: fmt.Sprintf("%s, %d epochs", co.Name(), r.epochs), Chart: sc, Caption: caption})...)
		}
	}
	return nonEmpty(section)
}

// relative is the groups of a cohort with one number of epochs, and how their
// accuracy goes with λ_max.
type relative struct {
	epochs int
	groups []*study.Group
	cond   compare.Condition
	stats.Association
	told bool
}

// related is a cohort by numbers of epochs; empty where λ_max was not measured.
func related(c *study.Cohort) []relative {
	used := c.Curvature()
	if len(used) == 0 {
		return nil
	}
	var list []relative
	for _, epochs := range c.Lengths() {
		r := relative{epochs: epochs, groups: c.Of(func(g *study.Group) bool { return g.Epochs == epochs }).Groups, cond: used[0]}
		r.Association, r.told = conclude.Associate(r.groups, r.cond)
		list = append(list, r)
	}
	return list
}
