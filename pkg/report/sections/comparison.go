package sections

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// comparison is the table of a cohort: a row a group.
func comparison(c *study.Cohort) Table {
	used := study.Conditions(c.Groups)
	t := Table{
		Caption: "Test metrics of the last epoch, mean ± standard deviation over seeds",
		Columns: []Column{
			{Head: "Method"}, {Head: "Weight decay", Number: true}, {Head: "Epochs", Number: true}, {Head: "Seeds n", Number: true},
			{Head: "Top-1 %", Number: true}, {Head: "Failed"}, {Head: "Difference to CE", Number: true},
			{Head: "Top-1 % in the paper (quoted)", Number: true, Quoted: true},
			{Head: "λ_max", Number: true}, {Head: "Guidance ratio", Number: true},
			{Head: "Loss", Number: true}, {Head: "ECE %", Number: true},
			{Head: "Seconds per epoch", Number: true}, {Head: "Top-5 %", Number: true},
		},
	}
	var noted marks
	for _, g := range c.Groups {
		lambda := ""
		if len(used) > 0 {
			lambda = plusMinusDigits(g.Over(study.LambdaMax(used[0])), 3)
		}
		difference, failures := "", ""
		if g.Baseline != nil {
			if k := conclude.ToBaseline(c, g); k.N > 0 {
				difference = conclude.Points(k.Mean) + noted.of(seedsNote(k))
			}
		}
		if failed, ended := conclude.Failures(g); failed > 0 {
			failures = fmt.Sprintf("%d of %d", failed, ended)
		}
		t.Rows = append(t.Rows, []string{
			g.Label(), number.Plain(g.WeightDecay), fmt.Sprint(g.Epochs), fmt.Sprint(len(g.Complete())) + noted.of(strings.Join(g.Footnotes(), "; ")),
			plusMinus(g.Over(study.Top1), number.Percent), failures, difference, quoted(g),
			lambda, plusMinusDigits(g.Over(study.GuidanceRatio), 3),
			plusMinus(g.Over(study.Loss), number.Decimals(3)), plusMinus(g.Over(study.ECE), number.Percent),
			plusMinusDigits(g.Over(study.SecondsPerEpoch), 3), plusMinus(g.Over(study.Top5), number.Percent),
		})
	}
	t.DropEmpty(5)
	for _, g := range c.Groups {
		if quoted(g) != "" {
			t.Notes = append(t.Notes, quoteNote(c))
			break
		}
	}
	if has(t, "Failed") {
		t.Notes = append(t.Notes, "Failed: runs that diverged, or ended at chance; means are over complete runs, those at chance included.")
	}
	if has(t, "λ_max") {
		t.Notes = append(t.Notes, "λ_max: largest eigenvalue of the Hessian of the mean loss at the last epoch; "+used[0].String()+".")
	}
	if has(t, "Guidance") {
		t.Notes = append(t.Notes, "Guidance ratio: ‖λ∇r‖/‖∇task‖, the median over epochs.")
	}
	if has(t, "Seconds") {
		t.Notes = append(t.Notes, "Seconds per epoch: the median over a run’s epochs, of training alone.")
	}
	t.Notes = append(t.Notes, noted.notes()...)
	return t
}

// quotes are the paper's accuracies of the same data set, network, method and
// protocol.
func quotes(g *study.Group) []paper.Value {
	row := compare.Row(g.Fit)
	if row == "" {
		return nil
	}
	return paper.Quote(g.Dataset, g.Arch, row, compare.External(g.Fit))
}

// quoted are the paper's values of the same cell, by table.
func quoted(g *study.Group) string {
	var parts []string
	for _, v := range quotes(g) {
		parts = append(parts, fmt.Sprintf("%s (Table\u00a0%d)", strings.ReplaceAll(v.String(), " ", "\u00a0"), v.Table))
	}
	return strings.Join(parts, "; ")
}

// quoteNote says what quoted values are beside, in which protocol they differ
// from the runs' own.
func quoteNote(c *study.Cohort) string {
	s := "Quoted values are printed in the paper, not measured here; the paper has no accuracy of plain cross-entropy and does not state the weight decay of its rows"
	if d := dataDeviations(c.Groups[0]); len(d) > 0 {
		s += "; of the images of these runs: " + strings.Join(d, "; ")
	}
	for _, g := range c.Groups {
		if quoted(g) != "" && g.Epochs != paper.Epochs {
			return s + fmt.Sprintf("; it trains for %d epochs, so runs of other lengths are not the same experiment.", paper.Epochs)
		}
	}
	return s + "."
}

// differences is the table of paired comparisons with cross-entropy; it has no
// rows where nothing can be paired.
func differences(c *study.Cohort, baselines conclude.Family, effect float64) Table {
	t := pairedTable("Differences to plain cross-entropy, paired by seed", "Method", baselines, effect, func(k conclude.Comparison) string { return k.Of })
	if len(t.Rows) > 0 && slices.ContainsFunc(c.Groups, func(g *study.Group) bool { return conclude.IsControl(c, g) }) {
		t.Notes = append(t.Notes, "Controls of guided training are not judged here, but with what they are controls of.")
	}
	return t
}

// curvature lists how λ_max was measured and how well, a row for each group
// and condition.
func curvature(c *study.Cohort) Table {
	t := Table{
		Caption: "How λ_max was measured",
		Columns: []Column{
			{Head: "Method"}, {Head: "Measured on"}, {Head: "Algorithm"}, {Head: "Checkpoints", Number: true},
			{Head: "λ_max, last epoch", Number: true}, {Head: "λ_max, largest of all epochs", Number: true},
			{Head: "Largest residual", Number: true}, {Head: "Converged"}, {Head: "HVPs", Number: true}, {Head: "Seconds each", Number: true},
		},
	}
	for _, cond := range study.Conditions(c.Groups) {
		for _, g := range c.Groups {
			checkpoints, converged := 0, 0
			hvps, peak, residual := 0.0, 0.0, 0.0
			var seconds []float64
			algorithm := ""
			for _, r := range g.Runs {
				for _, top := range study.Under(r.Tops, cond) {
					checkpoints++
					if top.Converged {
						converged++
					}
					if top.LambdaMax > peak {
						peak = top.LambdaMax
					}
					if top.Residual > residual {
						residual = top.Residual
					}
					hvps += float64(top.HVPs)
					if top.HessianSeconds >= 0 { // not NaN
						seconds = append(seconds, top.HessianSeconds)
					}
					algorithm = top.Algorithm
				}
			}
			if checkpoints == 0 {
				continue
			}
			row := []string{
				g.Legend(c), cond.String(), algorithm, fmt.Sprint(checkpoints), plusMinusDigits(g.Over(study.LambdaMax(cond)), 3),
				number.Significant(peak, 3), number.Significant(residual, 2), fmt.Sprintf("%d of %d", converged, checkpoints), number.Fixed(hvps, 0), "",
			}
			if len(seconds) > 0 {
				row[9] = number.Significant(stats.Median(seconds), 3)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
