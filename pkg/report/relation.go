package report

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// relation sets accuracy against λ_max over all methods: whether flatter goes
// with better.
func (s *study) relation() []Section {
	section := Section{ID: "accuracy-curvature", Heading: "Accuracy against λ_max"}
	for i, co := range s.cohorts {
		used := wholeMatrix(conditions(co.groups))
		if len(used) == 0 {
			continue
		}
		for j, epochs := range co.lengths() {
			sc := &chart.Scatter{X: chart.Axis{Label: "λ_max at the last epoch", Text: number.Digits(3)}, Y: chart.Axis{Label: "Test top-1, %", Scale: chart.Linear, Text: number.Decimals(2)}}
			d := chart.Dots{Label: co.heading(s.cohorts)}
			var xs, ys, means, accuracies []float64
			for _, g := range co.groups {
				x, y := g.over(lambdaMax(used[0])), g.over(measures["top1"])
				if g.Epochs != epochs || x.N == 0 || y.N == 0 {
					continue
				}
				d.Dots = append(d.Dots, chart.Dot{Label: g.Legend(&cohort{groups: []*group{g}}), X: x.Mean, XSD: x.SD, Y: y.Mean, YSD: y.SD, N: min(x.N, y.N)})
				means, accuracies = append(means, x.Mean), append(accuracies, y.Mean)
				for _, r := range g.whole() {
					a, ok := lambdaMax(used[0])(r)
					b, ok2 := top1(r)
					if ok && ok2 {
						xs, ys = append(xs, a), append(ys, b)
					}
				}
			}
			sc.Groups = []chart.Dots{d}
			caption := "Mean over seeds of each method; lines: ± one standard deviation. λ_max: " + used[0].String() + "."
			if len(means) > 2 {
				caption += fmt.Sprintf(" Spearman’s rank correlation: %s over %d methods, %s over %d runs.", number.Fixed(spearman(means, accuracies), 2), len(means), number.Fixed(spearman(xs, ys), 2), len(xs))
			}
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("relation-%d-%d", i+1, j+1), Title: fmt.Sprintf("%s, %d epochs", co.heading(s.cohorts), epochs), Chart: sc, Caption: caption})...)
		}
	}
	return nonEmpty(section)
}

// spearman is the correlation of the ranks, ties sharing theirs.
func spearman(x, y []float64) float64 { return stat.Correlation(ranks(x), ranks(y), nil) }

func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	r := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last < len(sorted) && sorted[last] == v {
			last++
		}
		r[i] = float64(first+last-1) / 2
	}
	return r
}
