package sections

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// guidanceSections show what the surrogate's gradient points at, and what its
// value follows.
func guidanceSections(s *material) []Section {
	section := Section{ID: "guidance", Heading: "What the surrogate’s gradient points at"}
	guidances := func(r *load.Run) []*record.Guidance { return r.Guidances }
	for i, co := range s.Cohorts {
		for k, cond := range study.ConditionsOf(co.Groups, guidances) {
			for _, q := range []struct {
				id, title, label string
				of               func(*record.Guidance) float64
			}{
				{"abs-cos-v-max", "Along the sharpest direction", "|cos(∇r, v_max)|", func(g *record.Guidance) float64 { return g.AbsCosVMax }},
				{"cos-grad", "Along the loss’s gradient", "cos(∇r, ∇L)", func(g *record.Guidance) float64 { return g.CosGrad }},
				{"cos-theta", "Along the weights", "cos(∇r, θ)", func(g *record.Guidance) float64 { return g.CosTheta }},
				{"rayleigh-over-lambda-max", "Curvature along ∇r", "Rayleigh quotient of ∇r / λ_max", func(g *record.Guidance) float64 { return g.RayleighOverLambdaMax }},
				{"r", "The surrogate’s value", "r(Θ; φ)", func(g *record.Guidance) float64 { return g.R }},
			} {
				f := figure(co, fmt.Sprintf("guidance-%d-%d-%s", i+1, k+1, q.id), q.title+", "+co.Name(), q.label, chart.Linear, number.Digits(3), func(r *load.Run, add func(int, float64)) {
					for _, g := range study.Under(r.Guidances, cond) {
						add(load.EpochOf(g.Subject), q.of(g))
					}
				})
				l := f.Chart.(*chart.Lines)
				if random, ok := randomCosine(co, cond); ok && q.id == "abs-cos-v-max" && len(l.Series) > 0 {
					l.Marks = []chart.Mark{{At: random, Label: "a random direction’s"}}
				}
				f.Caption = study.Capital(cond.String()) + ". " + f.Caption
				section.Figures = append(section.Figures, drawn(f)...)
			}
		}
	}
	section.Tables = withRows(explained(s.Study))
	return nonEmpty(section)
}

// randomCosine is the |cos| of random directions at the first checkpoint.
func randomCosine(c *study.Cohort, cond compare.Condition) (float64, bool) {
	for _, g := range c.Groups {
		for _, r := range g.Drawn() {
			for _, rec := range study.Under(r.Guidances, cond) {
				if !math.IsNaN(rec.AbsCosRandom) {
					return rec.AbsCosRandom, true
				}
			}
		}
	}
	return 0, false
}

// explained lists how much of r's variation along a series of checkpoints
// other quantities explain.
func explained(s *study.Study) Table {
	t := Table{
		Caption: "How much of r’s variation along a series of checkpoints other quantities explain, R²",
		Columns: []Column{{Head: "Checkpoints of"}, {Head: "Number", Number: true}, {Head: "Validation loss", Number: true}, {Head: "s_meta", Number: true}, {Head: "λ_max", Number: true},
			{Head: "‖θ‖", Number: true}, {Head: "Epoch", Number: true}, {Head: "‖θ‖ and epoch, adjusted", Number: true}, {Head: "And the signals, adjusted", Number: true}},
		Notes: []string{"‖θ‖ and the epoch move with everything else in a run: only what the signals (validation loss and inverse margin) add to these two is more than size and time. Empty: too few checkpoints, or nothing varies."},
	}
	for _, src := range s.Sources {
		series := load.Of[record.GuidanceSeries](src)
		if len(series) == 0 {
			continue
		}
		var names []string
		for _, g := range load.Of[record.Guidance](src) {
			if g.Training == nil {
				continue
			}
			name := fmt.Sprintf("%s, seed %d", compare.Label(record.Fit{Network: g.Network, Training: *g.Training}), g.Seed)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		for _, rec := range series {
			row := []string{strings.Join(names, "; "), fmt.Sprint(rec.Checkpoints)}
			for _, v := range []float64{rec.R2ValLoss, rec.R2SMeta, rec.R2LambdaMax, rec.R2ThetaNorm, rec.R2Epoch, rec.R2BaselinesAdjusted, rec.R2BaselinesAndSignalsAdjusted} {
				text := ""
				if !math.IsNaN(v) {
					text = number.Fixed(v, 3)
				}
				row = append(row, text)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// stabilitySections set the learning rate beside what curvature allows.
func stabilitySections(s *material) []Section {
	section := Section{ID: "stability", Heading: "Edge of stability"}
	stabilities := func(r *load.Run) []*record.Stability { return r.Stabilities }
	for i, co := range s.Cohorts {
		for k, cond := range study.ConditionsOf(co.Groups, stabilities) {
			for _, q := range []struct {
				id, title, label string
				scale            chart.Scale
				mark             *chart.Mark
				of               func(*record.Stability) float64
			}{
				{"lr-over-bound", "Learning rate over 2/λ_max", "Learning rate · λ_max / 2", chart.Auto, &chart.Mark{At: 1, Label: "edge of stability of gradient descent"},
					func(s *record.Stability) float64 { return study.Number(s.LROverBound) }},
				{"lr-over-bound-momentum", "The same with momentum", "Learning rate · λ_max / 2(1 + μ)", chart.Auto, &chart.Mark{At: 1, Label: "edge of stability with momentum μ"},
					func(s *record.Stability) float64 { return study.Number(s.LROverBoundMomentum) }},
				{"lambda-max-scaled", "Sharpness without the scale of weights", "Largest eigenvalue of D·H·D, D = ‖θ_l‖ of each layer", chart.Auto, nil,
					func(s *record.Stability) float64 { return s.LambdaMaxScaled }},
			} {
				f := figure(co, fmt.Sprintf("stability-%d-%d-%s", i+1, k+1, q.id), q.title+", "+co.Name(), q.label, q.scale, number.Digits(3), func(r *load.Run, add func(int, float64)) {
					for _, rec := range study.Under(r.Stabilities, cond) {
						add(load.EpochOf(rec.Subject), q.of(rec))
					}
				})
				if l := f.Chart.(*chart.Lines); q.mark != nil && len(l.Series) > 0 {
					l.Marks = []chart.Mark{*q.mark}
				}
				f.Caption = study.Capital(cond.String()) + ". " + f.Caption
				section.Figures = append(section.Figures, drawn(f)...)
			}
		}
	}
	if len(section.Figures) > 0 {
		section.Detail = "The bound is of full-batch gradient descent on a quadratic; a run on mini-batches need not reach it. The last epochs of a cosine schedule have a learning rate near 0"
	}
	return nonEmpty(section)
}
