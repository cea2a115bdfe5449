package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// figure3 is λ_max over the epochs, of plain cross-entropy and of what a
// surrogate guides, with what the paper claims of its last epochs.
func (s *study) figure3() []Section {
	section := Section{ID: "figure-3", Heading: "Figure 3: λ_max over the epochs"}
	for i, co := range s.cohorts {
		only := &cohort{Dataset: co.Dataset, Data: co.Data, Arch: co.Arch}
		for _, g := range co.groups {
			if g.Method == "ce" && g.WeightDecay == 0 || strings.HasPrefix(g.Method, "srn") {
				only.groups = append(only.groups, g)
			}
		}
		for k, cond := range wholeMatrix(conditions(only.groups)) {
			tops := func(r *run) []artifact.Record {
				return slices.DeleteFunc(slices.Clone(r.tops), func(t artifact.Record) bool { return conditionOf(t) != cond })
			}
			f := only.figure(fmt.Sprintf("figure-3-%d-%d", i+1, k+1), "λ_max over the epochs, "+co.heading(s.cohorts), "λ_max of the mean loss", chart.Auto, number.Digits(3), source{tops, "lambda_max", 1})
			f.Caption = capital(cond.String()) + ". " + f.Caption
			section.Figures = append(section.Figures, drawn(f)...)
			if t := only.lateCurvature(cond, co.heading(s.cohorts)); len(t.Rows) > 0 {
				section.Tables = append(section.Tables, t)
			}
		}
	}
	return nonEmpty(section)
}

// wholeMatrix keeps the conditions that are of all parameters' Hessian of the
// loss.
func wholeMatrix(list []condition) []condition {
	return slices.DeleteFunc(list, func(c condition) bool {
		return c.Block != "" || c.Params != "" || c.Operator != "" || c.Objective != ""
	})
}

// lateWindow is the epochs over which the end of a run is summarised: the
// paper's last 50 of 200, and as large a part of a shorter run.
func lateWindow(epochs int) (from, to int) {
	n := paper.LastEpochs
	if epochs < paper.Epochs {
		n = max(1, int(math.Round(float64(epochs*paper.LastEpochs)/paper.Epochs)))
	}
	return epochs - n + 1, epochs
}

// late is what the end of one run's curve of λ_max is like.
type late struct {
	mean, variance, spikes float64
	inside, all            int // checkpoints
}

// lateOf summarises a run; ok is false where too few checkpoints tell.
func lateOf(r *run, cond condition) (l late, ok bool) {
	from, _ := lateWindow(r.Epochs)
	var window, curve []float64
	for _, t := range r.tops {
		v, ok := t.Float("lambda_max")
		if conditionOf(t) != cond || !ok {
			continue
		}
		curve = append(curve, v)
		if whole(t, "epoch") >= from {
			window = append(window, v)
		}
	}
	l.inside, l.all = len(window), len(curve)
	if l.inside == 0 {
		return l, false
	}
	l.mean, l.variance = window[0], math.NaN()
	if l.inside > 1 {
		l.mean, l.variance = stat.MeanVariance(window, nil)
	}
	l.spikes = float64(spikes(curve))
	return l, true
}

// spikes counts the peaks of a curve whose prominence is at least the curve's
// median: the height above the higher of the two lowest points between the
// peak and whatever is higher on either side.
func spikes(curve []float64) int {
	count := 0
	for i := 1; i+1 < len(curve); i++ {
		if !(curve[i] > curve[i-1] && curve[i] >= curve[i+1]) {
			continue
		}
		left, right := curve[i], curve[i]
		for k := i - 1; k >= 0 && curve[k] <= curve[i]; k-- {
			left = min(left, curve[k])
		}
		for k := i + 1; k < len(curve) && curve[k] <= curve[i]; k++ {
			right = min(right, curve[k])
		}
		if curve[i]-max(left, right) >= median(curve) {
			count++
		}
	}
	return count
}

// lateCurvature compares the ends of the runs.
func (c *cohort) lateCurvature(cond condition, where string) Table {
	t := Table{
		Caption: "λ_max at the end of training, " + where,
		Columns: []Column{{Head: "Method"}, {Head: "Epochs"}, {Head: "Mean", Number: true}, {Head: "Its change", Number: true}, {Head: "Variance", Number: true}, {Head: "Its change", Number: true},
			{Head: "Spikes of a run", Number: true}, {Head: "Checkpoints of a run: in these epochs, in all", Number: true}, {Head: "Seeds n", Number: true}},
		Notes: []string{"Over the paper’s last 50 of 200 epochs, or the last quarter of a shorter run; changes are from cross-entropy of as many epochs. Mean ± standard deviation over seeds of each run’s mean, variance and spikes. " +
			"A spike is a peak whose prominence is at least the run’s median λ_max; those between two checkpoints are not seen."},
	}
	type summary struct{ mean, variance, spikes Stat }
	of := func(g *group) (sum summary, inside, all int) {
		var means, variances, counts []float64
		for _, r := range g.whole() {
			l, ok := lateOf(r, cond)
			if !ok {
				continue
			}
			means, counts = append(means, l.mean), append(counts, l.spikes)
			if !math.IsNaN(l.variance) {
				variances = append(variances, l.variance)
			}
			inside, all = l.inside, l.all
		}
		return summary{summarise(means), summarise(variances), summarise(counts)}, inside, all
	}
	for _, g := range c.groups {
		sum, inside, all := of(g)
		if sum.mean.N == 0 {
			continue
		}
		from, to := lateWindow(g.Epochs)
		row := []string{g.Legend(c), fmt.Sprintf("%d–%d", from, to), plusMinusDigits(sum.mean, 3), "", plusMinusDigits(sum.variance, 3), "", plusMinus(sum.spikes, number.Decimals(1)), fmt.Sprintf("%d of %d", inside, all), fmt.Sprint(sum.mean.N)}
		if b := c.baseline(g); b != nil && g.Method != "ce" {
			if base, _, _ := of(b); base.mean.N > 0 {
				row[3] = change(sum.mean.Mean / base.mean.Mean)
				if base.variance.N > 0 && sum.variance.N > 0 && base.variance.Mean > 0 {
					row[5] = change(sum.variance.Mean / base.variance.Mean)
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
