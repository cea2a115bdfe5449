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
	"srn/pkg/stats"
)

// figure3 is λ_max over the epochs, of plain cross-entropy and of what a
// surrogate guides, with what the paper claims of its last epochs.
func figure3(s *material) []Section {
	section := Section{ID: "figure-3", Heading: "Figure 3: λ_max over the epochs"}
	for i, co := range s.Cohorts {
		only := figure3Groups(co)
		for k, cond := range figure3Conditions(co) {
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

// figure3Groups are those that the figure is of.
func figure3Groups(c *study.Cohort) *study.Cohort {
	return c.Of(func(g *study.Group) bool { return compare.Is(g.Fit, "ce") || strings.HasPrefix(g.Method, "srn") })
}

func figure3Conditions(c *study.Cohort) []compare.Condition {
	return figure3Groups(c).Curvature()
}

// lateCurvature compares the ends of the runs.
func lateCurvature(c *study.Cohort, cond compare.Condition) Table {
	t := Table{
		Caption: "λ_max at the end of training, " + c.Name(),
		Columns: []Column{{Head: "Method"}, {Head: "Epochs"}, {Head: "Seeds n", Number: true}, {Head: "Mean", Number: true},
			{Head: "Pairs n", Number: true, Group: versusCE}, {Head: "Mean, ratio", Number: true, Group: versusCE}, {Head: "Variance, ratio", Number: true, Group: versusCE},
			{Head: "Spikes of a run", Number: true, Group: versusCE}, {Head: "of cross-entropy", Number: true, Group: versusCE}, {Head: "Checkpoints in common: in these epochs, in all", Group: versusCE}},
	}
	var noted marks
	for _, l := range conclude.LateOf(c, cond) {
		from, to := conclude.LateWindow(l.Group.Epochs)
		row := []string{l.Group.Legend(c), fmt.Sprintf("%d–%d", from, to), fmt.Sprint(l.Mean.N), plusMinusDigits(l.Mean, 3), "", "", "", "", "", ""}
		if l.Ratio.N > 0 {
			row[4], row[5], row[9] = fmt.Sprint(len(l.Seeds)), ratio(l.Ratio), fmt.Sprintf("%d of %d", l.Checkpoints[0], l.Checkpoints[1])
			if len(l.Seeds) != l.Mean.N {
				row[4] += noted.of("of seed " + study.Seeds(l.Seeds) + " alone, which both have")
			}
		}
		if l.Variance.N > 0 {
			row[6] = ratio(l.Variance)
		}
		if l.SpikesMore.N > 0 {
			row[7], row[8] = plusMinus(l.Spikes[0], number.Decimals(1)), plusMinus(l.Spikes[1], number.Decimals(1))
		}
		t.Rows = append(t.Rows, row)
	}
	t.DropEmpty(4)
	if len(t.Rows) == 0 {
		return t
	}
	t.Notes = []string{"Mean: of λ_max over the paper’s last 50 of 200 epochs, or the last quarter of a shorter run; over seeds ± standard deviation. Runs that failed are left out."}
	if has(t, "ratio") {
		t.Notes = append(t.Notes, "Against cross-entropy: geometric mean over pairs of one seed, by the checkpoints that both runs have, with a 95% interval (Student’s t on logarithms, each by itself; no verdict: λ_max is a secondary metric).")
	}
	if has(t, "Spikes") {
		t.Notes = append(t.Notes, fmt.Sprintf("A spike is a peak whose prominence is at least the median of the run’s curve, by the checkpoints in common; those between two checkpoints are not seen, and fewer than %d in these epochs tell neither spikes nor a variance.", conclude.LeastCheckpoints))
	}
	t.Notes = append(t.Notes, noted.notes()...)
	t.Notes = append(t.Notes, fmt.Sprintf("Quoted: the paper claims %s%% of the mean and %s%% of the variance over its last %d epochs, and about %d spikes of cross-entropy against %d of SRN.",
		number.Signed(paper.CurvatureMeanChange, 0), number.Signed(paper.CurvatureVarianceChange, 0), paper.LastEpochs, paper.SpikesCE, paper.SpikesSRN))
	t.Notes = append(t.Notes, paperNotes(paper.FigureNotes[3])...)
	return t
}

const versusCE = "Against cross-entropy"

// ratio is a ratio with its interval.
func ratio(d stats.Difference) string {
	return secondary(d, func(v float64) string {
		if v >= 10 || v < 0.1 {
			return number.Significant(v, 3)
		}
		return number.Fixed(v, 2)
	})
}
