package report

import (
	"fmt"
	"strings"

	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// comparison is the table of a cohort: a row a group.
func (c *cohort) comparison() Table {
	used := conditions(c.groups)
	t := Table{
		Caption: "Test metrics of the last epoch, mean ± standard deviation over seeds",
		Columns: []Column{
			{Head: "Method"}, {Head: "Weight decay", Number: true}, {Head: "Epochs", Number: true}, {Head: "Seeds n", Number: true},
			{Head: "Top-1 %", Number: true}, {Head: "Difference to CE", Number: true},
			{Head: "Top-1 % in the paper (quoted)", Number: true, Quoted: true},
			{Head: "λ_max", Number: true}, {Head: "Guidance ratio", Number: true},
			{Head: "Loss", Number: true}, {Head: "ECE %", Number: true},
			{Head: "Seconds per epoch", Number: true}, {Head: "Top-5 %", Number: true},
		},
	}
	for _, g := range c.groups {
		lambda := ""
		if len(used) > 0 {
			lambda = plusMinusDigits(g.over(lambdaMax(used[0])), 3)
		}
		difference := ""
		if b := c.baseline(g); b != nil {
			if p := g.minus(b, top1); p.N > 0 {
				difference = number.Signed(100*p.Mean, 2)
			}
		}
		t.Rows = append(t.Rows, []string{
			g.Label(), number.Plain(g.WeightDecay), fmt.Sprint(g.Epochs), fmt.Sprint(len(g.whole())),
			plusMinus(g.over(top1), number.Percent), difference, g.quoted(),
			lambda, plusMinusDigits(g.over(guidanceRatio), 3),
			plusMinus(g.over(testLoss), number.Decimals(3)), plusMinus(g.over(ece), number.Percent),
			plusMinusDigits(g.over(secondsPerEpoch), 3), plusMinus(g.over(top5), number.Percent),
		})
	}
	t.DropEmpty(5)
	for _, g := range c.groups {
		if g.quoted() != "" {
			t.Notes = append(t.Notes, c.quoteNote())
			break
		}
	}
	if len(used) > 0 {
		t.Notes = append(t.Notes, "λ_max: largest eigenvalue of the Hessian of the mean loss at the last epoch; "+used[0].String()+".")
	}
	if c.guided() {
		t.Notes = append(t.Notes, "Guidance ratio: ‖λ∇r‖/‖∇task‖, the median over epochs.")
	}
	t.Notes = append(t.Notes, "Seconds per epoch: the median over a run’s epochs, of training alone.")
	return t
}

func (c *cohort) guided() bool {
	for _, g := range c.groups {
		for _, r := range g.runs {
			if _, ok := guidanceRatio(r); ok {
				return true
			}
		}
	}
	return false
}

// quoted are the paper's values of the same cell, by table.
func (g *group) quoted() string {
	var parts []string
	for _, v := range g.quotes() {
		parts = append(parts, fmt.Sprintf("%s (Table\u00a0%d)", strings.ReplaceAll(v.String(), " ", "\u00a0"), v.Table))
	}
	return strings.Join(parts, "; ")
}

func (c *cohort) quoteNote() string {
	s := "Quoted values are printed in the paper, not measured here; the paper has no accuracy of plain cross-entropy and does not state the weight decay of its rows"
	for _, g := range c.groups {
		if g.quoted() != "" && g.Epochs != paper.Epochs {
			return s + fmt.Sprintf("; it trains for %d epochs, so runs of other lengths are not the same experiment.", paper.Epochs)
		}
	}
	return s + "."
}

// differences is the table of paired comparisons with cross-entropy; it has no
// rows where nothing can be paired.
func (c *cohort) differences() Table {
	t := Table{
		Caption: "Differences to plain cross-entropy, paired by seed",
		Columns: []Column{
			{Head: "Method"}, {Head: "Against"}, {Head: "Metric"}, {Head: "Pairs n", Number: true}, {Head: "Mean difference", Number: true},
			{Head: "95% interval", Number: true}, {Head: "p", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Detectable", Number: true},
		},
		Notes: []string{testNote + " Holm: corrected for all tests of the same metric in this table."},
	}
	type compared struct {
		name  string
		m     metric
		text  func(float64) string
		tests *family
	}
	points := func(v float64) string { return number.Signed(100*v, 2) }
	list := []compared{{"top-1, pp", top1, points, &family{}}, {"loss", testLoss, func(v float64) string { return number.Signed(v, 4) }, &family{}}}
	if used := conditions(c.groups); len(used) > 0 {
		list = append(list, compared{"λ_max", lambdaMax(used[0]), func(v float64) string {
			s := number.Significant(v, 3)
			if v > 0 {
				s = "+" + s
			}
			return s
		}, &family{}})
	}
	for _, g := range c.groups {
		b := c.baseline(g)
		if b == nil {
			continue
		}
		for _, k := range list {
			p := g.minus(b, k.m)
			if p.N == 0 {
				continue
			}
			row := []string{g.Legend(c), b.Legend(c), k.name, fmt.Sprint(p.N), k.text(p.Mean), "", "", "", ""}
			if p.N > 1 {
				row[5] = k.text(p.Low) + " to " + k.text(p.High)
				row[6] = pValue(p.P)
				k.tests.add(len(t.Rows), p.P)
				row[8] = strings.TrimPrefix(k.text(p.Detectable), "+")
			}
			t.Rows = append(t.Rows, row)
		}
	}
	for _, k := range list {
		k.tests.each(func(row int, p float64) { t.Rows[row][7] = pValue(p) })
	}
	t.DropEmpty(5)
	return t
}

// curvature lists how λ_max was measured and how well, a row for each group
// and condition.
func (c *cohort) curvature() Table {
	t := Table{
		Caption: "How λ_max was measured",
		Columns: []Column{
			{Head: "Method"}, {Head: "Measured on"}, {Head: "Algorithm"}, {Head: "Checkpoints", Number: true},
			{Head: "λ_max, last epoch", Number: true}, {Head: "λ_max, largest of all epochs", Number: true},
			{Head: "Largest residual", Number: true}, {Head: "Converged"}, {Head: "HVPs", Number: true}, {Head: "Seconds each", Number: true},
		},
	}
	for _, cond := range conditions(c.groups) {
		for _, g := range c.groups {
			checkpoints, converged, hvps := 0, 0, 0.0
			peak, residual := 0.0, 0.0
			var seconds []float64
			algorithm := ""
			for _, r := range g.runs {
				for _, rec := range r.tops {
					if conditionOf(rec) != cond {
						continue
					}
					checkpoints++
					if ok, _ := rec["converged"].(bool); ok {
						converged++
					}
					v, _ := rec.Float("lambda_max")
					peak = max(peak, v)
					v, _ = rec.Float("residual")
					residual = max(residual, v)
					v, _ = rec.Float("hvps")
					hvps += v
					if v, ok := rec.Float("hessian_seconds"); ok {
						seconds = append(seconds, v)
					}
					algorithm = rec.Text("algorithm")
				}
			}
			if checkpoints == 0 {
				continue
			}
			row := []string{
				g.Legend(c), cond.String(), algorithm, fmt.Sprint(checkpoints), plusMinusDigits(g.over(lambdaMax(cond)), 3),
				number.Significant(peak, 3), number.Significant(residual, 2), fmt.Sprintf("%d of %d", converged, checkpoints), number.Fixed(hvps, 0), "",
			}
			if len(seconds) > 0 {
				row[9] = number.Significant(median(seconds), 3)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
