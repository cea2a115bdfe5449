package sections

import (
	"fmt"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/chart"
	"srn/pkg/report/conclude"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
)

// figure3 is λ_max over the epochs, of plain cross-entropy and of what a
// surrogate guides, with what the paper claims of its last epochs.
func figure3(s *study.Study) []Section {
	section := Section{ID: "figure-3", Heading: "Figure 3: λ_max over the epochs"}
	for i, co := range s.Cohorts {
		only := co.Of(func(g *study.Group) bool { return compare.Is(g.Fit, "ce") || strings.HasPrefix(g.Method, "srn") })
		for k, cond := range study.WholeMatrix(study.Conditions(only.Groups)) {
			f := figure(only, fmt.Sprintf("figure-3-%d-%d", i+1, k+1), "λ_max over the epochs, "+co.Name(), "λ_max of the mean loss", chart.Auto, number.Digits(3), func(r *load.Run, add func(int, float64)) {
				for _, t := range study.Under(r.Tops, cond) {
					add(load.EpochOf(t.Subject), t.LambdaMax)
				}
			})
			f.Caption = study.Capital(cond.String()) + ". " + f.Caption
			section.Figures = append(section.Figures, drawn(f)...)
			section.Tables = append(section.Tables, withRows(lateCurvature(only, cond))...)
		}
	}
	return nonEmpty(section)
}

// lateCurvature compares the ends of the runs.
func lateCurvature(c *study.Cohort, cond compare.Condition) Table {
	t := Table{
		Caption: "λ_max at the end of training, " + c.Name(),
		Columns: []Column{{Head: "Method"}, {Head: "Epochs"}, {Head: "Mean", Number: true}, {Head: "Its change", Number: true}, {Head: "Variance", Number: true}, {Head: "Its change", Number: true},
			{Head: "Spikes of a run", Number: true}, {Head: "Checkpoints of a run: in these epochs, in all", Number: true}, {Head: "Seeds n", Number: true}},
		Notes: []string{"Over the paper’s last 50 of 200 epochs, or the last quarter of a shorter run; changes are from cross-entropy of as many epochs. Mean ± standard deviation over seeds of each run’s mean, variance and spikes. " +
			"A spike is a peak whose prominence is at least the run’s median λ_max; those between two checkpoints are not seen."},
	}
	for _, g := range c.Groups {
		l := conclude.LateOf(g, cond)
		if l.Mean.N == 0 {
			continue
		}
		from, to := conclude.LateWindow(g.Epochs)
		row := []string{g.Legend(c), fmt.Sprintf("%d–%d", from, to), plusMinusDigits(l.Mean, 3), "", plusMinusDigits(l.Variance, 3), "", plusMinus(l.Spikes, number.Decimals(1)), fmt.Sprintf("%d of %d", l.Inside, l.All), fmt.Sprint(l.Mean.N)}
		if g.Baseline != nil {
			if base := conclude.LateOf(g.Baseline, cond); base.Mean.N > 0 {
				row[3] = change(l.Mean.Mean / base.Mean.Mean)
				if base.Variance.N > 0 && l.Variance.N > 0 && base.Variance.Mean > 0 {
					row[5] = change(l.Variance.Mean / base.Variance.Mean)
				}
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Quoted: the paper claims %s%% of the mean and %s%% of the variance over its last %d epochs, and about %d spikes of cross-entropy against %d of SRN.",
		number.Signed(paper.CurvatureMeanChange, 0), number.Signed(paper.CurvatureVarianceChange, 0), paper.LastEpochs, paper.SpikesCE, paper.SpikesSRN))
	t.Notes = append(t.Notes, paperNotes(paper.FigureNotes[3])...)
	return t
}

// change is a ratio in percent more or less, or as a factor where it is large.
func change(ratio float64) string {
	if ratio >= 10 {
		return "× " + number.Significant(ratio, 3)
	}
	return number.Signed(100*(ratio-1), 0) + "%"
}
