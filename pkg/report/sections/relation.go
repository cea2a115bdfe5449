package sections

import (
	"fmt"

	"srn/pkg/report/chart"
	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
)

// relation sets accuracy against λ_max over all methods: whether flatter goes
// with better.
func relation(s *study.Study) []Section {
	section := Section{ID: "accuracy-curvature", Heading: "Accuracy against λ_max"}
	for i, co := range s.Cohorts {
		used := study.WholeMatrix(study.Conditions(co.Groups))
		if len(used) == 0 {
			continue
		}
		for j, epochs := range co.Lengths() {
			sc := &chart.Scatter{X: chart.Axis{Label: "λ_max at the last epoch", Text: number.Digits(3)}, Y: chart.Axis{Label: "Test top-1, %", Scale: chart.Linear, Text: number.Decimals(2)}}
			d := chart.Dots{Label: co.Name()}
			var xs, ys, means, accuracies []float64
			for _, g := range co.Groups {
				x, y := g.Over(study.LambdaMax(used[0])), g.Over(measures[paper.Top1])
				if g.Epochs != epochs || x.N == 0 || y.N == 0 {
					continue
				}
				d.Dots = append(d.Dots, chart.Dot{Label: g.Legend(&study.Cohort{Groups: []*study.Group{g}}), X: x.Mean, XSD: x.SD, Y: y.Mean, YSD: y.SD, N: min(x.N, y.N)})
				means, accuracies = append(means, x.Mean), append(accuracies, y.Mean)
				for _, r := range g.Complete() {
					a, ok := study.LambdaMax(used[0])(r)
					b, ok2 := study.Top1(r)
					if ok && ok2 {
						xs, ys = append(xs, a), append(ys, b)
					}
				}
			}
			sc.Groups = []chart.Dots{d}
			caption := "Mean over seeds of each method; lines: ± one standard deviation. λ_max: " + used[0].String() + "."
			if len(means) > 2 {
				caption += fmt.Sprintf(" Spearman’s rank correlation: %s over %d methods, %s over %d runs.", number.Fixed(conclude.Spearman(means, accuracies), 2), len(means), number.Fixed(conclude.Spearman(xs, ys), 2), len(xs))
			}
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("relation-%d-%d", i+1, j+1), Title: fmt.Sprintf("%s, %d epochs", co.Name(), epochs), Chart: sc, Caption: caption})...)
		}
	}
	return nonEmpty(section)
}
